#include "purge_choice.hpp"

#include <set>
#include <utility>

#include "skald/error.hpp"
#include "sqlite/error.hpp"

namespace skald {
namespace {

/// Rows of one transaction, about: families are not divided.
constexpr std::uint64_t rows_per_saga = 16;

class Chooser {
 public:
  Chooser(StoreReader& store, const PurgeSlice& slice) : store_(store), slice_(slice) {}

  PurgeChoice choose(const std::vector<SagaSummary>& oldest) {
    const std::uint64_t rows_max = rows_per_saga * slice_.sagas_max;
    bool all = oldest.size() < slice_.sagas_max;
    for (const SagaSummary& saga : oldest) {
      if (choice_.rows >= rows_max) {
        all = false;
        break;
      }
      choice_.last = saga.id;
      if (is_old(saga)) take_family(saga);
    }
    if (all) choice_.last = {};
    return std::move(choice_);
  }

 private:
  [[nodiscard]] bool is_old(const SagaSummary& saga) const {
    return is_end(saga.status) && saga.ended_at && *saga.ended_at < slice_.ended_before;
  }
  /// Whoever looks at one of the two wants to look at the other.
  [[nodiscard]] bool is_needed(const std::optional<SagaId>& linked) {
    if (!linked) return false;
    const auto other = store_.summary(*linked);
    return other && !is_old(*other);
  }

  void take_family(const SagaSummary& saga) {
    family_.clear();
    family_rows_ = 0;
    try {
      if (!add_all(saga)) return;
    } catch (const sqlite::DiskFailure&) {
      throw;
    } catch (const StoreError& error) {
      // Who belongs to a family is in its journals. Where one of them cannot be read, the family
      // stays, and the others are purged.
      const bool damaged =
          error.kind() == StoreError::Kind::corrupt || error.kind() == StoreError::Kind::newer;
      if (!damaged) throw;
      return;
    }
    for (const SagaId& id : family_) taken_.insert(id);
    choice_.sagas.insert(choice_.sagas.end(), family_.begin(), family_.end());
    choice_.rows += family_rows_;
  }

  /// Adds the saga and all below it; false when one of them must stay. Without recursion, and each
  /// once: other hands may have written a family that is its own descendant.
  bool add_all(const SagaSummary& root) {
    std::vector<SagaSummary> open{root};
    std::set<SagaId> seen{root.id};
    while (!open.empty()) {
      const SagaSummary saga = std::move(open.back());
      open.pop_back();
      std::vector<SagaId> children;
      if (taken_.count(saga.id) != 0 || !add(saga, saga.id == root.id, children)) return false;
      for (const SagaId& id : children) {
        if (!seen.insert(id).second) continue;
        if (auto child = store_.summary(id)) open.push_back(*std::move(child));
      }
    }
    return true;
  }

  bool add(const SagaSummary& saga, bool is_root, std::vector<SagaId>& children) {
    if (!is_old(saga) || is_needed(saga.replay_of) || is_needed(saga.replayed_by)) return false;
    const std::vector<JournalRow> rows = store_.journal(saga.id);
    if (is_root && has_parent(rows)) return false;
    family_.push_back(saga.id);
    family_rows_ += rows.size();
    children = children_in(rows);
    return true;
  }

  /// Goes with its parent, as long as that is there.
  [[nodiscard]] bool has_parent(const std::vector<JournalRow>& rows) {
    if (rows.empty() || rows.front().events.empty()) return false;
    const auto* started = std::get_if<SagaStarted>(&rows.front().events.front());
    return started && started->parent && store_.summary(started->parent->saga);
  }

  StoreReader& store_;
  const PurgeSlice& slice_;
  PurgeChoice choice_;
  std::vector<SagaId> family_;
  std::uint64_t family_rows_ = 0;
  std::set<SagaId> taken_;
};

}  // namespace

PurgeChoice choose_for_purge(StoreReader& store, const PurgeSlice& slice,
                             const std::vector<SagaSummary>& oldest) {
  return Chooser(store, slice).choose(oldest);
}

SagaId first_too_young(const PurgeSlice& slice) { return SagaId::make(slice.ended_before, 0, 0); }

}  // namespace skald

#include "purge_choice.hpp"

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
    if (!add(saga, true)) return;
    choice_.sagas.insert(choice_.sagas.end(), family_.begin(), family_.end());
    choice_.rows += family_rows_;
  }

  /// Adds the saga and all below it; false when one of them must stay.
  bool add(const SagaSummary& saga, bool is_root) {
    if (!is_old(saga) || is_needed(saga.replay_of) || is_needed(saga.replayed_by)) return false;
    const std::vector<JournalRow> rows = store_.journal(saga.id);
    if (is_root && has_parent(rows)) return false;
    family_.push_back(saga.id);
    family_rows_ += rows.size();
    for (const SagaId& id : children_in(rows)) {
      const auto child = store_.summary(id);
      if (child && !add(*child, false)) return false;
    }
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
};

}  // namespace

PurgeChoice choose_for_purge(StoreReader& store, const PurgeSlice& slice,
                             const std::vector<SagaSummary>& oldest) {
  return Chooser(store, slice).choose(oldest);
}

SagaId first_too_young(const PurgeSlice& slice) { return SagaId::make(slice.ended_before, 0, 0); }

}  // namespace skald

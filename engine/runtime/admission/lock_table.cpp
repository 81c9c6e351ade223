#include "admission/lock_table.hpp"

#include <algorithm>
#include <unordered_set>

namespace skald {
namespace {

// Entries of lines that one search looks at. A longer one holds up everybody else; a circle that it
// misses stands until somebody ends one of its sagas.
constexpr std::size_t entries_looked_at_max = 10'000;

}  // namespace

/// Goes from families to those that they wait for.
class LockTable::Search {
 public:
  explicit Search(const LockTable& table) : table_(table) {}

  /// Adds the families that `root` waits for in this line; `first` is the one at which the way to
  /// them began, absent for its beginning.
  void look(const std::string& name, const SagaId& root, const std::optional<SagaId>& first) {
    const auto found = table_.lines_.find(name);
    if (found == table_.lines_.end()) return;
    const Line& line = found->second;
    // It stands, or would stand, behind the last of its family.
    const auto last = std::find_if(line.rbegin(), line.rend(),
                                   [&](const Entry& entry) { return entry.root == root; });
    const auto end = last == line.rend() ? line.end() : std::prev(last.base());
    std::size_t& looked_at = looked_at_[name];
    for (auto entry = line.begin() + static_cast<std::ptrdiff_t>(looked_at); entry < end; ++entry) {
      if (++entries_ > entries_looked_at_max) return;
      ++looked_at;
      if (entry->root == root || !known_.insert(entry->root).second) continue;
      to_visit_.push_back({entry->root, first.value_or(entry->root)});
    }
  }

  /// The first family on a way that leads back to `root`.
  std::optional<SagaId> way_back_to(const SagaId& root) {
    while (!to_visit_.empty()) {
      const auto [family, first] = to_visit_.front();
      to_visit_.pop_front();
      if (family == root) return first;
      for (const std::string& name : table_.of_root_.at(family)) look(name, family, first);
    }
    return std::nullopt;
  }

 private:
  struct Step {
    SagaId family;
    SagaId first;
  };
  const LockTable& table_;
  std::unordered_map<std::string, std::size_t> looked_at_;  // From the front of each line.
  std::unordered_set<SagaId> known_;
  std::deque<Step> to_visit_;
  std::size_t entries_ = 0;
};

std::optional<SagaId> LockTable::circle(const SagaId& root,
                                        const std::vector<std::string>& locks) const {
  if (!knows(root)) return std::nullopt;  // Nobody can wait for it.
  Search search(*this);
  for (const std::string& name : locks) search.look(name, root, std::nullopt);
  return search.way_back_to(root);
}

void LockTable::enter(const SagaId& saga, const SagaId& root,
                      const std::vector<std::string>& locks) {
  for (const std::string& name : locks) {
    Line& line = lines_[name];
    const bool known = std::any_of(line.begin(), line.end(),
                                   [&](const Entry& entry) { return entry.saga == saga; });
    if (known) continue;
    // A child stands where its family stands.
    const auto family = std::find_if(line.rbegin(), line.rend(),
                                     [&](const Entry& entry) { return entry.root == root; });
    line.insert(family == line.rend() ? line.end() : family.base(), {saga, root});
    of_root_[root].push_back(name);
  }
}

Admission::LockState LockTable::state(const Saga& saga) const {
  for (const std::string& name : saga.locks) {
    const auto line = lines_.find(name);
    if (line == lines_.end() || line->second.front().root == saga.root) continue;
    SagaId behind;
    for (const Entry& entry : line->second) {
      if (entry.saga == saga.id) break;
      behind = entry.saga;
    }
    return {false, name, behind};
  }
  return {};
}

std::vector<SagaId> LockTable::leave(const SagaId& root) {
  std::vector<SagaId> next;
  const auto found = of_root_.find(root);
  if (found == of_root_.end()) return next;
  for (const std::string& name : found->second) {
    const auto line = lines_.find(name);
    if (line == lines_.end()) continue;  // The family named it twice.
    std::erase_if(line->second, [&](const Entry& entry) { return entry.root == root; });
    if (line->second.empty()) {
      lines_.erase(line);
      continue;
    }
    // The whole family at the front: each of its sagas waits for itself.
    const SagaId family = line->second.front().root;
    for (const Entry& entry : line->second) {
      if (entry.root != family) break;
      next.push_back(entry.saga);
    }
  }
  of_root_.erase(found);
  return next;
}

void LockTable::forget(const SagaId& saga) {
  for (auto line = lines_.begin(); line != lines_.end();) {
    std::erase_if(line->second, [&](const Entry& entry) { return entry.saga == saga; });
    line = line->second.empty() ? lines_.erase(line) : std::next(line);
  }
}

}  // namespace skald

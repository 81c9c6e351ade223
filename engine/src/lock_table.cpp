#include "lock_table.hpp"

#include <algorithm>

namespace skald {

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

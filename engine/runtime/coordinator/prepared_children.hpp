// The children that a decision may start, prepared: what was read of an input to allow its start is
// not read again for the start itself.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "saga/payload_trees.hpp"
#include "skald/definition.hpp"
#include "skald/ids.hpp"

namespace skald {

struct PreparedChild {
  DefinitionPtr definition;        ///< With its `for_each` expanded for the child's input.
  std::vector<std::string> locks;  ///< As lock_names().
  PayloadTrees trees;              ///< Of the child's payloads.
};

/// By parent and step. One thread.
class PreparedChildren {
 public:
  void keep(const SagaId& parent, const std::string& step, PreparedChild child) {
    children_.insert_or_assign({parent, step}, std::move(child));
  }
  /// Nothing when none was prepared for this step.
  [[nodiscard]] std::optional<PreparedChild> take(const SagaId& parent, const std::string& step) {
    const auto found = children_.find({parent, step});
    if (found == children_.end()) return std::nullopt;
    PreparedChild child = std::move(found->second);
    children_.erase(found);
    return child;
  }
  /// Forgets those whose decisions were taken back.
  void clear() { children_.clear(); }

 private:
  std::map<std::pair<SagaId, std::string>, PreparedChild> children_;
};

}  // namespace skald

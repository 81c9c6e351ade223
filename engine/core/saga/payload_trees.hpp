// The payloads of one saga as trees: each text is parsed at most once while its tree is kept.
#pragma once

#include <cstddef>
#include <memory>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "skald/saga.hpp"

namespace skald {

/// Always asked about the same saga. Whoever changes a step's output says so by forget_output().
/// What it answers stays where it is until then. One thread.
class PayloadTrees {
 public:
  [[nodiscard]] const Json& input(const Saga& saga) { return input(saga.input); }
  /// The saga's input, before there is a saga.
  [[nodiscard]] const Json& input(const JsonText& text) { return tree_of(input_, text); }
  /// Null when the step has no output.
  [[nodiscard]] const Json* output(const Saga& saga, StepIndex step);

  void forget_output(StepIndex step) { outputs_.erase(step); }
  /// Forgets all trees of texts that are shorter than this.
  void forget_below(std::size_t text_bytes);
  [[nodiscard]] bool empty() const { return !input_.value && outputs_.empty(); }
  /// Of the texts whose trees are kept.
  [[nodiscard]] std::size_t text_bytes() const;

 private:
  struct Tree {
    std::unique_ptr<const Json> value;
    std::size_t text_bytes = 0;
  };
  [[nodiscard]] static const Json& tree_of(Tree& tree, const JsonText& text);
  Tree input_;
  std::unordered_map<StepIndex, Tree> outputs_;
};

}  // namespace skald

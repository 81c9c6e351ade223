#include "saga/payload_trees.hpp"

namespace skald {

const Json& PayloadTrees::tree_of(Tree& tree, const JsonText& text) {
  if (!tree.value) tree = {std::make_unique<const Json>(text.value()), text.text().size()};
  return *tree.value;
}

const Json* PayloadTrees::output(const Saga& saga, StepIndex step) {
  const auto& output = saga.steps[step].output;
  return output ? &tree_of(outputs_[step], *output) : nullptr;
}

void PayloadTrees::forget_below(std::size_t text_bytes) {
  if (input_.text_bytes < text_bytes) input_ = {};
  std::erase_if(outputs_, [&](const auto& entry) { return entry.second.text_bytes < text_bytes; });
}

std::size_t PayloadTrees::text_bytes() const {
  std::size_t total = input_.text_bytes;
  for (const auto& [step, tree] : outputs_) total += tree.text_bytes;
  return total;
}

}  // namespace skald

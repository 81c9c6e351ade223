#include "saga/stand_in.hpp"

#include <fmt/format.h>

#include "definition/shape.hpp"

namespace skald {

DefinitionPtr stand_in_definition(const Saga& saga) {
  auto definition = std::make_shared<Definition>();
  definition->type = saga.type;
  definition->version = saga.definition_version;
  for (std::size_t i = 0; i < saga.steps.size(); ++i) {
    Step step;
    step.name = fmt::format("step-{}", i + 1);
    if (i > 0) step.after = {static_cast<StepIndex>(i - 1)};
    definition->steps.push_back(std::move(step));
  }
  definition->shape_ = shape_of(definition->steps);
  return definition;
}

}  // namespace skald

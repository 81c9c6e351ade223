// Every phase of a saga against every input, in one table.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "skald/decide.hpp"

namespace skald::spec {

/// One cell of the table.
struct Transition {
  const char* phase;
  const Definition& definition;
  const Saga& before;
  Time reached;  ///< When the saga came into its phase.
  const Input& input;
  Time now;
  const Saga& after;
};

/// The definitions that the table's sagas follow.
[[nodiscard]] std::vector<DefinitionPtr> table_definitions();

/// Goes through the whole table, for others that want to be held against it.
void each_transition(const std::function<void(const Transition&)>& visit);

/// The table as text: a section per phase, a line per input.
[[nodiscard]] std::string transition_table();

}  // namespace skald::spec

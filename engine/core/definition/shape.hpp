// The order of a definition's steps: what must be done before what.
#pragma once

#include <string>
#include <vector>

#include "json/strict_reader.hpp"
#include "skald/definition.hpp"

namespace skald {

/// Reads every step's `after`. A step without it follows the one listed before it. Refuses unknown
/// names and cycles.
void read_order(const std::vector<Place>& places, std::vector<Step>& steps);

/// By step: everything that is done before it starts, directly or not. The order has no cycle.
[[nodiscard]] std::vector<StepSet> ancestors(const std::vector<Step>& steps);

/// Refuses kinds out of order: compensatable steps, then at most one pivot, then retriable steps,
/// along every path and beside each other. `where` is the place of the steps.
void check_kinds(const std::vector<Step>& steps, const std::vector<StepSet>& before,
                 const Place& where);

[[nodiscard]] Shape shape_of(const std::vector<Step>& steps);

/// True when the step's `after` is what it would be if the definition said nothing.
[[nodiscard]] bool follows_the_list(const Step& step, StepIndex index);

}  // namespace skald

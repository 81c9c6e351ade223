// Steps and definitions from a seed: sequences and graphs of commands, waits and lists.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "random.hpp"
#include "skald/json.hpp"

namespace skald::simulation {

/// As definitions write a duration.
[[nodiscard]] std::string ms(std::uint64_t value);
/// A command's step, called by its number: `a`, `b`, … It may use the output of one in `before`.
[[nodiscard]] Json draw_step(Random& random, std::size_t number, const std::string& kind,
                             const Json& before);
[[nodiscard]] Json draw_definition(Random& random, const std::string& type);

}  // namespace skald::simulation

// Whether a saga can go through with the input it starts with, as far as that is known at its
// start.
//
// A value that is missing is better told to whoever starts the saga than to whoever is called at
// night, when half of it is done.
#pragma once

#include <optional>
#include <string>

#include "saga/payload_trees.hpp"
#include "skald/definition.hpp"
#include "skald/inputs.hpp"

namespace skald {

/// What is wrong with the input or the key of this start, as a sentence; nothing when all is well.
/// Refuses an input that does not match the definition's schema, a template that points to nothing
/// in input, key or element and has no default, and a sleep that is neither a duration nor a time.
/// A step whose `when` does not hold or cannot be told yet, one that may be left out when it fails,
/// and one that is carried over are not looked at. `definition` has its `for_each` expanded.
/// `trees` are of the new saga's payloads, and may be kept for it.
[[nodiscard]] std::optional<std::string> problem_of_start(const Definition& definition,
                                                          const StartRequested& request,
                                                          PayloadTrees& trees);

}  // namespace skald

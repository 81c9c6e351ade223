// What a step does instead of sending a command: sleep, wait for a signal, run a child saga, or
// become one step for each element of a list.
#pragma once

#include "json/strict_reader.hpp"
#include "skald/definition.hpp"

namespace skald {

/// Reads which of these the step at `place` does; Call when none. `for_each` is left without its
/// inner step, which read_steps() fills in.
[[nodiscard]] Work read_work(const Place& place);

/// The keys that say it: the part of a step's normal form that its work contributes. Null for Call
/// and ForEach.
[[nodiscard]] Json work_json(const Work& work);

}  // namespace skald

// What happens to each command, planned ahead: a pure function of the seed, so that a run can be
// told again and a process that comes back from the dead goes on with the same plan.
#pragma once

#include <cstdint>
#include <string_view>

#include "skald/ids.hpp"

namespace skald::faults {

enum class Fate : std::uint8_t {
  smooth,
  rejected,        ///< Refused for good; a compensation only in its first round.
  failed_twice,    ///< Attempts 1 and 2 answer `failed`.
  failed_always,   ///< Every attempt of the first round answers `failed`.
  answer_lost,     ///< Attempt 1 takes effect and answers `unknown`.
  unknown_first,   ///< Attempt 1 has no effect and answers `unknown`.
  unknown_always,  ///< No attempt has an effect, every one answers `unknown`.
  slow,            ///< Attempt 1 takes effect and answers after its timeout.
};

/// A hash that is the same on every machine and in every process.
[[nodiscard]] std::uint64_t stable_hash(std::uint64_t seed, std::uint64_t number,
                                        std::string_view text);

/// The fate of one step of saga `number` in one direction. A resolve is always smooth.
[[nodiscard]] Fate fate_of(std::uint64_t seed, std::uint64_t number, std::string_view step,
                           Direction direction);

}  // namespace skald::faults

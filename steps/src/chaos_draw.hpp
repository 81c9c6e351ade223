// What befalls which attempt: a hash of the seed, the attempt and the kind of accident.
#pragma once

#include <cstdint>
#include <string>

#include "skald/ids.hpp"

namespace skald::chaos {

/// Each is drawn by itself; `which_half` decides whether the command or its reply is lost.
enum class Draw : std::uint64_t {
  fail = 1,
  lose,
  which_half,
  unknown,
  repeat_command,
  repeat_reply,
  slow,
  how_slow
};

/// From 0 to below 1; the same for the same arguments, on every machine.
[[nodiscard]] inline double draw(std::uint64_t seed, const SagaId& saga, std::uint64_t attempt,
                                 Draw what) {
  std::uint64_t hash = 0xcbf29ce484222325U ^ seed;
  const std::string id = saga.to_string();
  for (const char c : id) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  hash ^= attempt * 0x9e3779b97f4a7c15U + static_cast<std::uint64_t>(what);
  hash = (hash ^ (hash >> 30U)) * 0xbf58476d1ce4e5b9U;
  hash = (hash ^ (hash >> 27U)) * 0x94d049bb133111ebU;
  hash ^= hash >> 31U;
  constexpr double steps = 9007199254740992.0;  // 2^53
  return static_cast<double>(hash >> 11U) / steps;
}

/// Whether something that has this rate happens to the attempt.
[[nodiscard]] inline bool befalls(double rate, std::uint64_t seed, const SagaId& saga,
                                  std::uint64_t attempt, Draw what) {
  return rate > 0 && draw(seed, saga, attempt, what) < rate;
}

}  // namespace skald::chaos

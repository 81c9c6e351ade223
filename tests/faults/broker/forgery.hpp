// Replies that should not be: what is wrong with each, and what the engine must make of it.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "skald/wire.hpp"

namespace skald::faults {

/// A reply to an attempt that was really issued, and what its engine and queue are called.
struct Original {
  CommandId command;
  std::string engine;
  std::string reply_queue;
};

/// The reply as its participant would have sent it.
[[nodiscard]] WireMessage honest_reply(const Original& original, const Outcome& outcome);

struct Forgery {
  const char* kind;
  const char* reason;  ///< By which it must be kept in quarantine.
  WireMessage (*make)(const Original& original, std::mt19937_64& random);
};
[[nodiscard]] const std::vector<Forgery>& forgeries();

}  // namespace skald::faults

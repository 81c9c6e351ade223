#include "accidents.hpp"

#include <array>

namespace skald::testing {
namespace {

constexpr std::array<const char*, accident_count> accident_names{"crash before commit",
                                                                 "crash after commit",
                                                                 "crash while sending",
                                                                 "crash before receipt",
                                                                 "crash in recovery",
                                                                 "clean stop",
                                                                 "takeover",
                                                                 "store full",
                                                                 "lose command",
                                                                 "repeat command",
                                                                 "delay command",
                                                                 "lose at crash",
                                                                 "lose reply",
                                                                 "repeat reply",
                                                                 "delay reply",
                                                                 "lose reply at crash",
                                                                 "redeliver reply",
                                                                 "forge reply",
                                                                 "no room",
                                                                 "engine busy",
                                                                 "commit aside",
                                                                 "clock forward",
                                                                 "clock back",
                                                                 "rejected",
                                                                 "failed",
                                                                 "unknown",
                                                                 "silence",
                                                                 "pending",
                                                                 "contradiction",
                                                                 "momentary owner",
                                                                 "handler kills"};

}  // namespace

const char* to_string(Accident accident) {
  return accident_names[static_cast<std::size_t>(accident)];
}

std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3U;
  }
  return hash;
}

}  // namespace skald::testing

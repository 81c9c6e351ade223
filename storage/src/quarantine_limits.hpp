// How much the quarantine may hold, and what becomes of a message beyond that.
//
// Whoever can send to an engine's reply queue can fill its quarantine. The oldest messages stay,
// since they show how it began; later ones lose their body first, and are only counted in the end.
#pragma once

#include <cstdint>
#include <string>

#include "skald/store.hpp"

namespace skald {

inline constexpr std::uint64_t quarantine_messages_max = 10'000;
/// Of bodies, headers and texts together.
inline constexpr std::uint64_t quarantine_bytes_max = 64UL * 1024 * 1024;

/// Reason of the one message that counts those which were not kept.
inline constexpr const char* quarantine_full = "QUARANTINE_FULL";

/// What the quarantine holds, the counting message left out.
struct QuarantineTotals {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::uint64_t not_kept = 0;
};

[[nodiscard]] std::uint64_t bytes_of(const QuarantinedMessage& message);

enum class Keep {
  whole,
  without_body,
  counted,  ///< Nothing of it is kept but that it came.
};
[[nodiscard]] Keep keep(const QuarantineTotals& totals, const QuarantinedMessage& message);

/// The message as it is kept when there is no room for its body: its detail says so.
[[nodiscard]] QuarantinedMessage without_body(QuarantinedMessage message);
/// The message that counts the others; `last` is the one that was not kept last.
[[nodiscard]] QuarantinedMessage counting_message(std::uint64_t not_kept,
                                                  const QuarantinedMessage& last);
/// How many a counting message counts; 0 when it says nothing that can be read.
[[nodiscard]] std::uint64_t count_in(const std::string& headers);

}  // namespace skald

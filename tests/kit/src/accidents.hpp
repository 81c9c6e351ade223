// What may go wrong in a schedule, and who decides whether it does.
//
// Each possible accident is named by a label that does not depend on what else happened, so leaving
// one out moves no other: that is what makes a failing schedule small, step by step.
#pragma once

#include <cstdint>
#include <string_view>

#include "skald/ids.hpp"

namespace skald::testing {

enum class Accident : std::uint8_t {
  crash_before_commit,
  crash_after_commit,
  crash_while_sending,
  crash_before_receipt,
  crash_in_recovery,
  clean_stop,
  takeover,  ///< Another owner opens the store while this one lives.
  store_full,
  lose_command,
  repeat_command,
  delay_command,
  lose_at_crash,  ///< A command that was on its way when the engine died.
  lose_reply,
  repeat_reply,
  delay_reply,
  lose_reply_at_crash,  ///< One that was not receipted, as a channel without a broker does.
  redeliver_reply,      ///< After a crash, although it was receipted.
  forge_reply,
  no_room,
  engine_busy,   ///< Arrivals queue up into one batch.
  commit_aside,  ///< The next turn is decided while a batch is being committed.
  clock_forward,
  clock_back,
  rejected,
  failed,
  unknown,
  silence,
  pending,
  contradiction,
  momentary_owner,  ///< Who finds no engine becomes the owner for one request.
  handler_kills,    ///< Where commands are carried out in the engine's process: one ends it.
};
inline constexpr std::size_t accident_count = 31;
[[nodiscard]] const char* to_string(Accident accident);

/// Names one occasion.
using Label = std::uint64_t;

/// Mixes two numbers into one; the same on every machine.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t z = a + 0x9e3779b97f4a7c15U + (b ^ (b >> 31U)) * 0xd6e8feb86659fd93U;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}
template <typename... More>
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b, More... more) {
  return mix(mix(a, b), more...);
}
[[nodiscard]] std::uint64_t hash_of(std::string_view text);

class Accidents {
 public:
  virtual ~Accidents() = default;
  /// Whether this accident happens on this occasion. Asked once per occasion.
  [[nodiscard]] virtual bool happens(Accident accident, Label occasion) = 0;
  /// Something between 0 and `limit` - 1 that is no accident: how long, which one.
  [[nodiscard]] virtual std::uint64_t pick(Label occasion, std::uint64_t limit) = 0;
  /// None happens any more.
  virtual void heal() = 0;
};

/// The engine dies here. Caught by the world only, so it derives from nothing.
struct CrashHere {};

}  // namespace skald::testing

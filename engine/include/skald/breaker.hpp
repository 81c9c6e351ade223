// The circuit breaker of a participant, as pure arithmetic: no clock, no random source.
//
// Closed, it lets everything through and counts failures. Too many open it, for a delay in which
// nothing is let through. After that it is half open: a few probes go out, and they say whether it
// closes or opens again, then for longer if the policy says so.
#pragma once

#include <cstdint>
#include <optional>

#include "skald/rolling_window.hpp"
#include "skald/time.hpp"

namespace skald {

enum class BreakerPhase : std::uint8_t { closed, open, half_open };
/// `closed`, `open`, `half-open`.
[[nodiscard]] const char* to_string(BreakerPhase phase);

/// What the end of an attempt says about its participant.
enum class LifeSign : std::uint8_t {
  alive,   ///< Answered `success` or `rejected`.
  failed,  ///< Answered `failed` or `unknown`, or not at all.
  none,    ///< It says nothing: the attempt was withdrawn, or an operator decided.
};

struct BreakerState {
  BreakerPhase phase = BreakerPhase::closed;
  /// Grows with every change of phase. A command takes it along; its end counts only while it is
  /// still the same, so what was sent before an outage is no probe.
  std::uint64_t generation = 1;
  std::uint32_t failures_in_row = 0;
  RollingWindow calls;         ///< a: all, b: failed.
  Time opened_at{};            ///< While open.
  Duration open_for{0};        ///< While open.
  std::uint32_t openings = 0;  ///< Since it was closed last.
  std::uint32_t probes_in_flight = 0;
  std::uint32_t probes_alive = 0;
  /// Until then it stays as an operator has set it, whatever ends how; absent: nobody has.
  std::optional<Time> set_until;
  friend bool operator==(const BreakerState&, const BreakerState&) = default;
};

struct BreakerPolicy {
  std::uint32_t failures = 5;    ///< Opens after so many in a row; 0: not for that.
  double failure_rate = 0;       ///< Opens at this share of failed calls, up to 1; 0: not for that.
  Duration window{60'000};       ///< In which the rate is counted.
  std::uint32_t min_calls = 20;  ///< Fewer calls in the window say nothing.
  Duration delay{10'000};        ///< How long it stays open the first time.
  std::optional<Duration> max_delay{};  ///< What the delay grows to; absent: it does not grow.
  double multiplier = 2;                ///< By which it grows whenever a probe fails; at least 1.
  std::uint32_t probes = 1;             ///< At most so many at a time while half open.
  std::uint32_t successes = 1;          ///< So many living probes close it.
  friend bool operator==(const BreakerPolicy&, const BreakerPolicy&) = default;

  /// What time alone has changed: a delay that is over makes an open breaker half open. A clock
  /// that went back begins the delay anew, so that it never holds for longer than that.
  [[nodiscard]] BreakerState at(BreakerState state, Time now) const;
  [[nodiscard]] bool admits(const BreakerState& state, Time now) const;
  /// When it admits again by itself; nothing when that hangs on a probe's answer.
  [[nodiscard]] std::optional<Time> next(const BreakerState& state, Time now) const;
  /// As an operator sets it: closed or open until a time, and then as if it had just come there.
  /// Without a time, closed is only where it goes on from, and open lasts as long as the policy
  /// says.
  [[nodiscard]] BreakerState set(BreakerState state, BreakerPhase phase, std::optional<Time> until,
                                 Time now) const;
  /// A command that it admitted was issued.
  [[nodiscard]] BreakerState issued(BreakerState state, Time now) const;
  /// A command of this generation has ended. An open breaker stays open for at least
  /// `retry_after`, which is obeyed even beyond `max_delay`.
  [[nodiscard]] BreakerState ended(BreakerState state, std::uint64_t generation, LifeSign sign,
                                   std::optional<Duration> retry_after, Time now) const;
};

}  // namespace skald

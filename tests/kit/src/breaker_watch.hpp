// A participant's circuit breaker as docs/policies.md describes it, put together anew from the
// journal: what the engine's own breaker is held against.
#pragma once

#include <cstdint>
#include <optional>

#include "skald/breaker.hpp"

namespace skald::testing {

class BreakerWatch {
 public:
  explicit BreakerWatch(const BreakerPolicy& policy) : policy_(policy) {}

  /// Whether a command may go out now; it does in any case, and is counted as a probe if it is one.
  [[nodiscard]] bool issue(Time at);
  /// A command that was issued in this phase has ended.
  void end(std::uint64_t phase_number, LifeSign sign, std::optional<Duration> retry_after, Time at);
  /// What is not stored is as it was when something was stored last: calls that went well.
  void stored() { stored_calls_ = calls_; }
  /// An engine was opened. Probes that were under way are forgotten.
  void reopened(Time at);

  [[nodiscard]] BreakerPhase phase() const { return phase_; }
  /// Grows with every change. A command counts while it is still the one in which it was issued.
  [[nodiscard]] std::uint64_t phase_number() const { return number_; }
  /// That of a command which was under way when the engine was opened.
  [[nodiscard]] std::uint64_t number_of_found() const {
    return phase_ == BreakerPhase::closed ? number_ : 0;
  }
  [[nodiscard]] Time open_until() const { return opened_at_ + open_for_; }

 private:
  void roll(Time at);
  void enter(BreakerPhase phase);
  void open(std::optional<Duration> retry_after, Time at);
  void count(bool failed, std::optional<Duration> retry_after, Time at);

  BreakerPolicy policy_;
  BreakerPhase phase_ = BreakerPhase::closed;
  std::uint64_t number_ = 1;
  std::uint32_t in_row_ = 0;
  RollingWindow calls_;
  RollingWindow stored_calls_;
  Time opened_at_{};
  Duration open_for_{0};
  std::uint32_t openings_ = 0;  // Since it was closed last.
  std::uint32_t probes_ = 0;
  std::uint32_t living_ = 0;
};

}  // namespace skald::testing

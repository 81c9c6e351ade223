// What may be issued now: the channel's room, the participant's policies, and the lines of those
// who came before, composed behind the question that decide() asks.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admission/lock_table.hpp"
#include "admission/policy_book.hpp"
#include "admission/turn_meter.hpp"
#include "admission/waiting_lines.hpp"
#include "skald/channel.hpp"
#include "skald/decide.hpp"

namespace skald {

[[nodiscard]] CommandClass class_of(Direction direction, bool retry);

/// One decision at a time: begin(), then decide() asks, then refused() says what was refused.
class PolicyAdmission final : public Admission {
 public:
  struct Refused {
    std::string participant;
    CommandClass command = CommandClass::first_try;
  };

  /// Answers why no child saga may be started for a step.
  using ChildCheck = std::function<std::optional<ChildRefusal>(const Step&, const JsonText& input)>;

  PolicyAdmission(const Channel& channel, const PolicyBook& book, const WaitingLines& lines,
                  const LockTable& locks, ChildCheck child_check, TurnMeter& meter,
                  const BytesInFlight& in_flight, Mode mode)
      : channel_(channel),
        book_(book),
        lines_(lines),
        locks_(locks),
        child_check_(std::move(child_check)),
        meter_(meter),
        in_flight_(in_flight),
        mode_(mode) {}

  void begin(const SagaId& saga, std::uint8_t priority, Time now);
  [[nodiscard]] bool admits(const std::string& participant, Direction direction,
                            bool retry) const override;
  [[nodiscard]] std::optional<ChildRefusal> refuses_child(const Step& step,
                                                          const JsonText& input) const override {
    return child_check_(step, input);
  }
  [[nodiscard]] bool goes_on() const override {
    const bool on = meter_.goes_on();
    deferred_ = deferred_ || !on;
    return on;
  }
  /// Whether the decision under way left something for the next turn.
  [[nodiscard]] bool deferred() const { return deferred_; }
  [[nodiscard]] LockState lock_state(const Saga& saga) const override;
  [[nodiscard]] const std::vector<Refused>& refused() const { return refused_; }

  /// Whether the first in this line would be let through now.
  [[nodiscard]] bool passes(const std::string& participant, CommandClass command, Time now) const;

 private:
  [[nodiscard]] bool has_room(const std::string& participant) const {
    return in_flight_.has_room() && channel_.has_room(participant);
  }
  [[nodiscard]] bool is_next(const std::string& participant, CommandClass command) const;
  [[nodiscard]] bool held_by_policy(const std::string& participant, CommandClass command) const;

  const Channel& channel_;
  const PolicyBook& book_;
  const WaitingLines& lines_;
  const LockTable& locks_;
  ChildCheck child_check_;
  TurnMeter& meter_;
  const BytesInFlight& in_flight_;
  Mode mode_;
  SagaId saga_;
  std::uint8_t priority_ = 0;
  Time now_{};
  // Of the decision under way: a question takes the place that its answer promises, so that one
  // decision never gets more than there is.
  mutable bool deferred_ = false;
  mutable std::vector<Refused> refused_;
  mutable std::vector<std::pair<std::string_view, CommandClass>> promised_;
};

}  // namespace skald

#include "participants.hpp"

#include <variant>

namespace skald::simulation {

using testing::Accident;
using testing::Desk;
using testing::Label;
using testing::mix;

namespace {

constexpr Duration lease{400};
constexpr std::uint64_t work_max_ms = 380;  // Done before the lease is over.
constexpr std::uint64_t retry_after_max_ms = 300;

Outcome success_of(const Command& command) {
  Outcome outcome = Outcome::success();
  outcome.output = JsonText::trusted(R"({"from":")" + command.id.step + R"("})");
  return outcome;
}

}  // namespace

void SimulatedParticipants::carry_out(const Command& command, Desk& desk) {
  const Label label = desk.label(command);
  const barrier::Verdict verdict = memory_.judge(command, desk.now());
  if (const auto* known = std::get_if<barrier::Answer>(&verdict)) {
    const bool repeats =
        known->outcome.kind == OutcomeKind::success && command.id.direction != Direction::resolve;
    if (habit_ == Habit::forgetful && repeats) desk.took_effect(command);
    desk.reply(command, known->outcome);
  } else if (const auto* concluded = std::get_if<barrier::Conclude>(&verdict)) {
    memory_.conclude(command);
    desk.reply(command, concluded->outcome);
  } else {
    run(command, desk, label);
  }
}

void SimulatedParticipants::succeed(const Command& command, Desk& desk) {
  memory_.remember(command, success_of(command));
  desk.took_effect(command);
  if (habit_ == Habit::hasty && command.id.attempt > 1) desk.took_effect(command);
}

void SimulatedParticipants::answer(const Command& command, Desk& desk, const Outcome& outcome) {
  memory_.remember(command, outcome);
  desk.reply(command, outcome);
}

void SimulatedParticipants::run(const Command& command, Desk& desk, Label label) {
  if (accidents_.happens(Accident::rejected, label)) {
    answer(command, desk, Outcome::rejected("REFUSED"));
    if (accidents_.happens(Accident::contradiction, label)) {
      desk.lies_about(command);
      desk.reply(command, Outcome::success());
    }
    return;
  }
  if (accidents_.happens(Accident::failed, label)) {
    std::optional<Duration> retry_after;
    if (label % 3 == 0) retry_after = Duration{accidents_.pick(label, retry_after_max_ms)};
    answer(command, desk, Outcome::failed("BUSY", {}, retry_after));
    return;
  }
  const bool acts = label % 2 == 0;  // Whether it does what it then cannot tell.
  if (accidents_.happens(Accident::unknown, label)) {
    if (acts) succeed(command, desk);
    desk.reply(command, Outcome::unknown("GATEWAY"));
    return;
  }
  if (accidents_.happens(Accident::silence, label)) {
    if (acts) succeed(command, desk);
    return;
  }
  if (accidents_.happens(Accident::pending, label)) {
    run_long(command, desk, label);
    return;
  }
  succeed(command, desk);
  desk.reply(command, success_of(command));
}

// Claims the key, says `pending`, and answers when it is done.
void SimulatedParticipants::run_long(const Command& command, Desk& desk, Label label) {
  memory_.claim(command, desk.now() + lease);
  desk.reply(command, Outcome::pending(lease));
  desk.after(Duration{accidents_.pick(mix(label, 1), work_max_ms)}, [this, command, &desk] {
    succeed(command, desk);
    desk.reply(command, success_of(command));
  });
}

}  // namespace skald::simulation

#include "participants.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace skald::simulation {

using barrier::Record;
using barrier::RecordState;
using testing::Accident;
using testing::Desk;
using testing::Label;
using testing::mix;

namespace {

constexpr Duration lease{400};
constexpr std::uint64_t work_max_ms = 380;  // Done before the lease is over.
constexpr std::uint64_t retry_after_max_ms = 300;

JsonText output_of(const Command& command) {
  return JsonText::trusted(R"({"from":")" + command.id.step + R"("})");
}

}  // namespace

std::optional<Record>& SimulatedParticipants::slot(const Command& command) {
  Memory& memory = memories_[{command.id.saga, command.attempt.step}];
  return command.id.direction == Direction::compensate ? memory.compensation : memory.action;
}

void SimulatedParticipants::carry_out(const Command& command, Desk& desk) {
  Memory& memory = memories_[{command.id.saga, command.attempt.step}];
  const Label label = desk.label(command);
  const barrier::Request request{command.id.direction, command.round, false};
  const barrier::Verdict verdict =
      barrier::judge(request, slot(command), memory.action, desk.now());
  if (const auto* answer = std::get_if<barrier::Answer>(&verdict)) {
    const bool repeats =
        answer->outcome.kind == OutcomeKind::success && command.id.direction != Direction::resolve;
    if (habit_ == Habit::forgetful && repeats) desk.took_effect(command);
    desk.reply(command, answer->outcome);
    return;
  }
  if (const auto* concluded = std::get_if<barrier::Conclude>(&verdict)) {
    conclude(command);
    desk.reply(command, concluded->outcome);
    return;
  }
  run(command, desk, label);
}

// Without effect: the action is barred, and a compensation has succeeded.
void SimulatedParticipants::conclude(const Command& command) {
  Memory& memory = memories_[{command.id.saga, command.attempt.step}];
  memory.action = Record{};
  memory.action->state = RecordState::barred;
  if (command.id.direction != Direction::compensate) return;
  memory.compensation = Record{};
  memory.compensation->state = RecordState::success;
}

void SimulatedParticipants::succeed(const Command& command, Desk& desk) {
  Record record;
  record.state = RecordState::success;
  record.output = output_of(command);
  slot(command) = std::move(record);
  desk.took_effect(command);
  if (habit_ == Habit::hasty && command.id.attempt > 1) desk.took_effect(command);
}

void SimulatedParticipants::run(const Command& command, Desk& desk, Label label) {
  Memory& memory = memories_[{command.id.saga, command.attempt.step}];
  std::uint32_t& failed = memory.failed_attempt;
  const bool action = command.id.direction == Direction::action;
  // A second delivery of an attempt that was answered `failed` must not act any more: the engine
  // has counted on its having had no effect.
  if (action && command.id.attempt <= failed) {
    desk.reply(command, Outcome::failed("BUSY"));
    return;
  }
  if (accidents_.happens(Accident::rejected, label)) {
    Record record;
    record.state = RecordState::rejected;
    record.round = command.round;
    record.error = {"REFUSED", "", {}};
    slot(command) = std::move(record);
    desk.reply(command, Outcome::rejected("REFUSED"));
    if (accidents_.happens(Accident::contradiction, label)) {
      desk.lies_about(command);
      desk.reply(command, Outcome::success());
    }
    return;
  }
  if (accidents_.happens(Accident::failed, label)) {
    if (action) failed = command.id.attempt;
    std::optional<Duration> retry_after;
    if (label % 3 == 0) retry_after = Duration{accidents_.pick(label, retry_after_max_ms)};
    desk.reply(command, Outcome::failed("BUSY", {}, retry_after));
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
  Outcome done = Outcome::success();
  done.output = output_of(command);
  desk.reply(command, std::move(done));
}

// Claims the key, says `pending`, and answers when it is done.
void SimulatedParticipants::run_long(const Command& command, Desk& desk, Label label) {
  Record record;
  record.round = command.round;
  record.lease_until = desk.now() + lease;
  slot(command) = std::move(record);
  desk.reply(command, Outcome::pending(lease));
  desk.after(Duration{accidents_.pick(mix(label, 1), work_max_ms)}, [this, command, &desk] {
    succeed(command, desk);
    Outcome done = Outcome::success();
    done.output = output_of(command);
    desk.reply(command, std::move(done));
  });
}

}  // namespace skald::simulation

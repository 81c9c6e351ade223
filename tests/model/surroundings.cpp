#include "surroundings.hpp"

#include <algorithm>
#include <stdexcept>

#include "undo_order.hpp"

namespace skald::model {

using testing::Invariant;

namespace {

using barrier::Record;
using barrier::RecordState;

// How a message is packed: what was said lowest, then these.
constexpr int round_at = 3;
constexpr int attempt_at = 6;
constexpr int direction_at = 11;
constexpr int step_at = 13;
constexpr int attempts_most = (1 << (direction_at - attempt_at)) - 1;
constexpr int rounds_most = (1 << (attempt_at - round_at)) - 1;

Part::Memory remembered(RecordState state, const Message& command) {
  return {static_cast<std::uint8_t>(static_cast<int>(state) + 1), command.round, command.attempt};
}

std::optional<Record> record_of(const Part::Memory& memory) {
  if (memory.state == 0) return std::nullopt;
  Record record;
  record.state = static_cast<RecordState>(memory.state - 1);
  record.round = memory.round;
  record.attempt = memory.attempt;
  return record;
}

}  // namespace

void Messages::add(Message m, std::uint8_t said) {
  const bool fits = size_ < messages_most && m.attempt <= attempts_most && m.round <= rounds_most &&
                    m.step < steps_most;
  if (!fits) throw std::runtime_error("a state of the model has more in it than it can hold");
  const auto item = static_cast<std::uint16_t>(
      (m.step << step_at) | (static_cast<int>(m.direction) << direction_at) |
      (m.attempt << attempt_at) | (m.round << round_at) | said);
  const auto end = items_.begin() + size_;
  const auto at = std::upper_bound(items_.begin(), end, item);
  std::copy_backward(at, end, end + 1);
  *at = item;
  ++size_;
}

void Messages::remove(std::size_t at) {
  std::copy(items_.begin() + static_cast<std::ptrdiff_t>(at) + 1, items_.begin() + size_,
            items_.begin() + static_cast<std::ptrdiff_t>(at));
  items_[--size_] = 0;
}

Message Messages::message(std::size_t at) const {
  const std::uint16_t item = items_[at];
  return {static_cast<std::uint8_t>(item >> step_at),
          static_cast<Direction>((item >> direction_at) & 3),
          static_cast<std::uint8_t>((item >> attempt_at) & attempts_most),
          static_cast<std::uint8_t>((item >> round_at) & rounds_most)};
}

bool Messages::has(const AttemptRef& attempt) const {
  for (std::size_t i = 0; i < size_; ++i) {
    const Message m = message(i);
    if (m.step == attempt.step && m.direction == attempt.direction &&
        m.attempt == attempt.attempt) {
      return true;
    }
  }
  return false;
}

Desk::Verdict Desk::judge(const Part& part, const Message& command) {
  const bool undoing = command.direction == Direction::compensate;
  const Part::Memory& own = undoing ? part.undo : part.action;
  std::uint64_t key = static_cast<std::uint64_t>(command.direction);
  for (const int value :
       {int{command.round}, int{command.attempt}, int{own.state}, int{own.round}, int{own.attempt},
        int{part.action.state}, int{part.action.round}, int{part.action.attempt}}) {
    key = key << 6 | static_cast<std::uint64_t>(value);
  }
  const auto [found, fresh] = verdicts_.try_emplace(key);
  Verdict& verdict = found->second;
  if (!fresh) return verdict;
  const auto ruling = barrier::judge({command.direction, command.round, command.attempt, false},
                                     record_of(own), record_of(part.action), Time{});
  if (const auto* answer = std::get_if<barrier::Answer>(&ruling)) {
    verdict = {Ruling::answer, static_cast<Said>(answer->outcome.kind)};
  } else if (const auto* concluded = std::get_if<barrier::Conclude>(&ruling)) {
    verdict = {Ruling::conclude, static_cast<Said>(concluded->outcome.kind)};
  }
  return verdict;
}

bool Desk::is_open(const State& state, const Message& command) {
  return judge(state.parts[command.step], command).ruling == Ruling::proceed;
}

bool Desk::remembers(const State& state, const Message& command) {
  return judge(state.parts[command.step], command).ruling == Ruling::answer;
}

void Desk::deliver(State& state, const Message& command, Said said, bool acts) {
  Part& part = state.parts[command.step];
  const Verdict verdict = judge(part, command);
  const bool undoing = command.direction == Direction::compensate;
  if (verdict.ruling != Ruling::proceed) said = verdict.said;
  if (verdict.ruling == Ruling::conclude) {
    part.action = remembered(RecordState::barred, {});
    if (undoing) part.undo = remembered(RecordState::success, {});
  }
  if (verdict.ruling == Ruling::proceed && command.direction != Direction::resolve) {
    Part::Memory& own = undoing ? part.undo : part.action;
    if (acts) {
      own = remembered(RecordState::success, command);
      take_effect(state, command);
    } else if (said == Said::rejected || said == Said::failed) {
      const bool for_good = said == Said::rejected;
      own = remembered(for_good ? RecordState::rejected : RecordState::failed, command);
    }
  }
  if (said != Said::unknown) state.replies.add(command, static_cast<std::uint8_t>(said));
}

void Desk::take_effect(State& state, const Message& command) {
  Part& part = state.parts[command.step];
  const bool action = command.direction == Direction::action;
  std::uint8_t& times = action ? part.done : part.undone;
  expect(Invariant::I6, ++times == 1, state, command.step, "took effect twice");
  expect(Invariant::I7, !action || part.undone == 0, state, command.step,
         "took effect after it was undone");
  check_order(state, command);
}

// By what the participants did, at the moment when they do it.
void Desk::check_order(const State& state, const Message& command) {
  const Saga& saga = sagas_.at(state.saga).saga;
  const StepIndex step = command.step;
  if (command.direction == Direction::action) {
    for (const StepIndex before : subject_.definition->steps[step].after) {
      const bool counts = saga.steps[before].status == StepStatus::succeeded &&
                          subject_.definition->steps[before].as<Call>() &&
                          !is_exempt(state, before);
      expect(Invariant::I8, !counts || state.parts[before].done == 1, state, step,
             "took effect before its predecessor");
    }
    return;
  }
  for (const StepIndex planned :
       testing::undone_before(*subject_.definition, saga.undo_plan, step)) {
    const Part& part = state.parts[planned];
    const bool exempt = is_exempt(state, planned) || saga.steps[planned].undo_forced;
    expect(Invariant::I5, exempt || part.done == part.undone, state, step,
           "was undone before a later step");
  }
}

bool Desk::is_exempt(const State& state, StepIndex step) const {
  return sagas_.at(state.saga).history.forced.contains(step);
}

void Desk::check_completed(const State& state, StepIndex step) {
  const StepState& s = sagas_.at(state.saga).saga.steps[step];
  const Part& part = state.parts[step];
  const bool calls = subject_.definition->steps[step].as<Call>() != nullptr;
  const bool left_out = s.status == StepStatus::skipped;
  const bool right = !calls ? part.done == 0 : left_out ? part.done <= 1 : part.done == 1;
  expect(Invariant::I4, right || is_exempt(state, step), state, step,
         "did not take effect exactly once, and the saga is completed");
  expect(Invariant::I4, part.undone == 0 && s.of(Direction::compensate).made == 0, state, step,
         "was undone, and the saga is completed");
}

void Desk::check_compensated(const State& state, StepIndex step) {
  const StepState& s = sagas_.at(state.saga).saga.steps[step];
  const Part& part = state.parts[step];
  const Step& defined = subject_.definition->steps[step];
  if (is_exempt(state, step) || s.undo_forced) return;
  if (defined.as<ChildSaga>()) {
    const bool undone = part.child == Child::none || part.child == Child::compensated;
    expect(Invariant::I5, undone || defined.kind != StepKind::compensatable, state, step,
           "has a child saga that was not undone, and the saga is compensated");
  } else if (!defined.compensation) {
    expect(Invariant::I13, defined.kind == StepKind::compensatable || part.done == 0, state, step,
           "took effect and cannot be undone, and the saga is compensated");
  } else {
    expect(Invariant::I5, part.done == part.undone, state, step,
           "was not undone exactly as often as it was done, and the saga is compensated");
  }
}

void Desk::check_end(const State& state) {
  const Saga& saga = sagas_.at(state.saga).saga;
  // An answer may be late, and then it may say what an operator did not know.
  const bool fair = !saga.contradicted || saga.forced;
  findings_.expect(Invariant::I6, fair,
                   "{}: then a participant that keeps the rules is said to contradict itself",
                   fair ? std::string{} : sagas_.path(state.saga));
  for (StepIndex step = 0; step < saga.steps.size(); ++step) {
    if (saga.status == Status::completed) check_completed(state, step);
    if (saga.status == Status::compensated) check_compensated(state, step);
  }
}

void Desk::expect(Invariant invariant, bool holds, const State& state, StepIndex step,
                  const char* sentence) {
  findings_.expect(invariant, holds, "{}: then step {} {}",
                   holds ? std::string{} : sagas_.path(state.saga),
                   subject_.definition->steps[step].name, sentence);
}

}  // namespace skald::model

#include "moves.hpp"

#include <algorithm>
#include <array>

namespace skald::model {
namespace {

constexpr std::array<const char*, met_count> names{
    "start",
    "reply success",
    "reply rejected",
    "reply failed",
    "reply unknown",
    "reply pending",
    "reply dead",
    "late reply success",
    "late reply rejected",
    "late reply failed",
    "late reply unknown",
    "late reply pending",
    "late reply dead",
    "reply to nothing",
    "timeout",
    "late timeout",
    "end of the process",
    "end of the process, for good",
    "late end of the process",
    "wake",
    "wake, later",
    "wake, after the deadline",
    "resume",
    "retry",
    "skip",
    "skip as succeeded",
    "skip as rejected",
    "skip as compensated",
    "cancel",
    "pause",
    "abandon",
    "replay",
    "replay force",
    "signal",
    "signal that nobody waits for",
    "unusable message",
    "start that wants its key",
    "child completed",
    "child compensated",
    "child abandoned",
    "end of another child",
    "parent turned back",
};

constexpr Duration later{std::chrono::hours{1}};
constexpr Duration lease{60'000};

class Meeting {
 public:
  Meeting(const Definition& definition, const Saga& saga, Time now, Duration elapsed)
      : definition_(definition), saga_(saga), now_(now), elapsed_(elapsed) {}

  Met operator()(const StartRequested&) const { return Met::start; }
  Met operator()(const ReplyReceived& e) const {
    if (!made(e.attempt)) return Met::forged;
    const bool dead = e.outcome.kind == OutcomeKind::failed && e.outcome.final_failure;
    const int said = dead ? static_cast<int>(Said::dead) : static_cast<int>(e.outcome.kind);
    const Met first = under_way(e.attempt) ? Met::success : Met::late_success;
    return static_cast<Met>(static_cast<int>(first) + said);
  }
  Met operator()(const AttemptTimedOut& e) const {
    return under_way(e.attempt) ? Met::timeout : Met::late_timeout;
  }
  Met operator()(const ProcessEnded& e) const {
    if (!under_way(e.attempt)) return Met::late_process_ended;
    return e.for_good ? Met::process_ended_for_good : Met::process_ended;
  }
  Met operator()(const Woken&) const {
    if (elapsed_ == Duration{0}) return Met::wake;
    const bool passed = saga_.deadline && *saga_.deadline <= now_;
    return passed ? Met::wake_after_deadline : Met::wake_later;
  }
  Met operator()(const ResumeRequested&) const { return Met::resume; }
  Met operator()(const RetryRequested&) const { return Met::retry; }
  Met operator()(const SkipRequested& e) const {
    return static_cast<Met>(static_cast<int>(Met::skip) + static_cast<int>(e.as));
  }
  Met operator()(const CancelRequested&) const { return Met::cancel; }
  Met operator()(const PauseRequested&) const { return Met::pause; }
  Met operator()(const AbandonRequested&) const { return Met::abandon; }
  Met operator()(const ReplayRequested& e) const {
    return e.force ? Met::forced_replay : Met::replay;
  }
  Met operator()(const SignalReceived& e) const {
    const auto awaits = [&e](const Step& step) {
      const auto* wait = step.as<WaitFor>();
      return wait && wait->signal == e.name;
    };
    const bool awaited = std::any_of(definition_.steps.begin(), definition_.steps.end(), awaits);
    return awaited ? Met::signal : Met::unknown_signal;
  }
  Met operator()(const MessageUnusable&) const { return Met::message_unusable; }
  Met operator()(const KeyWanted&) const { return Met::key_wanted; }
  Met operator()(const ChildEnded& e) const {
    const auto& child = saga_.steps.at(e.attempt.step).child;
    if (!child || *child != e.child) return Met::no_such_child;
    if (e.status == Status::completed) return Met::child_completed;
    return e.status == Status::compensated ? Met::child_compensated : Met::child_abandoned;
  }
  Met operator()(const ParentTurnedBack&) const { return Met::parent_turned_back; }

 private:
  [[nodiscard]] bool made(const AttemptRef& a) const {
    const bool asked = definition_.steps.at(a.step).as<Call>() != nullptr;
    return asked && a.attempt > 0 && a.attempt <= saga_.steps.at(a.step).of(a.direction).made;
  }
  [[nodiscard]] bool under_way(const AttemptRef& a) const {
    const Attempts& attempts = saga_.steps.at(a.step).of(a.direction);
    return attempts.outstanding && attempts.made == a.attempt;
  }

  const Definition& definition_;
  const Saga& saga_;
  Time now_;
  Duration elapsed_;
};

// The one that the definition waits for, or any.
std::string awaited_signal(const Definition& definition) {
  for (const Step& step : definition.steps) {
    if (const auto* wait = step.as<WaitFor>()) return wait->signal;
  }
  return "nobody-waits-for-it";
}

Input request_of(const Move& move, const Definition& definition) {
  switch (move.asked) {
    case Asked::resume: return ResumeRequested{};
    case Asked::retry: return RetryRequested{};
    case Asked::skip:
      return SkipRequested{{}, move.step, static_cast<SkipRequested::As>(move.detail), {}};
    case Asked::cancel: return CancelRequested{};
    case Asked::pause: return PauseRequested{};
    case Asked::abandon: return AbandonRequested{};
    case Asked::replay: return ReplayRequested{SagaId::make(Time{}, 0, 2), move.detail != 0};
    case Asked::signal:
      return SignalReceived{
          move.detail != 0 ? "nobody-waits-for-it" : awaited_signal(definition), {}, {}};
    case Asked::message_unusable: return MessageUnusable{move.step, "BAD_JSON", "it is no JSON"};
    case Asked::key_wanted: return KeyWanted{SagaId::make(Time{}, 0, 3)};
    default: return ParentTurnedBack{{"PARENT_TURNED_BACK", "its parent turned back", {}}};
  }
}

}  // namespace

const char* to_string(Met met) { return names[static_cast<std::size_t>(met)]; }

std::uint32_t Move::key() const {
  const auto part = [](auto value, int at) { return static_cast<std::uint32_t>(value) << at; };
  return part(asked, 0) | part(step, 5) | part(direction, 8) | part(attempt, 10) |
         part(detail, 18) | part(has_room, 26);
}

Met met_by(const Definition& definition, const Saga& saga, const Input& input, Time now,
           Duration elapsed) {
  return std::visit(Meeting{definition, saga, now, elapsed}, input);
}

Outcome outcome_of(Said said) {
  switch (said) {
    case Said::success: return Outcome::success();
    case Said::rejected: return Outcome::rejected("NO");
    case Said::failed: return Outcome::failed("BUSY");
    case Said::unknown: return Outcome::unknown("GATEWAY");
    case Said::pending: return Outcome::pending(lease);
    case Said::dead: break;
  }
  Outcome outcome = Outcome::failed("DEAD_LETTERED");
  outcome.final_failure = true;
  return outcome;
}

Time time_of(const Move& move, const Definition& definition, const Saga& saga, Time now) {
  if (move.asked != Asked::wake) return now;
  switch (static_cast<WokenAt>(move.detail)) {
    case WokenAt::now: return now;
    case WokenAt::due: {
      const auto due = next_wake(definition, saga);
      const bool wanted = due && (due != saga.deadline || *due <= now);
      return wanted ? std::max(now, *due) : now + later;
    }
    case WokenAt::later: return now + later;
    case WokenAt::deadline: break;
  }
  return std::max(now + later, saga.deadline.value_or(now));
}

Input input_of(const Move& move, const Definition& definition, const Saga& saga) {
  const AttemptRef attempt{move.step, move.direction, move.attempt};
  switch (move.asked) {
    case Asked::reply: return ReplyReceived{attempt, outcome_of(static_cast<Said>(move.detail))};
    case Asked::timeout: return AttemptTimedOut{attempt};
    case Asked::process_ended: return ProcessEnded{attempt, move.detail != 0};
    case Asked::wake: return Woken{};
    case Asked::child_ended: {
      const SagaId another = SagaId::make(saga.started_at, 0, 7);
      const bool its_own = move.attempt != 0;
      return ChildEnded{
          {move.step, Direction::action, saga.steps[move.step].of(Direction::action).made},
          its_own ? saga.steps[move.step].child.value_or(another) : another,
          static_cast<Status>(move.detail),
          {},
          {"CHILD", "", {}}};
    }
    default: return request_of(move, definition);
  }
}

}  // namespace skald::model

#include "barrier_rules.hpp"

#include <array>
#include <cstddef>
#include <utility>

namespace skald::barrier {
namespace {

constexpr std::array<const char*, record_state_count> state_names{"working", "success", "rejected",
                                                                  "barred", "failed"};

bool is_alive(const Record& record, Time now) {
  return record.state == RecordState::working && now < record.lease_until;
}

Outcome still_working(const Record& record, Time now) {
  return Outcome::pending(record.lease_until - now);
}

Outcome refused(const Record& record) {
  Outcome outcome = Outcome::rejected(record.error.code, record.error.message);
  outcome.error.data = record.error.data;
  return outcome;
}

Outcome failed(const Record& record) {
  Outcome outcome = Outcome::failed(record.error.code, record.error.message);
  outcome.error.data = record.error.data;
  return outcome;
}

Outcome succeeded(const Record& record) {
  Outcome outcome = Outcome::success();
  outcome.output = record.output;
  return outcome;
}

// What the command's own record says already; nothing when it leaves the command open.
std::optional<Outcome> remembered(const Record& own, const Request& request, Time now) {
  switch (own.state) {
    case RecordState::success: return succeeded(own);
    case RecordState::rejected:
      // A command of an earlier round is a straggler: what a later round refused, it cannot undo.
      if (request.round <= own.round) return refused(own);
      return std::nullopt;
    case RecordState::barred:
      return Outcome::rejected("COMPENSATED", "this action was undone before it arrived");
    case RecordState::failed:
      // The engine has counted on this attempt's having had no effect; it must not get one now.
      if (request.attempt <= own.attempt) return failed(own);
      return std::nullopt;
    case RecordState::working:
      if (is_alive(own, now)) return still_working(own, now);
      return std::nullopt;
  }
  return std::nullopt;
}

Verdict judge_compensation(const std::optional<Record>& action, Time now) {
  if (!action) return Conclude{Outcome::success()};
  switch (action->state) {
    case RecordState::success: return Proceed{action->output, false};
    case RecordState::rejected:
    case RecordState::failed: return Conclude{Outcome::success()};
    case RecordState::barred:
      if (action->doubtful) return Proceed{std::nullopt, true};
      return Conclude{Outcome::success()};
    case RecordState::working:
      if (!is_alive(*action, now)) return Proceed{std::nullopt, true};
      return Answer{Outcome::failed("ACTION_RUNNING", "the action is still being carried out",
                                    action->lease_until - now)};
  }
  return Conclude{Outcome::success()};
}

Verdict judge_resolve(const Request& request, const std::optional<Record>& action, Time now) {
  const auto never = [](const std::string& why) {
    return Conclude{Outcome::rejected("NO_EFFECT", why)};
  };
  const auto in_doubt = [&request]() -> Verdict {
    if (request.can_ask) return Proceed{std::nullopt, false};
    return Answer{Outcome::failed("UNRESOLVED", "the action's run was lost; ask again")};
  };
  if (!action) return never("the action had not arrived, and is barred from now on");
  switch (action->state) {
    case RecordState::success: return Answer{succeeded(*action)};
    case RecordState::rejected: return never("the action was refused: " + action->error.code);
    case RecordState::failed: return never("the action has failed: " + action->error.code);
    case RecordState::barred: return action->doubtful ? in_doubt() : never("the action is barred");
    case RecordState::working:
      if (is_alive(*action, now)) return Answer{still_working(*action, now)};
      return in_doubt();
  }
  return in_doubt();
}

}  // namespace

const char* to_string(RecordState state) { return state_names[static_cast<std::size_t>(state)]; }

std::optional<RecordState> parse_record_state(std::string_view text) {
  for (std::size_t i = 0; i < state_names.size(); ++i) {
    if (text == state_names[i]) return static_cast<RecordState>(i);
  }
  return std::nullopt;
}

Verdict judge(const Request& request, const std::optional<Record>& own,
              const std::optional<Record>& action, Time now) {
  if (request.direction == Direction::resolve) return judge_resolve(request, action, now);
  if (own) {
    if (auto outcome = remembered(*own, request, now)) return Answer{std::move(*outcome)};
  }
  if (request.direction == Direction::compensate) return judge_compensation(action, now);
  return Proceed{};
}

}  // namespace skald::barrier

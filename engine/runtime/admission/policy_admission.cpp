#include "admission/policy_admission.hpp"

#include <algorithm>

namespace skald {
namespace {

constexpr std::array classes{CommandClass::undoing, CommandClass::first_try,
                             CommandClass::later_try};

}  // namespace

CommandClass class_of(Direction direction, bool retry) {
  if (direction != Direction::action) return CommandClass::undoing;
  return retry ? CommandClass::later_try : CommandClass::first_try;
}

void PolicyAdmission::begin(const SagaId& saga, std::uint8_t priority, Time now) {
  saga_ = saga;
  priority_ = priority;
  now_ = now;
  deferred_ = false;
  refused_.clear();
  promised_.clear();
}

bool PolicyAdmission::admits(const std::string& participant, Direction direction,
                             bool retry) const {
  if (mode_ != Mode::engine) return false;
  const CommandClass command = class_of(direction, retry);
  const bool admitted = has_room(participant) && is_next(participant, command) &&
                        !held_by_policy(participant, command);
  if (admitted) {
    promised_.emplace_back(participant, command);
  } else {
    refused_.push_back({participant, command});
  }
  return admitted;
}

Admission::LockState PolicyAdmission::lock_state(const Saga& saga) const {
  // A momentary owner does not know who stands in line.
  if (mode_ != Mode::engine) return {false, {}, {}};
  return locks_.state(saga);
}

bool PolicyAdmission::passes(const std::string& participant, CommandClass command, Time now) const {
  return has_room(participant) && !book_.held(participant, command, now);
}

// Nobody overtakes: neither in one's own line, nor those of another line whose turn it would be.
bool PolicyAdmission::is_next(const std::string& participant, CommandClass command) const {
  const WaitingLines::Lines* lines = lines_.of(participant);
  if (!lines) return true;
  const LinePlace mine = lines_.place(saga_, participant, command, priority_);
  for (const CommandClass other : classes) {
    const WaitingLines::Line& line = (*lines)[static_cast<std::size_t>(other)];
    if (line.empty()) continue;
    const LinePlace& first = *line.begin();
    if (other == command) {
      if (first < mine) return false;
      continue;
    }
    if (command == CommandClass::undoing) continue;
    const bool before_me = other == CommandClass::undoing || first < mine;
    if (before_me && !book_.held(participant, other, now_)) return false;
  }
  return true;
}

bool PolicyAdmission::held_by_policy(const std::string& participant, CommandClass command) const {
  const auto here = [&](const auto& promise) { return promise.first == participant; };
  if (std::none_of(promised_.begin(), promised_.end(), here)) {
    return book_.held(participant, command, now_).has_value();
  }
  const ParticipantPolicies& policies = book_.policies(participant);
  if (policies.empty()) return false;
  ParticipantState state = book_.state(participant);
  for (const auto& [name, promised] : promised_) {
    if (name == participant) state = after_issue(policies, std::move(state), promised, now_);
  }
  return held(policies, state, command, now_).has_value();
}

}  // namespace skald

#include "admission/policy_book.hpp"

#include <fmt/format.h>

namespace skald {
namespace {

void note_end(const ParticipantPolicies& policies, ParticipantState& state, const CommandEnd& end,
              Time now) {
  if (!policies.empty()) {
    state = after_end(policies, std::move(state), end, now);
    return;
  }
  // The usual case, and the engine's hot path.
  state.bulkhead = BulkheadPolicy::ended(state.bulkhead, end.command);
  note_answer(state, end, now);
}

}  // namespace

PolicyBook::PolicyBook(PoliciesByName configured, Logger log, PolicyObserver observer)
    : configured_(std::move(configured)), log_(std::move(log)), observer_(std::move(observer)) {
  check_policies(configured_);
}

std::optional<std::string> PolicyBook::refusal_of(
    const Definition& candidate, const std::vector<DefinitionPtr>& definitions) const {
  std::vector<DefinitionPtr> all = definitions;
  all.push_back(std::make_shared<const Definition>(candidate));
  for (const PolicyConflict& conflict : resolve_policies(configured_, all).conflicts) {
    const bool first =
        conflict.taken == candidate.type && conflict.taken_version == candidate.version;
    const bool second =
        conflict.other == candidate.type && conflict.other_version == candidate.version;
    if (first || second) return describe(conflict);
  }
  return std::nullopt;
}

std::vector<PolicyConflict> PolicyBook::use(const std::vector<DefinitionPtr>& definitions) {
  ResolvedPolicies resolved = resolve_policies(configured_, definitions);
  for (auto& [name, entry] : entries_) {
    if (resolved.by_participant.count(name) == 0) entry.in_force = {};
  }
  for (auto& [name, in_force] : resolved.by_participant) {
    entries_[name].in_force = std::move(in_force);
  }
  return std::move(resolved.conflicts);
}

void PolicyBook::restore(const std::map<std::string, std::string>& stored, Time now) {
  for (const auto& [name, text] : stored) {
    Entry& entry = entries_[name];
    if (const auto state = decode_state(text)) {
      entry.stored = *state;
      entry.state = after_restart(entry.in_force.policies, *state, now);
    } else if (log_) {
      log_(LogLevel::warning,
           fmt::format("what the store says of participant {}'s policies cannot be read; its "
                       "breaker is closed, its tokens and budget begin anew",
                       name));
    }
  }
}

const ParticipantPolicies& PolicyBook::policies(const std::string& participant) const {
  static const ParticipantPolicies none;
  const auto found = entries_.find(participant);
  return found == entries_.end() ? none : found->second.in_force.policies;
}

ParticipantState PolicyBook::state(const std::string& participant) const {
  const auto found = entries_.find(participant);
  return found == entries_.end() ? ParticipantState{} : found->second.state;
}

std::optional<Hold> PolicyBook::held(const std::string& participant, CommandClass command,
                                     Time now) const {
  const auto found = entries_.find(participant);
  if (found == entries_.end() || found->second.in_force.policies.empty()) return std::nullopt;
  return skald::held(found->second.in_force.policies, found->second.state, command, now);
}

PolicyBook::Entry& PolicyBook::change(const std::string& participant) {
  Entry& entry = entries_[participant];
  open_.before.try_emplace(participant, entry.state);
  return entry;
}

std::uint64_t PolicyBook::issued(const std::string& participant, CommandClass command, Time now) {
  Entry& entry = change(participant);
  if (entry.in_force.policies.empty()) {  // The usual case, and the engine's hot path.
    entry.state.bulkhead = BulkheadPolicy::issued(entry.state.bulkhead, command);
    return entry.state.breaker.generation;
  }
  const Standing before = standing(entry);
  entry.state = after_issue(entry.in_force.policies, std::move(entry.state), command, now);
  note_phase(participant, before, entry, {}, now);
  return entry.state.breaker.generation;
}

void PolicyBook::ended(const std::string& participant, const CommandEnd& end, Time now) {
  Entry& entry = change(participant);
  const Standing before = standing(entry);
  note_end(entry.in_force.policies, entry.state, end, now);
  note_phase(participant, before, entry, end.error_code, now);
}

void PolicyBook::ended_for_good(const std::string& participant, const CommandEnd& end, Time now) {
  ended(participant, end, now);
  const ParticipantPolicies& policies = entries_.at(participant).in_force.policies;
  for (Change* change : {&open_, &sealed_}) {
    const auto kept = change->before.find(participant);
    if (kept != change->before.end()) note_end(policies, kept->second, end, now);
  }
}

void PolicyBook::unusable(const std::string& participant) {
  if (!participant.empty()) ++change(participant).state.unusable;
}

bool PolicyBook::set_breaker(const std::string& participant, const BreakerOrder& order) {
  if (!policies(participant).breaker) return false;
  Entry& entry = change(participant);
  const Standing before = standing(entry);
  BreakerState& breaker = entry.state.breaker;
  breaker =
      entry.in_force.policies.breaker->set(std::move(breaker), order.phase, order.until, order.at);
  entry.state.order = order;
  note_phase(participant, before, entry, "an operator's order", order.at);
  return true;
}

std::uint64_t PolicyBook::found(const std::string& participant, CommandClass command) {
  ParticipantState& state = entries_[participant].state;
  state.bulkhead = BulkheadPolicy::issued(state.bulkhead, command);
  return generation(participant);
}

std::uint64_t PolicyBook::generation(const std::string& participant) const {
  const auto found = entries_.find(participant);
  if (found == entries_.end()) return BreakerState{}.generation;
  const BreakerState& breaker = found->second.state.breaker;
  return breaker.phase == BreakerPhase::closed ? breaker.generation : 0;
}

PolicyBook::Standing PolicyBook::standing(const Entry& entry) {
  return {entry.state.breaker.phase, entry.state.breaker.generation};
}

void PolicyBook::note_phase(const std::string& participant, const Standing& before,
                            const Entry& after, const std::string& error_code, Time now) {
  const BreakerState& state = after.state.breaker;
  if (state.generation == before.generation) return;
  BreakerChanged& notice = open_.notices.emplace_back();
  notice.participant = participant;
  notice.from = before.phase;
  notice.to = state.phase;
  notice.at = now;
  if (state.phase != BreakerPhase::open) return;
  notice.until = later(state.opened_at, state.open_for);
  notice.error_code = error_code;
}

std::map<std::string, std::string> PolicyBook::seal(bool all) {
  std::map<std::string, std::string> changes;
  const auto consider = [&](const std::string& name, const Entry& entry) {
    if (entry.in_force.policies.empty() && entry.state.unusable == 0) return;
    if (all ? entry.state == entry.stored : !worth_storing(entry.stored, entry.state)) return;
    changes.emplace(name, encode_state(entry.state));
    storing_.insert_or_assign(name, entry.state);
  };
  if (all) {
    for (const auto& [name, entry] : entries_) consider(name, entry);
  } else {
    for (const auto& [name, before] : open_.before) consider(name, entries_.at(name));
  }
  std::swap(open_, sealed_);
  return changes;
}

void PolicyBook::committed() {
  for (auto& [name, state] : storing_) entries_.at(name).stored = std::move(state);
  storing_.clear();
  sealed_.before.clear();
  for (const BreakerChanged& notice : std::exchange(sealed_.notices, {})) tell(notice);
}

void PolicyBook::rolled_back() {
  storing_.clear();
  take_back(open_);
  take_back(sealed_);
}

void PolicyBook::take_back(Change& change) {
  for (auto& [name, state] : change.before) entries_.at(name).state = std::move(state);
  change.before.clear();
  change.notices.clear();
}

void PolicyBook::tell(const BreakerChanged& change) const {
  if (observer_) observer_(change);
  if (!log_) return;
  switch (change.to) {
    case BreakerPhase::open:
      log_(LogLevel::warning,
           fmt::format("participant {}: the breaker is open after {}; nothing is sent until {}",
                       change.participant, change.error_code, format_time(*change.until)));
      break;
    case BreakerPhase::half_open:
      log_(LogLevel::info, fmt::format("participant {}: the breaker is half open; probes go out",
                                       change.participant));
      break;
    case BreakerPhase::closed:
      log_(LogLevel::info,
           fmt::format("participant {}: the breaker is closed again", change.participant));
      break;
  }
}

std::map<std::string, PoliciesInForce> PolicyBook::known() const {
  std::map<std::string, PoliciesInForce> known;
  for (const auto& [name, entry] : entries_) known.emplace(name, entry.in_force);
  return known;
}

}  // namespace skald

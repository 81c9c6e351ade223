#include "policy_watch.hpp"

#include <algorithm>

#include "skald/definition.hpp"

namespace skald::testing {

void PolicyWatch::use(const PoliciesByName& policies) {
  for (const auto& [name, stated] : policies) {
    if (stated.empty()) continue;
    Desk& desk = desks_[name];
    ParticipantPolicies& all = desk.policies;
    if (!all.bulkhead) all.bulkhead = stated.bulkhead;
    if (!desk.breaker && stated.breaker) desk.breaker.emplace(*stated.breaker);
    if (!desk.rate && stated.rate_limit) desk.rate.emplace(*stated.rate_limit);
    if (!desk.budget && stated.retry_budget) desk.budget.emplace(*stated.retry_budget);
  }
}

void PolicyWatch::opened(Time wall) {
  for (auto& [name, desk] : desks_) {
    if (desk.breaker) desk.breaker->reopened(wall);
    if (desk.rate) desk.rate->reopened(wall);
    if (desk.budget) desk.budget->reopened(wall);
  }
  for (auto& [saga, flights] : flights_) {
    for (auto& [attempt, flight] : flights) {
      if (flight.desk->breaker) flight.phase_number = flight.desk->breaker->number_of_found();
    }
  }
}

void PolicyWatch::stored(const std::map<std::string, std::string>& participants) {
  for (const auto& [name, state] : participants) {
    const auto desk = desks_.find(name);
    if (desk != desks_.end() && desk->second.breaker) desk->second.breaker->stored();
  }
}

// An attempt that was delivered twice may be answered twice, and a full disk swaps the answers:
// what all of them ask for is what the engine must grant.
void PolicyWatch::note_reply(const Reply& reply) {
  const bool failed =
      reply.outcome.kind == OutcomeKind::failed || reply.outcome.kind == OutcomeKind::unknown;
  if (idle() || !failed) return;
  const Duration asked = reply.outcome.retry_after.value_or(Duration::zero());
  const auto [known, first] = retry_after_.emplace(std::pair{reply.saga, reply.attempt}, asked);
  known->second = std::min(known->second, asked);
}

// What a row issues was admitted before the engine counted what the same row ended.
void PolicyWatch::take_row(const Definition& definition, const JournalAppend& row) {
  if (idle()) return;
  std::vector<End> ends;
  for (const Event& event : row.events) {
    if (const auto* issued = std::get_if<CommandIssued>(&event)) {
      issue(definition, row, *issued);
    } else {
      end_by(row.saga, event, ends);
    }
  }
  for (const End& ended : ends) {
    auto& breaker = ended.flight.desk->breaker;
    if (!breaker) continue;
    const BreakerPhase before = breaker->phase();
    breaker->end(ended.flight.phase_number, ended.sign, ended.retry_after, row.at);
    const bool opened = breaker->phase() == BreakerPhase::open && before != BreakerPhase::open;
    if (opened) happenings_.note(Happening::breaker_opened);
  }
}

void PolicyWatch::issue(const Definition& definition, const JournalAppend& row,
                        const CommandIssued& issued) {
  const AttemptRef& attempt = issued.attempt;
  const std::string& participant = definition.steps[attempt.step].participant;
  const auto found = desks_.find(participant);
  if (found == desks_.end()) return;
  std::uint32_t& round = rounds_[{row.saga, {attempt.step, attempt.direction, 0}}];
  const bool again = round == issued.round;
  round = issued.round;
  CommandClass command = CommandClass::undoing;
  if (attempt.direction == Direction::action) {
    command = again ? CommandClass::later_try : CommandClass::first_try;
  }
  Desk& desk = found->second;
  check_issue(participant, desk, command, row.at);
  const std::uint64_t number = desk.breaker ? desk.breaker->phase_number() : 0;
  flights_[row.saga][attempt] = {&desk, command, number};
}

void PolicyWatch::check_issue(const std::string& participant, Desk& desk, CommandClass command,
                              Time at) {
  const bool undoing = command == CommandClass::undoing;
  ++(undoing ? desk.undoing : desk.actions);
  if (const auto& bulkhead = desk.policies.bulkhead) {
    const std::uint32_t most = bulkhead->max_in_flight;
    const std::uint32_t in_flight = desk.actions + desk.undoing;
    findings_.expect(Invariant::I12, in_flight <= most, "{} commands are under way to {}, of {}",
                     in_flight, participant, most);
    const std::uint32_t for_actions = most - reserved_share(most);
    findings_.expect(Invariant::I12, undoing || desk.actions <= for_actions,
                     "{} actions are under way to {}, of {} that leave room for undoing",
                     desk.actions, participant, for_actions);
  }
  if (desk.rate) {
    findings_.expect(Invariant::I12, desk.rate->issue(command, at),
                     "commands to {} were issued faster than its rate limit", participant);
  }
  if (desk.budget) {
    findings_.expect(Invariant::I12, desk.budget->issue(command, at),
                     "{} was tried again beyond its retry budget", participant);
  }
  if (!desk.breaker) return;
  const bool admitted = desk.breaker->issue(at);
  const BreakerPhase phase = desk.breaker->phase();
  findings_.expect(Invariant::I12, admitted, "a command to {} was issued while its breaker was {}",
                   participant, to_string(phase));
  if (phase == BreakerPhase::half_open) happenings_.note(Happening::breaker_probed);
}

void PolicyWatch::end_by(const SagaId& saga, const Event& event, std::vector<End>& ends) {
  using enum LifeSign;
  if (const auto* answered = std::get_if<AttemptFailed>(&event)) {
    const std::size_t before = ends.size();
    end(saga, answered->attempt, failed, ends);
    const auto asked = retry_after_.find({saga, answered->attempt});
    if (ends.size() > before && asked != retry_after_.end()) {
      ends.back().retry_after = asked->second;
    }
  } else if (const auto* lost = std::get_if<AttemptUnanswered>(&event)) {
    // That an operator closed the step says nothing of the participant.
    end(saga, lost->attempt, lost->error.code == "SKIPPED" ? none : failed, ends);
  } else if (const auto* hedged = std::get_if<AttemptHedged>(&event)) {
    end(saga, hedged->attempt, none, ends);
  } else if (const auto* done = std::get_if<StepSucceeded>(&event)) {
    end_step(saga, done->attempt.step, false, done->attempt, ends);
  } else if (const auto* refused = std::get_if<StepRejected>(&event)) {
    const bool undo = refused->attempt.direction == Direction::compensate;
    end_step(saga, refused->attempt.step, undo, refused->attempt, ends);
  } else if (const auto* undone = std::get_if<StepCompensated>(&event)) {
    end_step(saga, undone->attempt.step, true, undone->attempt, ends);
  } else if (const auto* closed = std::get_if<CompensationSkipped>(&event)) {
    end_step(saga, closed->step, true, {}, ends);
  } else if (const auto* used_up = std::get_if<StepFailed>(&event)) {
    end_step(saga, used_up->step, false, {}, ends);
  } else if (const auto* doubt = std::get_if<StepInDoubt>(&event)) {
    end_step(saga, doubt->step, false, {}, ends);
  } else if (const auto* skipped = std::get_if<StepSkipped>(&event)) {
    end_step(saga, skipped->step, false, {}, ends);
  } else if (const auto* turned = std::get_if<SagaTurnedBack>(&event)) {
    const auto& plan = turned->plan;
    end_where(
        saga,
        [&plan](const AttemptRef& attempt) {
          return std::find(plan.begin(), plan.end(), attempt.step) == plan.end();
        },
        ends);
  } else if (std::holds_alternative<SagaCompleted>(event) ||
             std::holds_alternative<SagaCompensated>(event) ||
             std::holds_alternative<SagaAbandoned>(event)) {
    end_where(
        saga, [](const AttemptRef&) { return true; }, ends);
  }
}

void PolicyWatch::end(const SagaId& saga, const AttemptRef& attempt, LifeSign sign,
                      std::vector<End>& ends) {
  const auto flights = flights_.find(saga);
  if (flights == flights_.end()) return;
  const auto found = flights->second.find(attempt);
  if (found == flights->second.end()) return;
  const Flight flight = found->second;
  flights->second.erase(found);
  --(flight.command == CommandClass::undoing ? flight.desk->undoing : flight.desk->actions);
  ends.push_back({flight, sign, std::nullopt});
}

void PolicyWatch::end_step(const SagaId& saga, StepIndex step, bool undo,
                           const AttemptRef& answered, std::vector<End>& ends) {
  if (answered.attempt > 0) end(saga, answered, LifeSign::alive, ends);
  end_where(
      saga,
      [step, undo](const AttemptRef& attempt) {
        return attempt.step == step && (attempt.direction == Direction::compensate) == undo;
      },
      ends);
}

template <typename Which>
void PolicyWatch::end_where(const SagaId& saga, Which which, std::vector<End>& ends) {
  const auto flights = flights_.find(saga);
  if (flights == flights_.end()) return;
  std::vector<AttemptRef> attempts;
  for (const auto& [attempt, flight] : flights->second) {
    if (which(attempt)) attempts.push_back(attempt);
  }
  for (const AttemptRef& attempt : attempts) end(saga, attempt, LifeSign::none, ends);
}

}  // namespace skald::testing

// The policies of participants, held against the journal: what was issued and when, what was under
// way meanwhile, and how it ended.
//
// Nothing here asks the engine what it believes; what is under way follows from the events.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "breaker_watch.hpp"
#include "findings.hpp"
#include "happenings.hpp"
#include "limit_watch.hpp"
#include "skald/channel.hpp"
#include "skald/participant_policies.hpp"
#include "skald/store.hpp"

namespace skald::testing {

class PolicyWatch {
 public:
  PolicyWatch(Findings& findings, Happenings& happenings)
      : findings_(findings), happenings_(happenings) {}

  /// These policies hold, beside those that are known; before anything is issued.
  void use(const PoliciesByName& policies);
  [[nodiscard]] bool idle() const { return desks_.empty(); }

  void opened(Time wall);
  void take_row(const Definition& definition, const JournalAppend& row);
  /// A batch was stored that says where these participants stand.
  void stored(const std::map<std::string, std::string>& participants);
  /// The participant answered so, and may want to be left alone for a while.
  void note_reply(const Reply& reply);

 private:
  struct Desk {
    ParticipantPolicies policies;
    std::optional<BreakerWatch> breaker;
    std::optional<RateWatch> rate;
    std::optional<BudgetWatch> budget;
    std::uint32_t actions = 0;  ///< Under way.
    std::uint32_t undoing = 0;
  };
  struct Flight {
    Desk* desk = nullptr;
    CommandClass command = CommandClass::first_try;
    std::uint64_t phase_number = 0;  ///< Of the breaker, when it was issued.
  };
  struct End {
    Flight flight;
    LifeSign sign = LifeSign::none;
    std::optional<Duration> retry_after;
  };
  using Flights = std::map<AttemptRef, Flight>;  // Of one saga.

  void issue(const Definition& definition, const JournalAppend& row, const CommandIssued& issued);
  void check_issue(const std::string& participant, Desk& desk, CommandClass command, Time at);
  void end_by(const SagaId& saga, const Event& event, std::vector<End>& ends);
  void end(const SagaId& saga, const AttemptRef& attempt, LifeSign sign, std::vector<End>& ends);
  /// Ends every attempt at this step that looks so; `answered` is the one that was answered.
  void end_step(const SagaId& saga, StepIndex step, bool undo, const AttemptRef& answered,
                std::vector<End>& ends);
  template <typename Which>
  void end_where(const SagaId& saga, Which which, std::vector<End>& ends);

  Findings& findings_;
  Happenings& happenings_;
  std::map<std::string, Desk> desks_;
  std::map<SagaId, Flights> flights_;
  std::map<std::pair<SagaId, AttemptRef>, std::uint32_t> rounds_;  // By step and direction.
  std::map<std::pair<SagaId, AttemptRef>, Duration> retry_after_;
};

}  // namespace skald::testing

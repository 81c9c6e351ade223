// The policies of all participants and where each stands, batch by batch: what a batch changed is
// stored with it, told after its commit, and taken back when it was rolled back. While a batch is
// being committed (sealed), the next one changes what it left behind.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "skald/options.hpp"
#include "skald/participant_state.hpp"
#include "skald/policies_in_force.hpp"

namespace skald {

/// One thread: the coordinator's.
class PolicyBook {
 public:
  PolicyBook(PoliciesByName configured, Logger log, PolicyObserver observer);

  /// Refuses a definition that contradicts another one, in its words; nothing when it may be used.
  [[nodiscard]] std::optional<std::string> refusal_of(
      const Definition& candidate, const std::vector<DefinitionPtr>& definitions) const;
  /// What holds from now on. Answers what contradicts itself in the store already; there the first
  /// by name holds.
  std::vector<PolicyConflict> use(const std::vector<DefinitionPtr>& definitions);
  /// Takes up what a store kept. What cannot be read begins anew, and is logged.
  void restore(const std::map<std::string, std::string>& stored, Time now);

  [[nodiscard]] const ParticipantPolicies& policies(const std::string& participant) const;
  [[nodiscard]] ParticipantState state(const std::string& participant) const;
  [[nodiscard]] std::optional<Hold> held(const std::string& participant, CommandClass command,
                                         Time now) const;

  /// A command was issued; answers the breaker's generation, which its end is to bring back.
  std::uint64_t issued(const std::string& participant, CommandClass command, Time now);
  void ended(const std::string& participant, const CommandEnd& end, Time now);
  /// An end that stands whatever becomes of the batch under way.
  void ended_for_good(const std::string& participant, const CommandEnd& end, Time now);
  /// A message of it went into quarantine.
  void unusable(const std::string& participant);
  /// As an operator orders it. False when the participant has no breaker.
  bool set_breaker(const std::string& participant, const BreakerOrder& order);
  /// A command is under way since before this engine ran; answers as issued() does.
  std::uint64_t found(const std::string& participant, CommandClass command);
  /// What a command counts as whose own generation is not known any more.
  [[nodiscard]] std::uint64_t generation(const std::string& participant) const;

  /// Ends the batch under way, and answers what it has to store; `all`: also what a restart could
  /// do without. One sealed batch at a time.
  [[nodiscard]] std::map<std::string, std::string> seal(bool all = false);
  /// What was sealed is durable.
  void committed();
  /// Takes back what was sealed and what came after it.
  void rolled_back();

  /// Of every participant that is known, in order of name.
  [[nodiscard]] std::map<std::string, PoliciesInForce> known() const;

 private:
  struct Entry {
    PoliciesInForce in_force;
    ParticipantState state;
    ParticipantState stored;
  };
  struct Standing {  // Of a breaker; small, for the hot path.
    BreakerPhase phase;
    std::uint64_t generation;
  };
  struct Change {  // Of a batch.
    std::unordered_map<std::string, ParticipantState> before;
    std::vector<BreakerChanged> notices;
  };
  // For a change in the batch under way: keeps what is to be restored.
  Entry& change(const std::string& participant);
  void take_back(Change& change);
  [[nodiscard]] static Standing standing(const Entry& entry);
  void note_phase(const std::string& participant, const Standing& before, const Entry& after,
                  const std::string& error_code, Time now);
  void tell(const BreakerChanged& change) const;

  PoliciesByName configured_;
  Logger log_;
  PolicyObserver observer_;
  std::unordered_map<std::string, Entry> entries_;
  Change open_;    // By the batch under way.
  Change sealed_;  // By the batch that is being committed,
  std::unordered_map<std::string, ParticipantState> storing_;  // which stores this.
};

}  // namespace skald

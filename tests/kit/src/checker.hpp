// The one checker of a simulated world: sees every commit, every message and every effect, and
// holds them against each other as they come.
//
// It believes the journal only: what it knows of a saga is what the committed rows fold to.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "findings.hpp"
#include "saga_path.hpp"
#include "skald/channel.hpp"
#include "skald/store.hpp"

namespace skald::testing {

/// What became of one step at its participant, by the participant's own account.
struct StepEffects {
  std::uint32_t done = 0;
  std::uint32_t undone = 0;
  std::uint64_t done_at = 0;  ///< Order among all effects of the world.
  std::uint64_t undone_at = 0;
  bool lied = false;  ///< The participant contradicted itself: its effects prove nothing.
};

/// All that is known of one saga.
struct Witness {
  SagaPath path;
  std::uint64_t label = 0;  ///< The same in every run of the schedule, whatever else happens.
  std::vector<StepEffects> effects;
  std::map<AttemptRef, std::string> bodies;  ///< Of what was sent.
  SagaSummary summary;                       ///< As stored.
};

class Checker {
 public:
  explicit Checker(Findings& findings) : findings_(findings) {}

  /// The definition that sagas of this type are held against.
  void define(DefinitionPtr definition);

  // What happens, as it happens.
  void opened(std::uint64_t life) { life_ = life; }
  void committed(const Batch& batch, Position first, std::uint64_t life, Time real);
  /// The engine's saga after a commit.
  void observed(const Saga& live);
  void sent(const Command& command);
  void note_lease(const Reply& reply, Time due);
  void took_effect(const SagaId& saga, StepIndex step, Direction direction);
  void lied(const SagaId& saga, StepIndex step);
  void receipted(const Reply& reply, Time engine_now);
  void acknowledged(const std::optional<std::string>& key, const SagaId& saga);

  /// All is quiet: looks at each saga as a whole, at its effects if they were counted.
  void finish(Store& store, bool counts_effects);

  [[nodiscard]] Findings& findings() { return findings_; }
  [[nodiscard]] const Witness* find(const SagaId& saga) const;
  [[nodiscard]] const std::map<SagaId, Witness>& sagas() const { return sagas_; }
  /// The saga that this start led to, or its latest replay.
  [[nodiscard]] std::optional<SagaId> started_by(std::uint64_t label) const;

 private:
  void take_row(const JournalAppend& append, Position position, Time real);
  Witness* begin(const SagaStarted& started);

  Findings& findings_;
  std::map<std::pair<std::string, std::uint32_t>, DefinitionPtr> definitions_;
  std::map<SagaId, Witness> sagas_;
  std::map<std::uint64_t, SagaId> by_label_;
  std::set<std::pair<std::string, std::string>> keys_;
  std::vector<std::pair<std::optional<std::string>, SagaId>> acknowledged_;
  std::uint64_t life_ = 0;
  std::uint64_t effects_ = 0;
  std::uint64_t forged_ = 0;
  Position last_position_ = 0;
};

}  // namespace skald::testing

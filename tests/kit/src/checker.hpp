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
#include <tuple>
#include <utility>
#include <vector>

#include "family_watch.hpp"
#include "findings.hpp"
#include "happenings.hpp"
#include "lock_watch.hpp"
#include "policy_watch.hpp"
#include "skald/channel.hpp"
#include "skald/store.hpp"
#include "witness.hpp"

namespace skald::testing {

/// What the world knows of a start that was asked for.
struct AskedStart {
  std::optional<std::string> key;
  std::optional<Duration> delay;
};

class Checker {
 public:
  explicit Checker(Findings& findings)
      : findings_(findings),
        family_(sagas_, findings, happenings_),
        locks_(sagas_, findings, happenings_),
        policies_(findings, happenings_) {}
  Checker(const Checker&) = delete;
  Checker& operator=(const Checker&) = delete;

  /// The definition that sagas of this type are held against.
  void define(DefinitionPtr definition);
  /// What an engine's configuration says of participants. Before any definition.
  void configure(const PoliciesByName& participants) { policies_.use(participants); }

  // What happens, as it happens.
  /// `momentary`: the owner runs no engine.
  void opened(std::uint64_t life, bool momentary, Time wall);
  void committed(const Batch& batch, Position first, std::uint64_t life, Instant instant);
  /// The engine's saga after a commit.
  void observed(const Saga& live);
  void sent(const Command& command);
  /// An answer has reached the engine. `real`: when, by a clock that nobody adjusts.
  void arrived(const Reply& reply, Time real);
  void took_effect(const SagaId& saga, StepIndex step, Direction direction);
  /// The engine is stopped in order.
  void stops() { ++stops_; }
  /// This command has ended the engine that carried it out.
  void killed(const Command& command);
  void lied(const SagaId& saga, StepIndex step);
  void receipted(const Reply& reply, Time engine_now);
  void acknowledged(const AskedStart& asked, const SagaId& saga);

  /// All is quiet: looks at each saga as a whole, at its effects if they were counted.
  void finish(Store& store, bool counts_effects);

  [[nodiscard]] Findings& findings() { return findings_; }
  [[nodiscard]] const Witness* find(const SagaId& saga) const;
  [[nodiscard]] const Witnesses& sagas() const { return sagas_; }
  [[nodiscard]] Happenings& happenings() { return happenings_; }
  [[nodiscard]] const Happenings& happenings() const { return happenings_; }
  /// The saga that this start led to, or its latest replay.
  [[nodiscard]] std::optional<SagaId> started_by(std::uint64_t label) const;
  /// The `number`th saga below this one in order of start, from 1, counted round and round; the
  /// saga itself when `number` is 0 or it has no children.
  [[nodiscard]] SagaId kin_of(const SagaId& saga, std::uint32_t number) const;

 private:
  void take_row(const JournalAppend& append, Position position, Instant instant);
  Witness* begin(const SagaStarted& started);
  void take_key_from(const Witness& witness);
  [[nodiscard]] std::uint64_t label_of(const SagaStarted& started) const;
  void check_locks(const Definition& definition, const SagaStarted& started, const Witness& saga);
  void check_momentary(const Batch& batch);
  void note_happenings(const JournalAppend& append);

  Findings& findings_;
  Happenings happenings_;
  std::map<std::pair<std::string, std::uint32_t>, DefinitionPtr> definitions_;
  Witnesses sagas_;
  std::map<std::uint64_t, SagaId> by_label_;
  std::set<std::pair<std::string, std::string>> keys_;
  std::vector<std::pair<std::optional<std::string>, SagaId>> acknowledged_;
  FamilyWatch family_;
  LockWatch locks_;
  PolicyWatch policies_;
  std::uint64_t life_ = 0;
  bool momentary_ = false;  ///< The owner of this life.
  /// Ends by commands of this step and direction, in this round.
  std::map<std::tuple<SagaId, StepIndex, Direction, std::uint32_t>, std::uint64_t> kills_;
  std::uint64_t stops_ = 0;
  std::uint64_t effects_ = 0;
  std::uint64_t forged_ = 0;
  Position last_position_ = 0;
};

}  // namespace skald::testing

// The world that the kill loop runs in: three saga types, three participants whose mishaps are
// planned ahead, and where everything lies on disk.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "ledger.hpp"
#include "skald/definition.hpp"
#include "skald/participant.hpp"

namespace skald::faults {

inline constexpr std::array<const char*, 3> participant_names{"inventory", "payment", "shipping"};

/// How patient the engine is; slow handlers take longer than that.
struct Pace {
  Duration timeout{250};
  Duration slow{400};
};

/// Files of one run.
struct Files {
  std::string directory;
  std::string store_directory{};  ///< Empty: the same.
  [[nodiscard]] std::string store() const {
    return (store_directory.empty() ? directory : store_directory) + "/engine.db";
  }
  [[nodiscard]] std::string ledger(const std::string& participant) const {
    return directory + "/" + participant + ".db";
  }
  [[nodiscard]] std::string deliveries(const std::string& participant) const {
    return directory + "/" + participant + ".deliveries";
  }
};

/// A new directory under $TMPDIR or /tmp. \throws Error
[[nodiscard]] std::string make_directory();

/// `delivery` (three steps, the last one the pivot), `order` (five: pivot in fourth place, then a
/// retriable one that may be skipped) and `trip` (six compensatable ones).
[[nodiscard]] std::vector<Definition> definitions(const Pace& pace);
/// Type and key of saga `number`, and its input.
[[nodiscard]] std::string type_of(std::uint64_t number);
[[nodiscard]] std::string key_of(std::uint64_t number);
[[nodiscard]] Json input_of(std::uint64_t number);

/// Wraps what a handler does to the database; the identity unless a mutant is under test.
using EffectDecorator = std::function<TransactionHandler(TransactionHandler)>;

/// A participant with the barrier, its ledger and its planned mishaps.
class PlannedParticipant {
 public:
  PlannedParticipant(const Files& files, const std::string& name, std::uint64_t seed,
                     const Pace& pace, const EffectDecorator& decorate);
  [[nodiscard]] Participant& participant() { return participant_; }
  /// From now on compensations claim their key, work outside the database, and record it.
  void undo_outside();
  /// Answers without the barrier: what a participant does that forgets what it did. For a mutant.
  [[nodiscard]] Outcome answer_without_barrier(const HandlerCall& call);

 private:
  [[nodiscard]] Outcome act(const HandlerCall& call, sqlite3* transaction);
  [[nodiscard]] std::optional<Outcome> mishap(const HandlerCall& call) const;
  [[nodiscard]] Outcome take_effect(const HandlerCall& call, sqlite3* transaction);
  [[nodiscard]] Outcome after(const HandlerCall& call, Outcome outcome);

  std::uint64_t seed_;
  Pace pace_;
  DeliveryLog deliveries_;
  std::mutex fresh_mutex_;
  std::set<std::string> fresh_;  // Keys that took effect in the call under way.
  std::mutex unguarded_;         // held in answer_without_barrier()'s transactions
  Participant participant_;
};

}  // namespace skald::faults

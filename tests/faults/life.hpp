// One life of an engine inside the harness's own process: store, participants, engine.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "inside.hpp"
#include "quiet.hpp"
#include "skald/orchestrator.hpp"
#include "skald/sqlite_store.hpp"

namespace skald::faults {

struct LifeOptions {
  Mutant mutant = Mutant::none;
  SqliteOptions store{};
  const Clock* clock = nullptr;  ///< Absent: the system's.
  Logger log{};                  ///< Absent: nothing is logged.
  Pace pace{};
  /// Absent: those of the world.
  std::optional<std::vector<Definition>> definitions{};
};

/// Thread-safe once it is made.
class Life {
 public:
  /// Opens the store and recovers. \throws Error
  Life(const Files& files, std::uint64_t seed, LifeOptions options = {});

  /// \throws Refused when the start was not acknowledged
  SagaId start(std::uint64_t number);
  /// All have ended or are stuck; false when that takes longer, or the engine has stopped.
  [[nodiscard]] bool await_quiet(Duration limit);
  void stop() { engine_->stop(); }

  [[nodiscard]] Orchestrator& engine() { return *engine_; }
  /// Not while the engine runs.
  [[nodiscard]] SqliteStore& store() { return store_; }

 private:
  SqliteStore store_;
  std::unique_ptr<Store> other_store_;
  QuietWatch watch_;
  InsideParticipants participants_;
  std::unique_ptr<Channel> other_channel_;
  std::unique_ptr<Orchestrator> engine_;
};

/// True when this saga's steps are answered at once in one way or the other: nothing times out.
[[nodiscard]] bool is_swift(std::uint64_t seed, std::uint64_t number);
/// The first swift sagas from `from` on.
[[nodiscard]] std::vector<std::uint64_t> swift_sagas(std::uint64_t seed, std::uint64_t from,
                                                     std::size_t count);

}  // namespace skald::faults

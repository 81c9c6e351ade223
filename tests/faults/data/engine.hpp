// An engine in virtual time, on a store in memory or in a file, whose every call is watched: what
// it throws, how much it does, and whether it comes to rest.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "coordinator/coordinator.hpp"
#include "keeping_channel.hpp"
#include "mutants.hpp"
#include "skald/memory_store.hpp"
#include "tally.hpp"

namespace skald::faults {

/// What the story's engine calls itself on the wire.
inline constexpr const char* engine_name = "edge";

/// With the faults of the mutants.
class StoryChannel final : public test::KeepingChannel {
 public:
  explicit StoryChannel(DataMutant mutant) : KeepingChannel(engine_name), mutant_(mutant) {}
  void send(std::vector<Command> commands) override;
  [[nodiscard]] Reconsidered reconsider(const QuarantinedMessage& message) const override;

 private:
  DataMutant mutant_;
};

class WatchedEngine {
 public:
  /// `file` is the path of a SQLite store; empty: a store in memory.
  WatchedEngine(std::string file, Tally& tally, DataMutant mutant);
  ~WatchedEngine();

  /// One turn; then more until nothing is due any more. False when the engine ended, and again
  /// after it was opened anew, as at every restart: then nothing more can be done with this store.
  [[nodiscard]] bool turn(std::vector<Arrival> arrivals);
  /// Ends without a word, as a crash does, and opens again.
  [[nodiscard]] bool crash();
  /// One request by an owner without an engine; then the engine opens again.
  [[nodiscard]] bool one_shot(Arrival arrival);
  /// Moves the clock to what is due next, if that is before `limit`. False when nothing is.
  [[nodiscard]] bool advance(Time limit);

  [[nodiscard]] Store& store() { return *told_; }
  /// From the next opening on, the journal of this saga cannot be read.
  void damage(const SagaId& id) { to_damage_.insert(id); }
  [[nodiscard]] const std::set<SagaId>& damaged() const { return damaged_; }
  [[nodiscard]] StoryChannel& channel() { return channel_; }
  [[nodiscard]] std::optional<Time> next_due() const;

  Time now = *parse_time("2026-01-01T00:00:00Z");

 private:
  bool open(Mode mode);
  void close();
  void judge_log(LogLevel level, std::string_view line);
  bool guarded(const char* what, const std::function<void()>& call);
  [[nodiscard]] bool process(std::vector<Arrival> arrivals);
  [[nodiscard]] bool settle();
  [[nodiscard]] bool revive();
  void check_far_wait();
  struct Progress;
  [[nodiscard]] Progress progress();

  std::string file_;
  Tally& tally_;
  DataMutant mutant_;
  StoryChannel channel_;
  NullChannel no_channel_;
  MemoryDisk disk_;
  std::unique_ptr<Store> store_;
  std::set<SagaId> to_damage_;
  std::set<SagaId> damaged_;
  std::unique_ptr<Store> with_damage_;  ///< Around it.
  std::unique_ptr<Store> broken_;       ///< A mutant's, around that.
  Store* told_ = nullptr;               ///< What the engine works on.
  std::unique_ptr<Coordinator> coordinator_;
  std::uint64_t lives_ = 0;
  bool waited_far_ = false;
};

}  // namespace skald::faults

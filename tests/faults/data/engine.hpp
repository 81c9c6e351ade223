// An engine in virtual time, on a store in memory or in a file, whose every call is watched: what
// it throws, how long it takes, and whether it comes to rest.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coordinator.hpp"
#include "mutants.hpp"
#include "skald/memory_store.hpp"
#include "skald/wire.hpp"
#include "tally.hpp"

namespace skald::faults {

/// A channel whose far end is the story: it keeps what was sent, and reads messages as the AMQP
/// channel does.
class StoryChannel final : public Channel {
 public:
  explicit StoryChannel(DataMutant mutant) : mutant_(mutant) {}
  [[nodiscard]] std::string name() const override { return "amqp"; }
  void open(const std::string&, ChannelListener&) override {}
  void send(std::vector<Command> commands) override;
  void withdraw(const SagaId&, const AttemptRef&) override {}
  void receipt(const std::vector<std::uint64_t>&) override {}
  [[nodiscard]] bool has_room(const std::string&) const override { return true; }
  [[nodiscard]] Reconsidered reconsider(const QuarantinedMessage& message) const override;
  void close() override {}

  std::deque<Command> sent;

 private:
  DataMutant mutant_;
};

/// What the story's engine calls itself on the wire.
inline constexpr const char* engine_name = "edge";

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
  [[nodiscard]] StoryChannel& channel() { return channel_; }
  [[nodiscard]] std::optional<Time> next_due() const;
  /// Processor time of this process's calls so far.
  [[nodiscard]] double spent_ms() const { return spent_ms_; }

  Time now = *parse_time("2026-01-01T00:00:00Z");

 private:
  bool open(Mode mode);
  void close();
  bool guarded(const char* what, const std::function<void()>& work);
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
  std::unique_ptr<Store> broken_;  ///< A mutant's, around it.
  Store* told_ = nullptr;          ///< What the engine works on.
  std::unique_ptr<Coordinator> coordinator_;
  double spent_ms_ = 0;
  std::uint64_t lives_ = 0;
  bool waited_far_ = false;
};

}  // namespace skald::faults

// An engine, three participants and the broker between them, with a proxy on either side of it.
//
// All run in this process, so that a story can disturb the connections and see at once what comes
// of it. The participants keep their ledgers on disk; the checker reads those at the end.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "../invariants.hpp"
#include "../quiet.hpp"
#include "../world.hpp"
#include "frame_proxy.hpp"
#include "logbook.hpp"
#include "sanitized.hpp"
#include "skald/amqp_channel.hpp"
#include "skald/participant_amqp.hpp"
#include "skald/sqlite_store.hpp"

namespace skald::faults {

struct SiteOptions {
  AmqpOptions broker;  ///< The direct way to it, with a prefix of its own.
  std::uint64_t seed = 1;
  std::chrono::seconds heartbeat{1};
  Duration confirm_timeout{1'500};
  Pace pace{Duration{1'500}, Duration{2'000}};
  std::size_t outgoing_limit = 8'192;
  std::size_t waiting_sagas_limit = 100'000;
  /// Absent: those of the kill loop's world.
  std::vector<Definition> definitions{};
  /// Goes with every saga's input.
  std::string note = "fragile";
  Observer observer{};
  PolicyObserver policy_observer{};
  /// Wraps what participants do to their databases; absent: nothing.
  EffectDecorator decorate{};
  /// Wraps the channel; absent: nothing.
  std::function<std::unique_ptr<Channel>(Channel&)> decorate_channel{};
};

/// The decorator of a participant that forgets what it has answered: it acts again on a command
/// that comes again. A control, for wherever duplicates must have been harmless.
[[nodiscard]] EffectDecorator forgetful();

/// How long a fault may take to fire that is bound to.
inline constexpr std::chrono::milliseconds fire_limit{test::slowdown * 30'000};

class Site {
 public:
  explicit Site(SiteOptions options);
  ~Site();
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

  [[nodiscard]] FrameProxy& engine_side() { return engine_side_; }
  [[nodiscard]] FrameProxy& participant_side() { return participant_side_; }
  [[nodiscard]] Logbook& log() { return log_; }
  [[nodiscard]] Orchestrator& engine() { return *engine_; }
  [[nodiscard]] const SiteOptions& options() const { return options_; }
  [[nodiscard]] const Files& files() const { return files_; }
  [[nodiscard]] std::string engine_id() const { return engine_id_; }

  /// Starts the next saga and notes its id. Thread-safe. \throws Refused
  SagaId start();
  [[nodiscard]] std::uint64_t started() const;
  /// Starts a saga every few milliseconds until it is so. False when it is not so within
  /// `fire_limit`.
  [[nodiscard]] bool start_until(const std::function<bool()>& so);
  /// Deliveries so far of a command that had been delivered before.
  [[nodiscard]] std::uint64_t repeats() const;
  [[nodiscard]] bool await_quiet(Duration limit) { return quiet_.await_quiet(limit); }

  /// Stops everything and holds all that is left against the invariants. So many messages may lie
  /// in quarantine.
  Tally finish(Findings& findings, std::uint64_t quarantined = 0);
  /// Removes the files.
  void forget();

 private:
  class Server;
  [[nodiscard]] AmqpOptions through(const FrameProxy& proxy) const;

  SiteOptions options_;
  Files files_;
  Logbook log_;
  FrameProxy engine_side_;
  FrameProxy participant_side_;
  std::vector<std::unique_ptr<Server>> servers_;
  std::optional<SqliteStore> store_;
  std::string engine_id_;
  QuietWatch quiet_;
  std::optional<AmqpChannel> channel_;
  std::unique_ptr<Channel> decorated_;
  std::unique_ptr<Orchestrator> engine_;
  mutable std::mutex mutex_;
  std::uint64_t next_ = 0;
  Acknowledged acknowledged_;
};

/// Starts sagas and asks the engine questions all the while, and measures how long each took.
class Pulse {
 public:
  struct Counts {
    std::uint64_t started = 0;
    std::uint64_t refused = 0;  ///< As unavailable.
    std::uint64_t asked = 0;
    std::chrono::milliseconds slowest_start{0};
    std::chrono::milliseconds slowest_answer{0};
    std::string refusal;  ///< The last one's sentence.
  };
  /// Starts one saga per `interval`, at most `sagas`; asks as often.
  Pulse(Site& site, std::chrono::milliseconds interval, std::uint64_t sagas);
  ~Pulse() { (void)stop(); }
  Pulse(const Pulse&) = delete;
  Pulse& operator=(const Pulse&) = delete;
  /// What came of it so far.
  [[nodiscard]] Counts counts() const;
  Counts stop();
  /// Waits until all sagas were started, or refused.
  void await_end();

 private:
  void start_sagas(const std::stop_token& stop);
  void ask(const std::stop_token& stop);
  bool pause(const std::stop_token& stop);

  Site& site_;
  const std::chrono::milliseconds interval_;
  const std::uint64_t sagas_;
  mutable std::mutex mutex_;
  std::condition_variable_any stopped_;
  Counts counts_;
  bool ended_ = false;
  std::jthread asker_;
  std::jthread starter_;
};

}  // namespace skald::faults

// An engine whose store grows: sagas are started through it, as fast as earlier ones end.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <semaphore>
#include <string>

#include "skald/in_process_channel.hpp"
#include "skald/orchestrator.hpp"
#include "skald/sqlite_store.hpp"

namespace skald::bench {

/// One in so many sagas is of type rare_type and is turned back at its last step.
inline constexpr std::uint64_t rare_every = 10'000;
inline constexpr const char* rare_type = "rare";
/// Of sagas that sleep for a month in their first step.
inline constexpr const char* sleeping_type = "sleeping";
/// Of sagas that sleep for half a second.
inline constexpr const char* napping_type = "napping";

class GrowthEngine {
 public:
  explicit GrowthEngine(std::string path);
  ~GrowthEngine();
  GrowthEngine(const GrowthEngine&) = delete;
  GrowthEngine& operator=(const GrowthEngine&) = delete;

  /// Closes and opens it; answers the seconds that the opening took.
  double reopen();
  void close();

  /// Runs so many six-step sagas to their ends; answers the seconds.
  double run(std::uint64_t sagas);
  /// Runs sagas for so long; answers how many ended per second.
  double run_for(double seconds);
  /// Six-step sagas that have ended so far.
  [[nodiscard]] std::uint64_t ended() const { return ended_.load(); }
  /// Starts so many sagas of the type and does not wait for their ends; answers the seconds.
  double start(const char* type, std::uint64_t sagas);
  /// Milliseconds by which the naps ended too late, the worst of those that were taken so far;
  /// negative when one ended too early.
  [[nodiscard]] double worst_nap() const { return worst_nap_.load(); }
  [[nodiscard]] std::uint64_t naps() const { return naps_.load(); }

  [[nodiscard]] Orchestrator& engine() { return *engine_; }
  /// As `skald store backup` lets an engine do it; may run beside the rest.
  void backup(const std::string& target) { store_->backup(target); }

 private:
  void start_all(const std::function<bool()>& go_on, const std::function<void(std::uint64_t)>& one);
  void saw_end(const Saga& saga);

  std::string path_;
  std::counting_semaphore<> slots_;
  std::atomic<std::uint64_t> started_{0};
  std::atomic<std::uint64_t> ended_{0};
  std::atomic<std::uint64_t> naps_{0};
  std::atomic<double> worst_nap_{0};
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<InProcessChannel> channel_;
  std::unique_ptr<Orchestrator> engine_;
};

}  // namespace skald::bench

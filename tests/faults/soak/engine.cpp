#include "engine.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "../worker.hpp"
#include "skald/amqp_channel.hpp"
#include "skald/orchestrator.hpp"
#include "skald/sqlite_store.hpp"
#include "trade.hpp"

namespace skald::faults {
namespace {

constexpr std::size_t starter_threads = 32;
constexpr std::uint16_t participant_prefetch = 256;
constexpr std::uint64_t under_way_limit = 512;
constexpr std::uint64_t samples = 50;
constexpr std::size_t leaked_bytes = 2'048;
constexpr std::uint64_t leak_descriptor_every = 500;

AmqpOptions amqp_options(const SoakPart& part) {
  AmqpOptions options = AmqpOptions::parse(part.rabbitmq);
  options.prefix = part.prefix;
  return options;
}

// Keeps so many sagas under way until enough messages have passed, and counts these.
class SteadyLoad {
 public:
  explicit SteadyLoad(const SoakPart& part) : part_(part) {}

  [[nodiscard]] Observer observer() {
    return [this](const Definition&, const Saga& saga, const std::vector<Event>& events) {
      for (const Event& event : events) count(event);
      if (!is_end(saga.status)) return;
      const std::lock_guard lock(mutex_);
      --under_way_;
      room_.notify_one();
      if (under_way_ == 0) ended_.notify_all();
    };
  }

  /// Returns when all sagas have ended; answers how many there were.
  std::uint64_t drive(Orchestrator& engine) {
    std::atomic<std::uint64_t> started{0};
    {
      std::vector<std::jthread> starters;
      for (std::size_t i = 0; i < starter_threads; ++i) {
        starters.emplace_back([&] {
          while (take_room()) (void)engine.start(trade_type, trade_input(started++));
        });
      }
    }
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return under_way_ == 0; });
    return started;
  }

 private:
  bool take_room() {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return under_way_ < under_way_limit || is_enough(); });
    if (is_enough()) {
      room_.notify_all();
      return false;
    }
    ++under_way_;
    return true;
  }

  [[nodiscard]] bool is_enough() const { return messages_ >= part_.messages; }

  void count(const Event& event) {
    const bool answered = std::holds_alternative<StepSucceeded>(event) ||
                          std::holds_alternative<StepRejected>(event) ||
                          std::holds_alternative<StepCompensated>(event) ||
                          std::holds_alternative<AttemptFailed>(event);
    if (!answered && !std::holds_alternative<CommandIssued>(event)) return;
    const std::uint64_t now = ++messages_;
    if (part_.leak == Leak::memory) leaked_.emplace_back(leaked_bytes, 'x');
    if (part_.leak == Leak::descriptors && now % leak_descriptor_every == 0) {
      (void)::open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    if (now * samples / part_.messages != (now - 1) * samples / part_.messages) {
      report(fmt::format("at {}", now));
    }
  }

  const SoakPart& part_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::condition_variable ended_;
  std::uint64_t under_way_ = 0;
  std::atomic<std::uint64_t> messages_{0};
  std::vector<std::string> leaked_;  // only the engine's thread
};

}  // namespace

int run_soak_engine(const SoakPart& part) {
  SqliteStore store(part.store());
  std::unique_ptr<Trader> inside;
  std::unique_ptr<Channel> channel;
  if (part.rabbitmq.empty()) {
    inside = std::make_unique<Trader>(part.ledger());
    auto in_process = std::make_unique<InProcessChannel>();
    serve_in_process(inside->participant(), *in_process);
    channel = std::move(in_process);
  } else {
    channel = std::make_unique<AmqpChannel>(amqp_options(part));
  }
  SteadyLoad load(part);
  OrchestratorOptions options;
  options.observer = load.observer();
  options.control_socket = false;
  Orchestrator engine(store, *channel, options);
  engine.define(trade_definition());
  report("ready");
  report(fmt::format("started {}", load.drive(engine)));
  await_harness();
  engine.stop();
  if (engine.failure()) throw Error("the engine stopped: " + *engine.failure());
  return 0;
}

int run_soak_participant(const SoakPart& part) {
  Trader trader(part.ledger());
  serve_for_harness(trader.participant(), amqp_options(part), participant_prefetch);
  return 0;
}

}  // namespace skald::faults

#include "engine_inside.hpp"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <semaphore>
#include <thread>

#include "raw_sqlite.hpp"
#include "skald/in_process_channel.hpp"
#include "skald/orchestrator.hpp"
#include "skald/sqlite_store.hpp"

namespace skald::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

// start() blocks until its commit, so there must be enough callers to fill a batch.
constexpr int caller_count = 96;
constexpr std::chrono::milliseconds warm_up{400};
constexpr std::chrono::milliseconds stop_check{50};

OrchestratorOptions quiet_options() {
  OrchestratorOptions options;
  options.control_socket = false;
  return options;
}

void handle_all(InProcessChannel& channel) {
  for (const char* action : {"act", "undo"}) {
    channel.handle(participant_name, action, [](const HandlerCall&) { return Outcome::success(); });
  }
}

// Starts sagas as fast as earlier ones end.
class ClosedLoop {
 public:
  ClosedLoop(Store& store, Channel& channel, int steps, int in_flight, Starter starter)
      : starter_(starter),
        saga_{type_of(steps), payload(), {}},
        slots_(0),
        engine_(store, channel, watched()) {
    engine_.define(definition_of(steps));
    for (const StartOutcome& outcome :
         engine_.start_many(std::vector<NewSaga>(static_cast<std::size_t>(in_flight), saga_))) {
      check(outcome);
    }
    for (int i = 0; starter == Starter::callers && i < caller_count; ++i) {
      callers_.emplace_back([this](const std::stop_token& stop) { start_sagas(stop); });
    }
  }

  ~ClosedLoop() {
    stopping_ = true;
    for (std::jthread& caller : callers_) caller.request_stop();
    callers_.clear();
    engine_.stop();
  }
  ClosedLoop(const ClosedLoop&) = delete;
  ClosedLoop& operator=(const ClosedLoop&) = delete;

  [[nodiscard]] std::uint64_t ended() const { return ended_.load(); }

 private:
  OrchestratorOptions watched() {
    OrchestratorOptions options = quiet_options();
    options.observer = [this](const Definition&, const Saga& saga, const std::vector<Event>&) {
      if (!is_end(saga.status)) return;
      ++ended_;
      if (stopping_) return;
      if (starter_ == Starter::callers) {
        slots_.release();
      } else {
        engine_.start_async(next(), check);
      }
    };
    return options;
  }

  NewSaga next() {
    NewSaga saga = saga_;
    if (starter_ == Starter::keyed) saga.options.key = fmt::format("order-{}", ++keys_);
    return saga;
  }

  static void check(const StartOutcome& outcome) {
    const auto* refused = std::get_if<Refused>(&outcome);
    if (refused == nullptr || refused->code() == Refused::Code::unavailable) return;
    fmt::print(stderr, "skald_bench: a start was refused: {}\n", refused->what());
    std::abort();
  }

  void start_sagas(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (slots_.try_acquire_for(stop_check)) (void)engine_.start(saga_.type, saga_.input);
    }
  }

  const Starter starter_;
  const NewSaga saga_;
  std::atomic<std::uint64_t> ended_{0};
  std::uint64_t keys_ = 0;  // Of the thread that observes.
  std::atomic<bool> stopping_{false};
  std::counting_semaphore<> slots_;
  Orchestrator engine_;
  std::vector<std::jthread> callers_;
};

}  // namespace

Sample closed_loop(const Setting& setting, Channel& channel, int steps, int in_flight,
                   Starter starter) {
  SqliteStore store(setting.fresh_store());
  const ClosedLoop loop(store, channel, steps, in_flight, starter);
  std::this_thread::sleep_for(warm_up);
  const std::uint64_t before = loop.ended();
  const auto began = Clock::now();
  std::this_thread::sleep_for(std::chrono::duration<double>(setting.seconds));
  const std::chrono::duration<double> elapsed = Clock::now() - began;
  return {static_cast<double>(loop.ended() - before) / elapsed.count(), std::nullopt};
}

Sample one_at_a_time(const Setting& setting, Channel& channel, int steps) {
  constexpr Duration patience{10'000};
  SqliteStore store(setting.fresh_store());
  Orchestrator engine(store, channel, quiet_options());
  engine.define(definition_of(steps));
  const std::string type = type_of(steps);
  const JsonText input = payload();
  std::vector<double> latencies;
  const auto until = Clock::now() + std::chrono::duration<double>(setting.seconds);
  const auto began = Clock::now();
  while (Clock::now() < until) {
    const auto start = Clock::now();
    const auto result = engine.wait(engine.start(type, input), patience);
    if (!result || result->status != Status::completed) throw Error("a saga did not complete");
    latencies.push_back(Milliseconds(Clock::now() - start).count());
  }
  const std::chrono::duration<double> elapsed = Clock::now() - began;
  const double rate = static_cast<double>(latencies.size()) / elapsed.count();
  return {rate, latency_of(latencies)};
}

Row engine_inside(const Setting& setting, int steps, int in_flight, Starter starter) {
  const auto samples = setting.repeat([&] {
    InProcessChannel channel;
    handle_all(channel);
    return closed_loop(setting, channel, steps, in_flight, starter);
  });
  std::string name = fmt::format("engine in-process, {} steps, {} in flight", steps, in_flight);
  if (starter == Starter::keyed) name += ", each with a key";
  if (starter == Starter::callers) name += fmt::format(", {} callers", caller_count);
  return make_row(name, "sagas", transitions_of(steps), samples, raw_sqlite_name(512));
}

Row engine_undoing(const Setting& setting, int steps, int in_flight) {
  const std::string last = fmt::format("step-{}", steps);
  const auto samples = setting.repeat([&] {
    InProcessChannel channel;
    channel.handle(participant_name, "act", [&last](const HandlerCall& call) {
      return call.step() == last ? Outcome::rejected("NO") : Outcome::success();
    });
    channel.handle(participant_name, "undo", [](const HandlerCall&) { return Outcome::success(); });
    return closed_loop(setting, channel, steps, in_flight);
  });
  // All steps forward, and all but the refused one back.
  return make_row(fmt::format("engine in-process, {} steps undone, {} in flight", steps, in_flight),
                  "sagas", transitions_of(steps) + steps - 1, samples, raw_sqlite_name(512));
}

Row engine_alone(const Setting& setting, int steps) {
  const auto samples = setting.repeat([&] {
    InProcessChannel channel;
    handle_all(channel);
    return one_at_a_time(setting, channel, steps);
  });
  return make_row(fmt::format("engine in-process, {} steps, one saga alone", steps), "sagas",
                  transitions_of(steps), samples, raw_sqlite_name(1));
}

Row durable_starts(const Setting& setting, int callers, bool keyed) {
  const auto measure = [&] {
    SqliteStore store(setting.fresh_store());
    NullChannel channel;
    OrchestratorOptions options = quiet_options();
    options.waiting_sagas_limit = 10'000'000;  // All of them wait, for ever.
    Orchestrator engine(store, channel, options);
    engine.define(definition_of(6));
    const auto until = Clock::now() + std::chrono::duration<double>(setting.seconds);
    std::vector<std::vector<double>> latencies(static_cast<std::size_t>(callers));
    {
      std::vector<std::jthread> threads;
      for (std::size_t caller = 0; caller < latencies.size(); ++caller) {
        auto& mine = latencies[caller];
        threads.emplace_back([&, caller, type = type_of(6), input = payload()] {
          StartOptions how;
          for (auto start = Clock::now(); start < until; start = Clock::now()) {
            if (keyed) how.key = fmt::format("order-{}-{}", caller, mine.size());
            (void)engine.start(type, input, how);
            mine.push_back(Milliseconds(Clock::now() - start).count());
          }
        });
      }
    }
    std::vector<double> all;
    for (const auto& mine : latencies) all.insert(all.end(), mine.begin(), mine.end());
    return Sample{static_cast<double>(all.size()) / setting.seconds, latency_of(all)};
  };
  return make_row(
      fmt::format("durable start, {} callers{}", callers, keyed ? ", each with a key" : ""),
      "starts", 1, setting.repeat(measure));
}

}  // namespace skald::bench

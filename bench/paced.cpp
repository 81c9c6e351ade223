#include "paced.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "growth_probe.hpp"
#include "skald/error.hpp"
#include "skald/in_process_channel.hpp"
#include "skald/orchestrator.hpp"
#include "skald/sqlite_store.hpp"

namespace skald::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;
using Seconds = std::chrono::duration<double>;

constexpr int steps = 6;
constexpr std::chrono::milliseconds tick{1};
constexpr std::chrono::milliseconds warm_up{400};
// Of participants that are too slow.
constexpr std::size_t handler_threads = 8;
constexpr std::chrono::milliseconds handler_time{1};
constexpr double capacity = 1'200;  // Sagas a second, about.
constexpr std::size_t queue_limit = 512;
constexpr std::size_t waiting_sagas_limit = 1'000;
constexpr std::size_t caller_count = 64;
constexpr Duration patience{30'000};

double ms_since(Clock::time_point due) { return Milliseconds(Clock::now() - due).count(); }

// An engine, and the latencies of what was due after the warm-up.
class Paced {
 public:
  Paced(const Setting& setting, Channel& channel, std::size_t waiting_limit)
      : store_(setting.fresh_store()), engine_(store_, channel, options(waiting_limit)) {
    engine_.define(definition_of(steps));
  }
  ~Paced() { engine_.stop(); }
  Paced(const Paced&) = delete;
  Paced& operator=(const Paced&) = delete;

  /// Makes `rate` starts a second for so long, by as many callers as are needed for it.
  void start_at(double rate, double seconds) {
    const auto began = Clock::now();
    count_from_ = began + warm_up;
    const auto end = count_from_ + std::chrono::duration_cast<Clock::duration>(Seconds(seconds));
    const Seconds gap(1 / rate);
    std::atomic<std::uint64_t> next{0};
    std::vector<std::vector<double>> latencies(caller_count);
    {
      std::vector<std::jthread> callers;
      for (auto& mine : latencies) {
        callers.emplace_back([&] {
          for (;;) {
            const auto after =
                std::chrono::duration_cast<Clock::duration>(gap * static_cast<double>(next++));
            if (began + after >= end) return;
            std::this_thread::sleep_until(began + after);
            start_one(began + after, mine);
          }
        });
      }
    }
    for (const auto& mine : latencies) starts_.insert(starts_.end(), mine.begin(), mine.end());
  }

  /// Lets callers start one saga after the other, each waiting for room, for so long.
  void start_patiently(double seconds) {
    count_from_ = Clock::now() + warm_up;
    const auto end = count_from_ + std::chrono::duration_cast<Clock::duration>(Seconds(seconds));
    std::vector<std::jthread> callers;
    for (std::size_t i = 0; i < caller_count; ++i) {
      callers.emplace_back([this, end] {
        while (Clock::now() < end) {
          const auto due = Clock::now();
          (void)engine_.start(type_, input_, {.by = stamp(due), .wait_for_room = patience});
        }
      });
    }
  }

  /// Waits until nothing is under way any more.
  void settle() {
    const auto until = Clock::now() + std::chrono::seconds(30);
    while (under_way_ > 0) {
      if (Clock::now() > until) throw Error("sagas are still under way after half a minute");
      std::this_thread::sleep_for(tick);
    }
    engine_.stop();  // Nothing is added to the latencies any more.
  }

  /// Ends without waiting for sagas that nobody carries out.
  void stop() { engine_.stop(); }

  std::vector<double>& starts() { return starts_; }
  std::vector<double>& sagas() { return sagas_; }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }
  [[nodiscard]] std::uint64_t ended() const { return ended_in_time_; }
  [[nodiscard]] const std::string& refusal() const { return refusal_; }

 private:
  OrchestratorOptions options(std::size_t waiting_limit) {
    OrchestratorOptions options;
    options.control_socket = false;
    options.waiting_sagas_limit = waiting_limit;
    options.observer = [this](const Definition&, const Saga& saga, const std::vector<Event>& e) {
      saw(saga, e);
    };
    return options;
  }

  // The due time travels with the saga, in the name of who started it.
  static std::string stamp(Clock::time_point due) {
    return std::to_string(due.time_since_epoch().count());
  }

  void saw(const Saga& saga, const std::vector<Event>& events) {
    if (const auto* started = std::get_if<SagaStarted>(&events.front())) {
      due_[saga.id] = Clock::time_point(Clock::duration(std::stoll(started->requester.by)));
      ++under_way_;
    }
    if (!is_end(saga.status)) return;
    const auto found = due_.find(saga.id);
    if (found->second >= count_from_) sagas_.push_back(ms_since(found->second));
    if (Clock::now() >= count_from_) ++ended_in_time_;
    due_.erase(found);
    --under_way_;
  }

  void start_one(Clock::time_point due, std::vector<double>& latencies) {
    const bool counts = due >= count_from_;
    try {
      (void)engine_.start(type_, input_, {.by = stamp(due)});
      if (counts) latencies.push_back(ms_since(due));
    } catch (const Refused& refused) {
      const std::lock_guard lock{refusal_mutex_};
      refusal_ = refused.what();
      if (counts) ++refused_;
    }
  }

  SqliteStore store_;
  Clock::time_point count_from_{};
  std::string type_ = type_of(steps);
  JsonText input_ = payload();
  // The orchestrator's thread's, until it has stopped.
  std::unordered_map<SagaId, Clock::time_point> due_;
  std::vector<double> sagas_;
  std::vector<double> starts_;
  std::string refusal_;
  std::mutex refusal_mutex_;
  std::uint64_t refused_ = 0;
  std::atomic<std::uint64_t> ended_in_time_{0};
  std::atomic<std::int64_t> under_way_{0};
  Orchestrator engine_;
};

void handle_all(InProcessChannel& channel, std::chrono::milliseconds time) {
  for (const char* action : {"act", "undo"}) {
    channel.handle(participant_name, action, [time](const HandlerCall&) {
      if (time.count() > 0) std::this_thread::sleep_for(time);
      return Outcome::success();
    });
  }
}

double per_second(std::uint64_t count, const Setting& setting) {
  return static_cast<double>(count) / setting.seconds;
}

Latency latency_or_throw(std::vector<double>& milliseconds) {
  if (milliseconds.empty()) throw Error("nothing was measured at a given rate");
  return latency_of(milliseconds);
}

}  // namespace

Row paced_starts(const Setting& setting, double rate) {
  const auto samples = setting.repeat([&] {
    NullChannel channel;
    Paced paced(setting, channel, SIZE_MAX);
    paced.start_at(rate, setting.seconds);
    paced.stop();
    return Sample{per_second(paced.starts().size(), setting), latency_or_throw(paced.starts())};
  });
  return make_row(fmt::format("durable start, {:.0f} due a second", rate), "starts", 1, samples);
}

Row paced_sagas(const Setting& setting, double rate) {
  const auto samples = setting.repeat([&] {
    InProcessChannel channel;
    handle_all(channel, {});
    Paced paced(setting, channel, SIZE_MAX);
    paced.start_at(rate, setting.seconds);
    paced.settle();
    return Sample{per_second(paced.sagas().size(), setting), latency_or_throw(paced.sagas())};
  });
  const auto name = fmt::format("engine in-process, 6 steps, {:.0f} due a second", rate);
  return make_row(name, "sagas", transitions_of(steps), samples);
}

Row overload(const Setting& setting, Demand demand) {
  const auto samples = setting.repeat([&] {
    InProcessChannel channel({.threads = handler_threads, .queue_limit = queue_limit});
    handle_all(channel, handler_time);
    Paced paced(setting, channel, waiting_sagas_limit);
    const double before = resident_mib();
    // Twice as long as others: what grows without bound needs time to show it.
    const double seconds = 2 * setting.seconds;
    switch (demand) {
      case Demand::normal: paced.start_at(0.6 * capacity, seconds); break;
      case Demand::refused: paced.start_at(4 * capacity, seconds); break;
      case Demand::waiting: paced.start_patiently(seconds); break;
    }
    const double after = resident_mib();
    const std::uint64_t ended = paced.ended();
    paced.settle();
    Sample sample{static_cast<double>(ended) / seconds, latency_or_throw(paced.sagas()), {}};
    sample.note =
        fmt::format("RSS {:.0f} MiB before, {:.0f} after; {} starts refused{}", before, after,
                    paced.refused(), paced.refused() > 0 ? ": " + paced.refusal() : "");
    return sample;
  });
  const char* name = demand == Demand::normal    ? "slow participants, 60 % of what they can do"
                     : demand == Demand::refused ? "slow participants, 400 %, refused"
                                                 : "slow participants, 64 callers wait for room";
  return make_row(name, "sagas", transitions_of(steps), samples);
}

}  // namespace skald::bench

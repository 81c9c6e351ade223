#include "in_process_pool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "skald/text.hpp"

namespace skald {
namespace {

// Between two warnings about the same participant.
constexpr std::chrono::seconds warning_interval{60};
// Handlers that one warning names.
constexpr std::size_t named_max = 4;

Duration rounded(std::chrono::steady_clock::duration time) {
  return std::chrono::floor<Duration>(time);
}

}  // namespace

void InProcessChannel::Pool::watch(const std::stop_token& stop) {
  const Duration interval = std::max(setting_.hung_after / 2, Duration{1});
  std::unique_lock lock(mutex_);
  while (!watch_.wait_for(lock, stop, interval, [&stop] { return stop.stop_requested(); })) {
    const std::vector<std::string> warnings = find_hung(Clock::now());
    lock.unlock();
    for (const std::string& warning : warnings) log_(LogLevel::warning, warning);
    lock.lock();
  }
}

std::vector<std::string> InProcessChannel::Pool::find_hung(Clock::time_point now) {
  struct Hung {
    InProcessParticipant* participant;
    std::size_t threads = 0;
    std::size_t behind = 0;  // in the hands of these threads
    std::string names;
  };
  std::vector<Hung> all;
  for (const auto& worker : workers_) {
    InProcessParticipant* const participant = worker->participant;
    if (participant == nullptr || participant->has_thread_left()) continue;
    const auto hand = std::pair(worker->hand.begin(), worker->hand.begin() + worker->size);
    const auto run =
        std::find_if(hand.first, hand.second, [](const Run& r) { return r.is_running(); });
    if (run == hand.second) continue;
    const auto time = now - run->began.load(std::memory_order_relaxed);
    if (time <= setting_.hung_after) continue;
    auto found = std::find_if(all.begin(), all.end(),
                              [&](const Hung& hung) { return hung.participant == participant; });
    if (found == all.end()) found = all.insert(found, Hung{participant, 0, 0, {}});
    if (++found->threads <= named_max) {
      found->names +=
          fmt::format("{}{} for {}", found->names.empty() ? "" : ", ",
                      escape_controls(run->command().action), format_duration(rounded(time)));
    }
    found->behind += static_cast<std::size_t>(
        std::count_if(run, hand.second, [](const Run& r) { return r.is_waiting(); }));
  }
  std::vector<std::string> warnings;
  for (const Hung& hung : all) {
    InProcessParticipant& participant = *hung.participant;
    if (hung.threads < participant.share) continue;
    if (participant.warned_at && now - *participant.warned_at < warning_interval) continue;
    participant.warned_at = now;
    warnings.push_back(fmt::format(
        "participant {}: all {} thread{} of its share {} in handlers that do not return ({}{}), "
        "and {} commands wait; give these handlers time limits of their own. How many threads one "
        "participant may hold is set by share and shares of InProcessOptions, or share() of the "
        "channel",
        escape_controls(participant.name), participant.share, participant.share == 1 ? "" : "s",
        participant.share == 1 ? "is" : "are", hung.names, hung.threads > named_max ? ", …" : "",
        participant.queue.size() + hung.behind));
  }
  return warnings;
}

}  // namespace skald

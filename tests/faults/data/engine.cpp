#include "engine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>
#include <tuple>

#include "broken_store.hpp"
#include "effort.hpp"
#include "orchestrator/inbox.hpp"
#include "skald/limits.hpp"
#include "skald/sqlite_store.hpp"
#include "skald/text.hpp"

namespace skald::faults {
namespace {

// Turns in which nothing happened, one after the other, before somebody says that they are wasted.
constexpr int idle_turns_max = 8;
constexpr int turns_max = 20'000;

// One frame for each command that waits behind this one, as code had it that looked at the next of
// a family from within the one before. A turn's share bounds the depth, so the frames are large.
[[gnu::noinline]] std::size_t send_nested(std::deque<Command>& sent, std::span<Command> commands) {
  volatile char frame[64 * 1024];
  frame[commands.size() % sizeof frame] = 1;
  if (commands.empty()) return 0;
  sent.push_back(std::move(commands.front()));
  return send_nested(sent, commands.subspan(1)) +
         static_cast<std::size_t>(frame[commands.size() % sizeof frame]);
}

}  // namespace

void StoryChannel::send(std::vector<Command> commands) {
  if (mutant_ == DataMutant::recursion) {
    (void)send_nested(sent, commands);
    return;
  }
  for (Command& command : commands) {
    if (mutant_ != DataMutant::parts_only || command.id.direction != Direction::compensate)
      continue;
    std::string body = command.body.text();
    body.pop_back();
    body += R"(,"more":")" + std::string(body_bytes_max, 'y') + "\"}";
    command.body = JsonText::trusted(std::move(body));
  }
  KeepingChannel::send(std::move(commands));
}

Reconsidered StoryChannel::reconsider(const QuarantinedMessage& message) const {
  if (mutant_ == DataMutant::strict_dump) (void)Json(message.body).dump();
  return KeepingChannel::reconsider(message);
}

struct WatchedEngine::Progress {
  Position last = 0;
  std::size_t sent = 0;
  std::size_t timers = 0;
  friend bool operator==(const Progress&, const Progress&) = default;
};

WatchedEngine::WatchedEngine(std::string file, Tally& tally, DataMutant mutant)
    : file_(std::move(file)), tally_(tally), mutant_(mutant), channel_(mutant) {
  (void)open(Mode::engine);
}

WatchedEngine::~WatchedEngine() { close(); }

bool WatchedEngine::open(Mode mode) {
  const bool opened = guarded("opening", [this, mode] {
    if (file_.empty()) {
      store_ = std::make_unique<MemoryStore>(disk_);
    } else {
      store_ = std::make_unique<SqliteStore>(file_);
    }
    damaged_ = to_damage_;
    with_damage_ = damage_store(damaged_, *store_);
    broken_ = break_store(mutant_, *with_damage_);
    told_ = broken_ ? broken_.get() : with_damage_.get();
    Coordinator::Settings settings;
    settings.mode = mode;
    settings.id_seed = ++lives_ * 7919 + tally_.next_seed;
    if (mutant_ == DataMutant::slow_turn) {
      settings.turn = {.decisions = UINT64_MAX, .bytes = UINT64_MAX, .rows = UINT64_MAX};
    }
    settings.guarded = mutant_ != DataMutant::no_guard;
    settings.log = [this](LogLevel level, std::string_view line) { judge_log(level, line); };
    Channel& channel = mode == Mode::engine ? static_cast<Channel&>(channel_) : no_channel_;
    coordinator_ = std::make_unique<Coordinator>(*told_, channel, std::move(settings));
    coordinator_->recover(now);
  });
  if (!opened || mode != Mode::engine) return opened;
  std::vector<Arrival> room;
  room.emplace_back(RoomArrival{});
  return process(std::move(room));
}

void WatchedEngine::judge_log(LogLevel level, std::string_view line) {
  tally_.expect(Rule::E7, line.find("4111-secret") == std::string_view::npos,
                "a line of the log tells a secret");
  if (level != LogLevel::error) return;
  const bool named = line.find("saga ") != std::string_view::npos ||
                     line.find("definition ") != std::string_view::npos ||
                     line.find("message ") != std::string_view::npos;
  tally_.expect(Rule::E4, named, fmt::format("the log does not say what it is about: {}", line));
}

void WatchedEngine::close() {
  coordinator_.reset();
  broken_.reset();
  with_damage_.reset();
  store_.reset();
  told_ = nullptr;
  channel_.sent.clear();
}

// Calls into the engine. What it throws is found; no disk fails here, and nobody takes it over.
bool WatchedEngine::guarded(const char* what, const std::function<void()>& call) {
  std::string problem;
  try {
    call();
  } catch (const std::exception& error) {
    problem = fmt::format("{} ended the engine: {}", what, error.what());
  }
  tally_.expect(Rule::E1, problem.empty(), problem);
  return problem.empty();
}

bool WatchedEngine::revive() {
  close();
  if (open(Mode::engine)) return true;
  tally_.add_finding(Rule::E1, "it ends again at every restart");
  close();
  return false;
}

bool WatchedEngine::process(std::vector<Arrival> arrivals) {
  constexpr double turn_ms_max = 100;
  const EffortMeter meter;
  const bool alive = guarded("a turn", [&] { coordinator_->process(std::move(arrivals), now); });
  const Effort effort = meter.read();
  if (effort.ms() > tally_.longest_turn.ms()) tally_.longest_turn = effort;
  tally_.expect(Rule::E3, effort.ms() <= turn_ms_max,
                fmt::format("a turn has {} decisions, {} bytes and {} rows", effort.decisions,
                            effort.bytes, effort.rows));
  return alive;
}

std::optional<Time> WatchedEngine::next_due() const {
  if (mutant_ == DataMutant::busy_wait) return now;
  return coordinator_->next_due();
}

WatchedEngine::Progress WatchedEngine::progress() {
  return {told_->last_position(), channel_.sent.size(), coordinator_->timers()};
}

bool WatchedEngine::settle() {
  int idle = 0;
  for (int turns = 0; turns < turns_max; ++turns) {
    const auto due = next_due();
    if (!due || *due > now) {
      tally_.expect(Rule::E6, true, "");
      check_far_wait();
      return true;
    }
    const Progress before = progress();
    if (!process({})) return false;
    idle = before == progress() ? idle + 1 : 0;
    if (idle < idle_turns_max) continue;
    tally_.expect(Rule::E6, false, "the engine is always due, and does nothing");
    return true;
  }
  tally_.expect(Rule::E3, false, fmt::format("it is not at rest after {} turns", turns_max));
  return true;
}

// The shell waits until the engine is due; a wait for centuries must be one, too.
void WatchedEngine::check_far_wait() {
  using namespace std::chrono_literals;
  const auto due = next_due();
  if (waited_far_ || !due || *due - now < 24h * 365 * 100) return;
  waited_far_ = true;
  tally_.did(Deed::wait_far_ahead);
  Inbox inbox{1};
  std::atomic<bool> nudged{false};
  std::jthread waker([&] {
    const auto until = std::chrono::steady_clock::now() + 20ms;
    while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
    nudged = true;
    inbox.nudge();
  });
  (void)inbox.take(1, *due - now);
  tally_.expect(Rule::E6, nudged, "a wait for a time far ahead is over at once");
}

bool WatchedEngine::turn(std::vector<Arrival> arrivals) {
  if (process(std::move(arrivals)) && settle()) return true;
  // What made it end is gone with it, or is not: then no restart helps.
  return revive() && (settle() || (revive() && settle()));
}

bool WatchedEngine::crash() {
  tally_.did(Deed::engine_crashed);
  close();
  if (!open(Mode::engine) && !revive()) return false;
  return settle() || revive();
}

bool WatchedEngine::one_shot(Arrival arrival) {
  tally_.did(Deed::one_shot_owner);
  close();
  if (!open(Mode::momentary)) {
    tally_.add_finding(Rule::E4, "no request is possible while the engine is down");
    return false;
  }
  std::vector<Arrival> batch;
  batch.push_back(std::move(arrival));
  (void)process(std::move(batch));
  close();
  return (open(Mode::engine) || revive()) && settle();
}

bool WatchedEngine::advance(Time limit) {
  const auto due = next_due();
  if (!due || *due > limit) return false;
  now = std::max(now, *due);
  return true;
}

}  // namespace skald::faults

#include "growth_engine.hpp"

#include <chrono>
#include <cmath>
#include <thread>
#include <vector>

#include "setting.hpp"
#include "skald/definition_builder.hpp"

namespace skald::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr int steps = 6;
constexpr int in_flight = 2048;
// start() blocks until its commit, so there must be enough callers to fill a batch.
constexpr int starter_count = 128;
constexpr std::chrono::milliseconds nap{500};
constexpr std::chrono::milliseconds stop_check{50};

Definition rare_definition() {
  DefinitionBuilder builder(rare_type, 1);
  for (int i = 1; i <= steps; ++i) {
    builder.step("step-" + std::to_string(i))
        .participant(participant_name)
        .action(i == steps ? "refuse" : "act")
        .compensation("undo");
  }
  return builder.build();
}

Definition sleeping_definition(const char* type, Duration time) {
  DefinitionBuilder builder(type, 1);
  builder.step("sleep").sleep(time);
  builder.step("act").participant(participant_name).action("act").compensation("undo");
  return builder.build();
}

}  // namespace

GrowthEngine::GrowthEngine(std::string path) : path_(std::move(path)), slots_(in_flight) {
  static_cast<void>(reopen());
  engine_->define(definition_of(steps));
  engine_->define(rare_definition());
  engine_->define(sleeping_definition(sleeping_type, std::chrono::hours(30 * 24)));
  engine_->define(sleeping_definition(napping_type, nap));
}

GrowthEngine::~GrowthEngine() { close(); }

void GrowthEngine::close() {
  if (engine_) engine_->stop();
  engine_.reset();
  channel_.reset();
  store_.reset();
}

double GrowthEngine::reopen() {
  close();
  channel_ = std::make_unique<InProcessChannel>();
  for (const char* action : {"act", "undo"}) {
    channel_->handle(participant_name, action,
                     [](const HandlerCall&) { return Outcome::success(); });
  }
  channel_->handle(participant_name, "refuse",
                   [](const HandlerCall&) { return Outcome::rejected("NO"); });
  OrchestratorOptions options;
  options.observer = [this](const Definition&, const Saga& saga, const std::vector<Event>&) {
    saw_end(saga);
  };
  const auto began = Clock::now();
  store_ = std::make_unique<SqliteStore>(path_);
  engine_ = std::make_unique<Orchestrator>(*store_, *channel_, options);
  return Seconds(Clock::now() - began).count();
}

void GrowthEngine::saw_end(const Saga& saga) {
  if (!is_end(saga.status)) return;
  if (saga.type == napping_type) {
    const auto& sleep = saga.steps.front();
    const Duration slept = *sleep.ended_at - *sleep.started_at;
    const double late = static_cast<double>((slept - nap).count());
    if (std::abs(late) > std::abs(worst_nap_.load())) worst_nap_ = late;
    ++naps_;
    return;
  }
  ++ended_;
  slots_.release();
}

void GrowthEngine::start_all(const std::function<bool()>& go_on,
                             const std::function<void(std::uint64_t)>& one) {
  std::vector<std::jthread> starters;
  for (int i = 0; i < starter_count; ++i) {
    starters.emplace_back([&] {
      while (go_on()) one(started_++);
    });
  }
}

double GrowthEngine::run(std::uint64_t sagas) {
  const std::string type = type_of(steps);
  const JsonText input = payload();
  std::atomic<std::int64_t> left{static_cast<std::int64_t>(sagas)};
  const std::uint64_t goal = ended_ + sagas;
  const auto began = Clock::now();
  start_all([&left] { return --left >= 0; },
            [&](std::uint64_t n) {
              slots_.acquire();
              (void)engine_->start(n % rare_every == 0 ? rare_type : type, input);
            });
  while (ended_ < goal) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return Seconds(Clock::now() - began).count();
}

double GrowthEngine::run_for(double seconds) {
  const std::string type = type_of(steps);
  const JsonText input = payload();
  const auto until = Clock::now() + Seconds(seconds);
  const std::uint64_t before = ended_;
  std::uint64_t after = 0;
  std::thread watch([&] {
    std::this_thread::sleep_until(until);
    after = ended_;
  });
  start_all([&] { return Clock::now() < until; },
            [&](std::uint64_t n) {
              if (!slots_.try_acquire_for(stop_check)) return;
              (void)engine_->start(n % rare_every == 0 ? rare_type : type, input);
            });
  watch.join();
  return static_cast<double>(after - before) / seconds;
}

double GrowthEngine::start(const char* type, std::uint64_t sagas) {
  const JsonText input = payload();
  std::atomic<std::int64_t> left{static_cast<std::int64_t>(sagas)};
  const auto began = Clock::now();
  start_all([&left] { return --left >= 0; },
            [&](std::uint64_t) { (void)engine_->start(type, input); });
  return Seconds(Clock::now() - began).count();
}

}  // namespace skald::bench

// Everything at once, by seed: outages, crashes and full disks under all policies. Limits hold all
// the time, and once the trouble is over every saga comes to its end.
#include <doctest/doctest.h>

#include <map>
#include <random>

#include "scripted_channel.hpp"

using namespace skald;
using skald::testing::Engine;
using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t seed_count = 150;
constexpr std::uint32_t a_places = 4;
constexpr std::int64_t b_burst = 3;
constexpr Duration b_interval{200};

constexpr const char* stormy = R"({
  "saga": "order", "version": 1,
  "participants": {
    "a": {"bulkhead": {"max_in_flight": 4}, "breaker": {"failures": 3, "delay": "2s"}},
    "b": {"rate_limit": {"rate": "5/s", "burst": 3},
          "breaker": {"failure_rate": 0.5, "min_calls": 4, "window": "10s", "delay": "1s",
                      "max_delay": "5s", "probes": 2, "successes": 3}},
    "c": {"retry_budget": {"ratio": 0.2, "min_per_second": 0.5, "window": "5s"}}},
  "defaults": {"timeout": "1s",
    "retry": {"max_attempts": 4, "initial_delay": "100ms", "max_delay": "1s"},
    "compensation_retry": {"max_attempts": 100, "initial_delay": "100ms", "max_delay": "1s"}},
  "steps": [
    {"name": "one", "participant": "a", "action": "act", "compensation": "undo"},
    {"name": "two", "participant": "b", "action": "act", "compensation": "undo"},
    {"name": "three", "participant": "a", "action": "act", "compensation": "undo"},
    {"name": "four", "participant": "c", "action": "act", "compensation": "none"}]})";

class Storm {
 public:
  explicit Storm(std::uint32_t seed) : random_(seed) {}

  void rage() {
    for (int i = 0; i < 300; ++i) {
      const std::uint32_t dice = roll(100);
      if (dice < 25 && ids_.size() < 40) {
        ids_.emplace_back();
        engine_.tell(engine_.start_arrival({}, Json::object(), &ids_.back()));
        if (ids_.back().empty()) ids_.pop_back();  // Refused by a full disk.
      } else if (dice < 70) {
        answer_any();
      } else if (dice < 94) {
        pass_time(Duration(roll(400)));
      } else if (dice < 97) {
        engine_.disk.fail_writes(roll(2) == 0 ? std::optional(StoreError::Kind::full)
                                              : std::nullopt);
      } else {
        crash();
      }
      check();
    }
  }

  // Answers come at once and are good: all must become quiet.
  void calm_down() {
    engine_.disk.fail_writes(std::nullopt);
    for (int i = 0; i < 5'000; ++i) {
      take();
      if (!in_flight_.empty()) {
        const Command command = in_flight_.begin()->second;
        in_flight_.erase(in_flight_.begin());
        engine_.tell(Engine::reply(command, Outcome::success()));
      } else if (engine_.next_due()) {
        pass_time(std::max(*engine_.next_due() - engine_.now, Duration{1}));
      } else {
        break;
      }
      check();
    }
    for (const SagaId& id : ids_) {
      CAPTURE(id.to_string());
      CAPTURE(to_string(engine_.status(id)));
      CHECK(is_end(engine_.status(id)));
    }
  }

 private:
  std::uint32_t roll(std::uint32_t sides) { return static_cast<std::uint32_t>(random_() % sides); }

  void take() {
    while (!engine_.channel.sent.empty()) {
      Command command = engine_.channel.take();
      if (command.participant == "b" && issued_.insert(command.id.to_string()).second) {
        b_issued_.push_back(engine_.now);
      }
      engine_.tell(SentArrival{command.id.saga, command.attempt});
      in_flight_[command.id.to_string()] = std::move(command);
    }
  }

  void answer_any() {
    take();
    if (in_flight_.empty()) return;
    auto which = in_flight_.begin();
    std::advance(which, roll(static_cast<std::uint32_t>(in_flight_.size())));
    const Command command = which->second;
    in_flight_.erase(which);
    const std::uint32_t dice = roll(10);
    const Outcome outcome = dice < 5   ? Outcome::success()
                            : dice < 8 ? Outcome::failed("DOWN")
                            : dice < 9 ? Outcome::unknown("LOST")
                            : command.id.direction == Direction::action
                                ? Outcome::rejected("NO")
                                : Outcome::failed("NOT_YET");
    engine_.tell(Engine::reply(command, outcome));
  }

  void pass_time(Duration duration) {
    engine_.now += duration;
    engine_.tell();
  }

  void crash() {
    engine_.disk.fail_writes(std::nullopt);
    engine_.now += 1s;
    in_flight_.clear();
    engine_.crash();
  }

  // What the store says is outstanding, and when commands to the rate-limited one went out.
  void check() {
    take();
    std::uint32_t at_a = 0;
    for (const SagaId& id : ids_) {
      for (const AttemptRef& attempt : outstanding_attempts(engine_.saga(id))) {
        if (attempt.step == 0 || attempt.step == 2) ++at_a;
      }
    }
    REQUIRE(at_a <= a_places);
    const auto count = static_cast<std::int64_t>(b_issued_.size());
    for (std::int64_t i = std::max<std::int64_t>(0, count - 50); i < count; ++i) {
      const auto since = static_cast<std::size_t>(i);
      REQUIRE((count - i - b_burst) * b_interval <= engine_.now - b_issued_[since]);
    }
  }

  std::mt19937 random_;
  Engine engine_{stormy};
  std::deque<SagaId> ids_;
  std::map<std::string, Command> in_flight_;
  std::set<std::string> issued_;
  std::vector<Time> b_issued_;
};

}  // namespace

TEST_CASE("through outages, crashes and full disks the limits hold, and all sagas end") {
  for (std::uint32_t seed = 1; seed <= seed_count; ++seed) {
    CAPTURE(seed);
    Storm storm(seed);
    storm.rage();
    storm.calm_down();
  }
}

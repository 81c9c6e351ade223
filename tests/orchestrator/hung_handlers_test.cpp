// Handlers inside the process that do not return, under a real engine and its pool.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>

#include "skald/in_process_channel.hpp"
#include "skald/memory_store.hpp"
#include "skald/orchestrator.hpp"

using namespace skald;
using namespace std::chrono_literals;

namespace {

constexpr Duration patience = 20s;

/// Counts what happens, and lets tests and handlers wait for it.
class Milestones {
 public:
  void reach(const std::string& what) {
    const std::lock_guard lock(mutex_);
    ++counts_[what];
    changed_.notify_all();
  }
  [[nodiscard]] int count(const std::string& what) {
    const std::lock_guard lock(mutex_);
    return counts_[what];
  }
  [[nodiscard]] bool wait_for(const std::string& what, int count = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return counts_[what] >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int> counts_;
};

// False when nobody asks the handler to stop.
bool poll_stop(const HandlerCall& call) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!call.stop().stop_requested()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

/// One engine with its handlers in a pool; commands issued are milestones `STEP/DIRECTION/ATTEMPT`.
struct World {
  explicit World(std::size_t threads) : channel({.threads = threads}) {}
  void open() {
    OrchestratorOptions options;
    options.observer = [this](const Definition& definition, const Saga& saga,
                              const std::vector<Event>& events) {
      for (const Event& event : events) {
        const auto* issued = std::get_if<CommandIssued>(&event);
        if (issued == nullptr) continue;
        milestones.reach(definition.steps[issued->attempt.step].name + "/" +
                         to_string(issued->attempt.direction) + "/" +
                         std::to_string(issued->attempt.attempt));
        if (is_end(saga.status)) milestones.reach("issued after the end");
      }
    };
    orders.emplace(store, channel, std::move(options));
  }
  void define(const std::string& steps, const std::string& type = "order") {
    orders->define(parse_definition(R"({"saga": ")" + type +
                                    R"(", "version": 1, "defaults": {"timeout": "1500ms",
        "retry": {"max_attempts": 1000, "initial_delay": "1ms", "jitter": "none"}}, "steps": [)" +
                                    steps + "]}"));
  }
  [[nodiscard]] Status end_of(const SagaId& id) {
    const auto result = orders->wait(id, patience);
    REQUIRE(result);
    return result->status;
  }

  MemoryStore store;
  InProcessChannel channel;
  Milestones milestones;
  std::optional<Orchestrator> orders;
};

const std::string charge =
    R"({"name": "a", "participant": "payments", "action": "charge", "compensation": "refund"})";

}  // namespace

TEST_CASE("sagas of other participants complete while all handlers of one hang") {
  World world(3);
  world.channel.handle("payments", "charge", [&](const HandlerCall&) {
    world.milestones.reach("hangs");
    CHECK(world.milestones.wait_for("released"));
    return Outcome::success();
  });
  world.channel.handle("payments", "refund", [](const HandlerCall&) { return Outcome::success(); });
  world.channel.handle("stock", "reserve", [](const HandlerCall&) { return Outcome::success(); });
  SUBCASE("by default") {}
  SUBCASE("with a share of 1") { world.channel.share("payments", 1); }
  world.open();
  world.define(charge, "paid");
  world.define(R"({"name": "s", "participant": "stock", "action": "reserve",
                   "compensation": "none"})",
               "free");
  for (int i = 0; i < 30; ++i) (void)world.orders->start("paid", Json::object());
  REQUIRE(world.milestones.wait_for("hangs"));
  for (int i = 0; i < 30; ++i) {
    CHECK(world.end_of(world.orders->start("free", Json::object())) == Status::completed);
  }
  world.milestones.reach("released");
}

TEST_CASE("a handler is asked to stop at its attempt's timeout, with a retry behind it") {
  World world(2);
  world.channel.handle("payments", "charge", [&](const HandlerCall& call) {
    // The second attempt joins this one, or comes when this one has just been answered.
    if (call.attempt() > 1) return Outcome::success({{"charge", 7}});
    if (poll_stop(call)) world.milestones.reach("stopped");
    CHECK(world.milestones.wait_for("a/action/2"));
    CHECK(call.stop().stop_requested());
    return Outcome::success({{"charge", 7}});
  });
  world.channel.handle("payments", "refund", [](const HandlerCall&) { return Outcome::success(); });
  world.open();
  world.define(charge);
  const Started started = world.orders->start("order", Json::object());
  const auto result = world.orders->wait(started, patience);
  REQUIRE(result);
  CHECK(result->status == Status::completed);
  CHECK(world.milestones.count("stopped") == 1);
}

TEST_CASE("once a saga has turned back, its handler is asked to stop and answers for nothing") {
  World world(2);
  Outcome late = Outcome::success({{"charge", 7}});
  SUBCASE("a late success") {}
  SUBCASE("a late rejection") { late = Outcome::rejected("DECLINED"); }
  SUBCASE("a late failure") { late = Outcome::failed("BUSY"); }
  SUBCASE("a late unknown") { late = Outcome::unknown("GATEWAY_TIMEOUT"); }
  world.channel.handle("payments", "charge", [&](const HandlerCall& call) {
    world.milestones.reach("runs");
    if (poll_stop(call)) world.milestones.reach("stopped");
    CHECK(world.milestones.wait_for("released"));
    return late;
  });
  world.channel.handle("payments", "refund", [&](const HandlerCall&) {
    world.milestones.reach("refunded");
    return Outcome::success();
  });
  world.channel.handle("payments", "block", [&](const HandlerCall&) {
    world.milestones.reach("blocked");
    CHECK(world.milestones.wait_for("unblocked"));
    return Outcome::success();
  });
  world.channel.handle("payments", "pass", [](const HandlerCall&) { return Outcome::success(); });
  world.open();
  world.define(charge);
  const auto single = [](const std::string& action) {
    return R"({"name": "x", "timeout": "1m", "participant": "payments", "compensation": "none",
               "action": ")" +
           action + R"("})";
  };
  world.define(single("block"), "block");
  world.define(single("pass"), "pass");
  const Started started = world.orders->start("order", Json::object());
  REQUIRE(world.milestones.wait_for("runs"));
  REQUIRE(world.orders->handle({{"verb", "cancel"}, {"id", started.id.to_string()}})["ok"] == true);
  CHECK(world.end_of(started) == Status::compensated);
  CHECK(world.milestones.wait_for("stopped"));
  CHECK(world.milestones.count("refunded") == 1);
  // With the other thread busy, the next saga runs on the thread that gives the late answer first.
  const Started blocking = world.orders->start("block", Json::object());
  REQUIRE(world.milestones.wait_for("blocked"));
  world.milestones.reach("released");
  CHECK(world.end_of(world.orders->start("pass", Json::object())) == Status::completed);
  CHECK(world.end_of(started) == Status::compensated);
  CHECK(world.milestones.count("runs") == 1);
  CHECK(world.milestones.count("refunded") == 1);
  CHECK(world.milestones.count("issued after the end") == 0);
  world.milestones.reach("unblocked");
  CHECK(world.end_of(blocking) == Status::completed);
}

TEST_CASE(
    "a handler is asked to stop when the engine stops, and is called again at the next start") {
  World world(2);
  std::atomic<bool> first{true};
  world.channel.handle("payments", "charge", [&](const HandlerCall& call) {
    world.milestones.reach("runs");
    if (!first.exchange(false)) return Outcome::success();
    if (poll_stop(call)) world.milestones.reach("stopped");
    return Outcome::unknown("STOPPED");
  });
  world.channel.handle("payments", "refund", [](const HandlerCall&) { return Outcome::success(); });
  world.open();
  world.orders->define(
      parse_definition(R"({"saga": "order", "version": 1, "steps": [)" + charge + "]}"));
  const Started started = world.orders->start("order", Json::object());
  REQUIRE(world.milestones.wait_for("runs"));
  world.orders->stop();
  CHECK(world.milestones.count("stopped") == 1);
  world.orders.reset();
  world.open();
  CHECK(world.end_of(started) == Status::completed);
  CHECK(world.milestones.count("runs") == 2);
}

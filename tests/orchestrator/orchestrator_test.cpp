// The orchestrator as a service embeds it: threads, waiting, stopping, reopening.
#include <doctest/doctest.h>

#include <atomic>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "scripted_channel.hpp"
#include "skald/in_process_channel.hpp"
#include "skald/memory_store.hpp"
#include "skald/orchestrator.hpp"
#include "skald/sqlite_store.hpp"

using namespace skald;
using skald::testing::order_definition;
using namespace std::chrono_literals;

namespace {

void handle_order(InProcessChannel& channel, std::atomic<int>& effects) {
  const auto succeed = [&effects](const HandlerCall&) {
    ++effects;
    return Outcome::success({{"done", true}});
  };
  channel.handle("inventory", "reserve", succeed);
  channel.handle("inventory", "release", succeed);
  channel.handle("payment", "charge", [&effects](const HandlerCall& call) {
    if (call.input().value("card", "good") == "bad") return Outcome::rejected("DECLINED");
    ++effects;
    return Outcome::success({});
  });
  channel.handle("payment", "refund", succeed);
  channel.handle("shipping", "schedule", succeed);
}

struct TemporaryFolder {
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "skald-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

}  // namespace

TEST_CASE("three lines embed an orchestrator: start is durable, wait gives the result") {
  const TemporaryFolder folder;
  std::atomic<int> effects{0};
  SqliteStore store{(folder.path / "orders.db").string()};
  InProcessChannel channel;
  handle_order(channel, effects);
  Orchestrator orders{store, channel};
  orders.define(parse_definition(order_definition));

  const auto good = orders.start("order", Json{{"card", "good"}}, {.key = "order-1"});
  const auto bad = orders.start("order", Json{{"card", "bad"}}, {.key = "order-2"});
  const auto completed = orders.wait(good, 10s);
  const auto compensated = orders.wait(bad, 10s);
  REQUIRE(completed);
  CHECK(completed->status == Status::completed);
  REQUIRE(compensated);
  CHECK(compensated->status == Status::compensated);
  REQUIRE(compensated->error);
  CHECK(compensated->error->code == "DECLINED");
  CHECK(effects == 5);
  CHECK_THROWS_AS((void)orders.wait(SagaId::make({}, 1, 2), 1s), Refused);
  CHECK_THROWS_AS(orders.start("nothing", Json{}), Refused);
}

TEST_CASE("a wait that takes too long gives nothing, and the saga goes on") {
  MemoryStore store;
  InProcessChannel channel;
  std::atomic<bool> go{false};
  channel.handle("p", "do", [&go](const HandlerCall&) {
    go.wait(false);
    return Outcome::success();
  });
  Orchestrator engine{store, channel};
  engine.define(parse_definition(
      R"({"saga": "slow", "version": 1, "steps": [
          {"name": "a", "participant": "p", "action": "do", "compensation": "none"}]})"));
  const auto started = engine.start("slow", Json{});
  CHECK_FALSE(engine.wait(started, 20ms));
  go = true;
  go.notify_all();
  CHECK(engine.wait(started, 10s)->status == Status::completed);
}

TEST_CASE("many callers start at once, and what is stopped goes on at the next open") {
  const TemporaryFolder folder;
  const std::string path = (folder.path / "orders.db").string();
  constexpr int callers = 8;
  constexpr int each = 50;
  std::atomic<int> effects{0};
  std::vector<SagaId> ids(callers * each);
  {
    SqliteStore store{path};
    InProcessChannel channel;
    handle_order(channel, effects);
    Orchestrator orders{store, channel};
    orders.define(parse_definition(order_definition));
    std::vector<std::jthread> threads;
    for (int c = 0; c < callers; ++c) {
      threads.emplace_back([&orders, &ids, c] {
        for (int i = 0; i < each; ++i) {
          ids[static_cast<std::size_t>(c * each + i)] = orders.start("order", Json{{"n", i}}).id;
        }
      });
    }
    threads.clear();
    orders.stop();
    CHECK_THROWS_AS(orders.start("order", Json{}), Refused);
  }
  SqliteStore store{path};
  InProcessChannel channel;
  handle_order(channel, effects);
  Orchestrator orders{store, channel};
  for (const SagaId& id : ids) {
    const auto result = orders.wait(id, 20s);
    REQUIRE(result);
    CHECK(result->status == Status::completed);
  }
}

TEST_CASE("an observer sees every committed decision of a saga in order") {
  MemoryStore store;
  InProcessChannel channel;
  std::atomic<int> effects{0};
  handle_order(channel, effects);
  std::vector<std::string> seen;
  {
    OrchestratorOptions options;
    options.observer = [&seen](const Definition&, const Saga&, const std::vector<Event>& events) {
      for (const Event& event : events) seen.emplace_back(event_name(event));
    };
    Orchestrator orders{store, channel, options};
    orders.define(parse_definition(order_definition));
    (void)orders.wait(orders.start("order", Json::object()), 10s);
  }
  CHECK(seen == std::vector<std::string>{"saga.started", "command.issued", "step.succeeded",
                                         "command.issued", "step.succeeded", "command.issued",
                                         "step.succeeded", "saga.completed"});
}

TEST_CASE("a start whose commit fails is answered, not left waiting, and the engine says why") {
  MemoryDisk disk;
  MemoryStore store{disk};
  InProcessChannel channel;
  Orchestrator orders{store, channel, {.log = [](LogLevel, std::string_view) {}}};
  orders.define(parse_definition(order_definition));
  disk.fail_writes(StoreError::Kind::failed);
  CHECK_THROWS_AS((void)orders.start("order", Json::object()), Refused);
  CHECK_THROWS_AS((void)orders.start("order", Json::object()), Refused);
  CHECK(orders.failure());
}

TEST_CASE("an engine on a full disk stops cleanly") {
  MemoryDisk disk;
  MemoryStore store{disk};
  InProcessChannel channel;
  std::atomic<int> effects{0};
  handle_order(channel, effects);
  Orchestrator orders{store, channel, {.log = [](LogLevel, std::string_view) {}}};
  orders.define(parse_definition(order_definition));
  const auto saga = orders.start("order", Json{{"card", "good"}});
  REQUIRE(orders.wait(saga, 10s));
  disk.fail_writes(StoreError::Kind::full);
  orders.stop();
  CHECK_FALSE(orders.failure());
}

TEST_CASE("starts are refused while as many sagas wait to send something as may") {
  MemoryStore store;
  NullChannel channel;  // Never has room, like a broker that takes nothing for long.
  OrchestratorOptions options;
  options.waiting_sagas_limit = 3;
  options.control_socket = false;
  Orchestrator orders(store, channel, options);
  orders.define(parse_definition(testing::order_definition));
  for (int i = 0; i < 3; ++i) CHECK_NOTHROW(orders.start("order", Json::object()));
  try {
    (void)orders.start("order", Json::object());
    FAIL("the fourth was not refused");
  } catch (const Refused& refused) {
    CHECK(refused.code() == Refused::Code::unavailable);
    CHECK(std::string(refused.what()).find("3 sagas wait to send a command") == 0);
    CHECK(std::string(refused.what()).find("start it again later") != std::string::npos);
  }
}

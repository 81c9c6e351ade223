// A handler of the engine's own process may end it: such ends are counted, capped and named, and
// cost nobody else anything.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "scripted_channel.hpp"
#include "skald/in_process_channel.hpp"
#include "skald/limits.hpp"
#include "skald/orchestrator.hpp"
#include "skald/sqlite_store.hpp"

using namespace skald;
using skald::testing::Engine;
using skald::testing::order_definition;
using namespace std::chrono_literals;

namespace {

constexpr int ends_max = interruptions_max;

struct HereEngine : Engine {
  HereEngine() : Engine{order_definition} { channel.here = true; }
};

const Attempts& reserving(const Saga& saga) { return saga.steps[0].of(Direction::action); }

std::vector<SagaId> asked(const Engine& engine) {
  std::vector<SagaId> sagas;
  for (const Command& command : engine.channel.sent) sagas.push_back(command.id.saga);
  return sagas;
}

bool was_interrupted(MemoryStore& store, const SagaId& id) {
  for (const JournalRow& row : store.journal(id)) {
    for (const Event& event : row.events) {
      if (std::holds_alternative<AttemptInterrupted>(event)) return true;
    }
  }
  return false;
}

}  // namespace

TEST_CASE("an attempt that the process ends in is run again a few times, then counts as unknown") {
  HereEngine engine;
  const Started started = engine.start();
  for (int ends = 1; ends < ends_max; ++ends) {
    CAPTURE(ends);
    engine.crash();
    REQUIRE(asked(engine) == std::vector{started.id});
    CHECK(engine.channel.sent.front().sent_before);
    CHECK(engine.channel.sent.front().attempt.attempt == 1);
    CHECK(reserving(engine.saga(started.id)).interrupted == ends);
  }
  engine.crash();
  const Saga saga = engine.saga(started.id);
  CHECK(saga.status == Status::compensating);  // It may have reserved.
  REQUIRE(saga.turn_back);
  CHECK(saga.turn_back->error.code == "PROCESS_ENDED");
  CHECK(saga.turn_back->error.message.find("ended 5 times while it ran reserve of inventory") !=
        std::string::npos);
  REQUIRE(engine.channel.sent.size() == 1);
  CHECK(engine.channel.sent.front().action == "release");
}

TEST_CASE("an undo that the process ends in makes the saga stuck, and a resume tries it anew") {
  HereEngine engine;
  const Started started = engine.start();
  engine.tell(Engine::reply(engine.channel.take(), Outcome::success({{"id", 3}})));
  engine.tell(Engine::reply(engine.channel.take(), Outcome::rejected("DECLINED")));
  for (int ends = 0; ends < ends_max; ++ends) engine.crash();
  CHECK(engine.channel.sent.empty());
  const Saga saga = engine.saga(started.id);
  REQUIRE(saga.stuck);
  CHECK(saga.stuck->error.code == "PROCESS_ENDED");
  CHECK(saga.stuck->error.message.find("ends the engine's process") != std::string::npos);
  CHECK(engine.request(started.id, ResumeRequested{}).empty());
  engine.tell(Engine::reply(engine.channel.take(), Outcome::success()));
  CHECK(engine.status(started.id) == Status::compensated);
}

TEST_CASE("an engine that was closed in order has counted nothing") {
  HereEngine engine;
  const Started started = engine.start();
  for (int ends = 0; ends <= ends_max; ++ends) {
    engine.checkpoint();
    engine.crash();
    REQUIRE(asked(engine) == std::vector{started.id});
  }
  CHECK_FALSE(was_interrupted(*engine.store, started.id));
  engine.crash();  // After a clean end, but not clean itself.
  CHECK(reserving(engine.saga(started.id)).interrupted == 1);
}

TEST_CASE("ends are not counted where participants are other processes") {
  Engine engine{order_definition};
  const Started started = engine.start();
  for (int ends = 0; ends < 2 * ends_max; ++ends) engine.crash();
  CHECK(asked(engine) == std::vector{started.id});
  CHECK_FALSE(was_interrupted(*engine.store, started.id));
}

TEST_CASE("suspects are run one at a time, so that only the culprit is counted on") {
  HereEngine engine;
  std::vector<SagaId> sagas;
  for (int i = 0; i < 10; ++i) sagas.push_back(engine.start().id);
  const SagaId culprit = sagas[4];
  engine.crash();
  CHECK(engine.channel.sent.size() == 10);  // Nobody is suspected more than another yet.
  engine.crash();
  int ends = 2;
  while (engine.status(culprit) == Status::running) {
    const auto reserves = std::count_if(engine.channel.sent.begin(), engine.channel.sent.end(),
                                        [](const Command& c) { return c.action == "reserve"; });
    CHECK(reserves <= 1);
    const Command command = engine.channel.take();
    if (command.id.saga != culprit) {
      engine.tell(Engine::reply(command, Outcome::success()));
      continue;
    }
    engine.crash();
    ++ends;
  }
  CHECK(ends <= ends_max + 1);
  for (const SagaId& id : sagas) {
    CHECK(reserving(engine.saga(id)).interrupted == (id == culprit ? ends_max : 2));
  }
  const Saga saga = engine.saga(culprit);
  REQUIRE(saga.turn_back);
  CHECK(saga.turn_back->error.code == "PROCESS_ENDED");
}

TEST_CASE("a suspect that answers nothing holds the next one up until it times out") {
  HereEngine engine;
  (void)engine.start();
  (void)engine.start();
  engine.crash();
  engine.crash();
  REQUIRE(engine.channel.sent.size() == 1);
  const Command hung = engine.channel.take();
  engine.tell(SentArrival{hung.id.saga, hung.attempt});
  CHECK(engine.channel.sent.empty());
  engine.now += 5s;
  engine.tell();
  engine.tell();
  REQUIRE(engine.channel.sent.size() == 1);
  CHECK(engine.channel.sent.front().id.saga != hung.id.saga);
}

TEST_CASE("two culprits are both found: the end of one lets the next suspect run") {
  HereEngine engine;
  const SagaId first = engine.start().id;
  const SagaId second = engine.start().id;
  for (int ends = 0; ends < 2 * ends_max; ++ends) {
    engine.crash();
    engine.tell();
  }
  for (const SagaId& id : {first, second}) {
    const Saga saga = engine.saga(id);
    REQUIRE(saga.turn_back);
    CHECK(saga.turn_back->error.code == "PROCESS_ENDED");
  }
}

TEST_CASE("the place of an attempt that ended too often goes to what follows from it") {
  Engine engine{R"({"saga": "order", "version": 1,
    "participants": {"p": {"bulkhead": {"max_in_flight": 1}}},
    "steps": [{"name": "a", "participant": "p", "action": "a", "compensation": "none",
               "resolve": "ask"}]})"};
  engine.channel.here = true;
  (void)engine.start();
  for (int ends = 0; ends < ends_max; ++ends) engine.crash();
  REQUIRE(engine.channel.sent.size() == 1);
  CHECK(engine.channel.sent.front().action == "ask");
}

TEST_CASE("a full disk puts the count and the run off, and loses neither") {
  HereEngine engine;
  const Started started = engine.start();
  engine.disk.fail_writes(StoreError::Kind::full);
  engine.crash();
  CHECK(engine.channel.sent.empty());
  engine.disk.fail_writes(std::nullopt);
  engine.now = engine.next_due().value_or(engine.now);
  engine.tell();
  CHECK(asked(engine) == std::vector{started.id});
  CHECK(reserving(engine.saga(started.id)).interrupted == 1);
}

namespace {

constexpr auto lives_max = 12;

// One life of a service whose payment handler ends the process for one order. Answers whether it
// lived until everything was decided.
bool lives(const std::string& path) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const auto serve = [&path] {
      SqliteStore store{path};
      InProcessChannel channel{{.threads = 4}};
      const auto succeed = [](const HandlerCall&) { return Outcome::success({}); };
      channel.handle_others("inventory", succeed);
      channel.handle_others("shipping", succeed);
      channel.handle("payment", "refund", succeed);
      channel.handle("payment", "charge", [](const HandlerCall& call) {
        if (call.input().value("kills", false)) _exit(1);
        return Outcome::success({});
      });
      Orchestrator orders{store, channel};
      orders.define(parse_definition(order_definition));
      std::vector<SagaId> ids;
      for (int i = 0; i < 20; ++i) {
        ids.push_back(
            orders.start("order", Json{{"kills", i == 7}}, {.key = "order-" + std::to_string(i)}));
      }
      return std::all_of(ids.begin(), ids.end(),
                         [&](const SagaId& id) { return orders.wait(id, 20s).has_value(); });
    };
    _exit(serve() ? 0 : 2);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) != 2);
  return WEXITSTATUS(status) == 0;
}

}  // namespace

TEST_CASE("a service whose handler ends it comes to rest after some restarts, with one culprit") {
  std::string folder = (std::filesystem::temp_directory_path() / "skald-XXXXXX").string();
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  const std::string path = folder + "/orders.db";
  int deaths = 0;
  while (!lives(path)) REQUIRE(++deaths < lives_max);
  CHECK(deaths >= ends_max);
  CHECK(deaths <= ends_max + 1);
  {
    SqliteStore store{path};
    const auto sagas = store.list({}, {}, 100);
    REQUIRE(sagas.size() == 20);
    for (const SagaSummary& saga : sagas) {
      const bool culprit = saga.key == "order-7";
      CHECK(saga.status == (culprit ? Status::compensated : Status::completed));
      if (culprit) CHECK(saga.error_code == "PROCESS_ENDED");
    }
  }
  std::filesystem::remove_all(folder);
}

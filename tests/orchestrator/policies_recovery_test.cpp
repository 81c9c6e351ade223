// What policies remember over restarts, and forget when a batch is rolled back.
#include <doctest/doctest.h>

#include <algorithm>

#include "scripted_channel.hpp"

using namespace skald;
using skald::testing::Engine;
using namespace std::chrono_literals;

namespace {

constexpr const char* with_breaker = R"({
  "saga": "order", "version": 1,
  "participants": {"inventory": {"breaker": {"failures": 2, "delay": "10s"}}},
  "steps": [{"name": "reserve", "participant": "inventory", "action": "reserve",
             "compensation": "none", "retry": {"max_attempts": 1}}]})";
constexpr const char* with_bulkhead = R"({
  "saga": "order", "version": 1,
  "participants": {"inventory": {"bulkhead": {"max_in_flight": 2}}},
  "steps": [{"name": "reserve", "participant": "inventory", "action": "reserve",
             "compensation": "none"}]})";
constexpr const char* with_rate = R"({
  "saga": "order", "version": 1,
  "participants": {"inventory": {"rate_limit": {"rate": "1/s", "burst": 2}}},
  "steps": [{"name": "reserve", "participant": "inventory", "action": "reserve",
             "compensation": "none"}]})";

constexpr const char* with_budget = R"({
  "saga": "order", "version": 1,
  "participants": {"inventory": {
    "retry_budget": {"ratio": 0, "min_per_second": 0, "window": "1s"}}},
  "steps": [{"name": "reserve", "participant": "inventory", "action": "reserve",
             "compensation": "none", "retry": {"initial_delay": "1ms", "max_delay": "1ms"}}]})";
constexpr const char* with_breaker_and_undo = R"({
  "saga": "order", "version": 1,
  "participants": {"inventory": {"breaker": {"failures": 1, "delay": "10s"}}},
  "steps": [{"name": "reserve", "participant": "inventory", "action": "reserve",
             "compensation": "release"}]})";

void fail_next(Engine& engine) {
  engine.tell(Engine::reply(engine.channel.take(), Outcome::failed("DOWN")));
}

void open_breaker(Engine& engine) {
  for (int i = 0; i < 2; ++i) {
    (void)engine.start();
    fail_next(engine);
  }
  REQUIRE(engine.breaker_changes.back().to == BreakerPhase::open);
}

}  // namespace

TEST_CASE("a breaker that was open when the engine died stays open until its time") {
  Engine engine{with_breaker};
  open_breaker(engine);
  const Time until = *engine.breaker_changes.back().until;
  const Started waiting = engine.start();
  engine.now += 4s;
  engine.crash();
  CHECK(engine.channel.sent.empty());
  CHECK(engine.next_due() == until);
  engine.now = until;
  engine.tell();
  CHECK(engine.channel.take().id.saga == waiting.id);
}

TEST_CASE("failures in a row are counted on over a restart") {
  Engine engine{with_breaker};
  (void)engine.start();
  fail_next(engine);
  engine.now += 1s;
  engine.crash();
  (void)engine.start();
  fail_next(engine);
  CHECK(engine.breaker_changes.size() == 1);
}

TEST_CASE("a probe that was under way when the engine died does not keep the breaker half open") {
  Engine engine{with_breaker};
  open_breaker(engine);
  (void)engine.start();
  engine.now = *engine.breaker_changes.back().until;
  engine.tell();
  const Command lost = engine.channel.take();
  (void)engine.start();
  CHECK(engine.channel.sent.empty());
  engine.crash();
  // The lost probe is sent again, and another one goes out, since nobody knows the first any more.
  REQUIRE(engine.channel.sent.size() == 2);
  engine.tell(Engine::reply(lost, Outcome::failed("DOWN")));
  CHECK(engine.breaker_changes.back().to == BreakerPhase::half_open);
  (void)engine.channel.take();
  engine.tell(Engine::reply(engine.channel.take(), Outcome::success()));
  CHECK(engine.breaker_changes.back().to == BreakerPhase::closed);
}

TEST_CASE("a probe whose saga is abandoned, or turned back, does not keep the breaker half open") {
  Engine engine{with_breaker};
  open_breaker(engine);
  const SagaId probing = engine.start();
  engine.now = *engine.breaker_changes.back().until;
  engine.tell();
  const Command probe = engine.channel.take();
  REQUIRE(engine.breaker_changes.back().to == BreakerPhase::half_open);
  (void)engine.start();
  REQUIRE(engine.channel.sent.empty());
  REQUIRE(engine.request(probing, AbandonRequested{}).empty());
  engine.tell();
  REQUIRE(engine.channel.sent.size() == 1);
  engine.tell(Engine::reply(engine.channel.take(), Outcome::success()));
  CHECK(engine.breaker_changes.back().to == BreakerPhase::closed);
}

TEST_CASE("the bulkhead counts what is outstanding since before the crash") {
  Engine engine{with_bulkhead};
  for (int i = 0; i < 5; ++i) (void)engine.start();
  CHECK(engine.channel.sent.size() == 2);
  engine.crash();
  REQUIRE(engine.channel.sent.size() == 2);
  engine.tell(Engine::reply(engine.channel.take(), Outcome::success()));
  CHECK(engine.channel.sent.size() == 2);
}

TEST_CASE("a restart gives no tokens away") {
  Engine engine{with_rate};
  for (int i = 0; i < 4; ++i) (void)engine.start();
  CHECK(engine.channel.sent.size() == 2);
  const Time next = engine.now + 1s;
  for (int i = 0; i < 3; ++i) {
    engine.crash();
    CHECK(engine.channel.sent.size() == 2);  // The same two again.
    CHECK(engine.next_due() == next);
  }
  engine.now = next;
  engine.tell();
  CHECK(engine.channel.sent.size() == 3);
}

TEST_CASE("a stored state that cannot be read is said in the log, and begins anew") {
  Engine engine{with_breaker};
  open_breaker(engine);
  Batch damage;
  damage.participants["inventory"] = "{\"v\":1,\"breaker\":";
  engine.store->commit(damage);
  engine.log.clear();
  engine.now += 1s;
  engine.crash();
  CHECK(std::any_of(engine.log.begin(), engine.log.end(), [](const std::string& line) {
    return line.find("participant inventory's policies cannot be read") != std::string::npos;
  }));
  (void)engine.start();
  CHECK(engine.channel.sent.size() == 1);
}

TEST_CASE("a clock that was set back while no engine ran holds nobody for longer than the delay") {
  Engine engine{with_breaker};
  open_breaker(engine);
  (void)engine.start();
  engine.now -= 24h;
  engine.crash();
  CHECK(engine.next_due() == engine.now + 10s);
}

TEST_CASE("a clock that was set back while no engine ran makes nobody wait for it to catch up") {
  Engine engine{with_rate};
  for (int i = 0; i < 3; ++i) (void)engine.start();
  CHECK(engine.channel.sent.size() == 2);
  engine.now -= 24h;
  engine.crash();
  CHECK(engine.next_due() == engine.now + 1s);
  engine.now += 1s;
  engine.tell();
  CHECK(engine.channel.sent.size() == 3);
}

TEST_CASE(
    "a budget that was used up before the clock was set back holds nobody until it catches up") {
  Engine engine{with_budget};
  (void)engine.start();
  fail_next(engine);
  engine.now += 1ms;
  engine.tell();
  REQUIRE(engine.channel.sent.size() == 1);
  engine.now -= 24h;
  engine.crash();
  const Time restarted = engine.now;
  fail_next(engine);
  for (int i = 0; i < 20 && engine.channel.sent.empty(); ++i) {
    REQUIRE(engine.next_due());
    engine.now = *engine.next_due();
    engine.tell();
  }
  CHECK(engine.channel.sent.size() == 1);
  CHECK(engine.now > restarted + 900ms);
  CHECK(engine.now < restarted + 1200ms);
}

TEST_CASE("a step that an operator closes says nothing of its participant") {
  Engine engine{with_breaker_and_undo};
  const SagaId id = engine.start();
  (void)engine.channel.take();
  CHECK(engine.request(id, CancelRequested{}).empty());
  SkipRequested verdict;
  verdict.as = SkipRequested::As::compensated;
  CHECK(engine.request(id, verdict, "reserve").empty());
  CHECK(engine.status(id) == Status::compensated);
  CHECK(engine.breaker_changes.empty());
}

TEST_CASE("a full disk takes nothing from the policies, and the failure counts once it is stored") {
  Engine engine{with_breaker};
  (void)engine.start();
  fail_next(engine);
  (void)engine.start();
  engine.disk.fail_writes(StoreError::Kind::full);
  fail_next(engine);
  CHECK(engine.breaker_changes.empty());
  for (int i = 0; i < 3; ++i) {
    engine.now = *engine.next_due();
    engine.tell();
  }
  CHECK(engine.breaker_changes.empty());
  engine.disk.fail_writes(std::nullopt);
  engine.now = *engine.next_due();
  engine.tell();
  CHECK(engine.breaker_changes.size() == 1);
}

TEST_CASE("a batch that is rolled back gives its tokens back, and those who waited wait on") {
  Engine engine{with_rate};
  for (int i = 0; i < 4; ++i) (void)engine.start();
  CHECK(engine.channel.sent.size() == 2);
  engine.disk.fail_writes(StoreError::Kind::full);
  engine.now += 2s;
  engine.tell();
  CHECK(engine.channel.sent.size() == 2);
  CHECK_THROWS_AS((void)engine.start(), Refused);
  engine.disk.fail_writes(std::nullopt);
  engine.now += 5s;
  engine.tell();
  CHECK(engine.channel.sent.size() == 4);
  CHECK_FALSE(engine.next_due());
}

TEST_CASE("sagas that waited when the engine was opened on a full disk are not forgotten") {
  Engine engine{with_bulkhead};
  engine.channel.room = false;
  for (int i = 0; i < 2; ++i) (void)engine.start();
  engine.channel.room = true;
  engine.disk.fail_writes(StoreError::Kind::full);
  engine.crash();
  CHECK(engine.channel.sent.empty());
  engine.disk.fail_writes(std::nullopt);
  engine.now = *engine.next_due();
  engine.tell();
  CHECK(engine.channel.sent.size() == 2);
}

TEST_CASE("a paused saga stands in no line, and lines up again when it is resumed") {
  Engine engine{with_bulkhead};
  std::vector<SagaId> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(engine.start().id);
  CHECK(engine.request(ids[2], PauseRequested{}).empty());
  engine.tell(Engine::reply(engine.channel.take(), Outcome::success()));
  CHECK(engine.channel.sent.back().id.saga == ids[3]);
  CHECK(engine.request(ids[2], ResumeRequested{}).empty());
  CHECK(engine.channel.sent.size() == 2);
  engine.tell(Engine::reply(engine.channel.take(), Outcome::success()));
  CHECK(engine.channel.sent.back().id.saga == ids[2]);
}

TEST_CASE("a bulkhead's place is neither lost nor gained by batches that are rolled back") {
  Engine engine{with_bulkhead};
  std::vector<SagaId> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(engine.start().id);
  const Command first = engine.channel.take();
  const Command second = engine.channel.take();
  engine.disk.fail_writes(StoreError::Kind::full);
  engine.tell(Engine::reply(first, Outcome::success()));
  CHECK(engine.channel.sent.empty());
  engine.disk.fail_writes(std::nullopt);
  engine.now = *engine.next_due();
  engine.tell();
  CHECK(engine.channel.sent.size() == 1);
  engine.tell(Engine::reply(second, Outcome::success()));
  CHECK(engine.channel.sent.size() == 2);
}

TEST_CASE("a saga that an operator closes gives its place back") {
  Engine engine{with_bulkhead};
  std::vector<SagaId> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(engine.start().id);
  CHECK(engine.channel.sent.size() == 2);
  CHECK(engine.request(ids[0], AbandonRequested{}).empty());
  CHECK(engine.channel.sent.size() == 3);
}

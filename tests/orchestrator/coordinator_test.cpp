// Deciding, storing and acting, in that order.
#include <doctest/doctest.h>

#include "scripted_channel.hpp"

using namespace skald;
using skald::testing::Engine;
using skald::testing::order_definition;
using namespace std::chrono_literals;

TEST_CASE("a start is stored with its first command, and only then sent") {
  Engine engine{order_definition};
  const Started started = engine.start("order-1");
  CHECK(started.created);
  CHECK(engine.store->journal(started.id).size() == 1);
  const Command command = engine.channel.take();
  CHECK(command.id.to_string() == started.id.to_string() + "/reserve/action/1");
  CHECK(command.position == 1);
  CHECK(command.key == "order-1");
  CHECK(engine.status(started.id) == Status::running);
}

TEST_CASE("nothing is sent, receipted or answered when the commit fails") {
  Engine engine{order_definition};
  const Started first = engine.start();
  const Command command = engine.channel.take();
  engine.disk.fail_writes(StoreError::Kind::full);
  CHECK_THROWS_AS(engine.start("order-2"), Refused);
  engine.tell(Engine::reply(command, Outcome::success(), 9));
  CHECK(engine.channel.sent.empty());
  CHECK(engine.channel.receipted.empty());
  CHECK(engine.saga(first.id).version == 1);

  SUBCASE("the reply is used by itself once there is room") {
    engine.disk.fail_writes(std::nullopt);
    REQUIRE(engine.next_due());
    engine.now = *engine.next_due();
    engine.tell();
    CHECK(engine.channel.receipted == std::vector<std::uint64_t>{9});
    CHECK(engine.channel.take().id.step == "charge");
    CHECK_NOTHROW(engine.start("order-2"));
  }
}

TEST_CASE("a full store refuses the starts behind what it has to keep, however much that is") {
  Engine engine{order_definition};
  constexpr int many = 1'500;  // More than a turn decides.
  for (int i = 0; i < many; ++i) (void)engine.start();
  std::vector<Arrival> batch;
  while (!engine.channel.sent.empty()) {
    batch.emplace_back(Engine::reply(engine.channel.take(), Outcome::success()));
  }
  std::optional<std::variant<Started, Refusal>> answered;
  StartArrival behind = engine.start_arrival({}, Json::object(), nullptr);
  behind.answer = [&answered](std::variant<Started, Refusal> answer) { answered = answer; };
  batch.emplace_back(std::move(behind));
  engine.disk.fail_writes(StoreError::Kind::full);
  engine.tell_all(std::move(batch));
  REQUIRE(answered);
  REQUIRE(std::holds_alternative<Refusal>(*answered));
  CHECK(std::get<Refusal>(*answered).code == Refused::Code::unavailable);
  engine.disk.fail_writes(std::nullopt);
  std::size_t charged = 0;
  while (const auto due = engine.next_due()) {
    if (charged == many) break;
    engine.now = std::max(engine.now, *due);
    engine.tell();
    charged += engine.channel.sent.size();
    engine.channel.sent.clear();
  }
  CHECK(charged == many);  // No reply is lost.
}

TEST_CASE("who only asks is answered from what is stored when the batch meets a full store") {
  Engine engine{order_definition};
  const Started first = engine.start("order-1");
  engine.disk.fail_writes(StoreError::Kind::full);
  std::optional<Saga> seen;
  bool refused = false;
  bool waits = true;
  SagaId unused;
  StartArrival doubled = engine.start_arrival("order-1", Json::object(), &unused);
  doubled.answer = [&](const std::variant<Started, Refusal>& answer) {
    refused = std::holds_alternative<Refusal>(answer);
  };
  const LookArrival look{first.id, [&](std::variant<Saga, Refusal> answer) {
                           seen = std::get<Saga>(std::move(answer));
                         }};
  const WaitArrival wait{first.id, 1, [&](const auto&) { waits = false; }};
  engine.tell(engine.start_arrival("order-2", Json::object(), &unused), look, wait, doubled);
  REQUIRE(seen);
  CHECK(seen->version == 1);
  CHECK(refused);
  CHECK(waits);
  engine.disk.fail_writes(std::nullopt);
  engine.tell(Engine::reply(engine.channel.take(), Outcome::rejected("NO")));
  CHECK_FALSE(waits);
}

TEST_CASE("a confirmation that came with a batch that met a full store counts all the same") {
  Engine engine{order_definition};
  (void)engine.start();
  const Command command = engine.channel.take();
  const ConfirmedArrival confirmed{command.position, command.id.saga, command.attempt};
  engine.disk.fail_writes(StoreError::Kind::full);
  SagaId unused;
  SUBCASE("of a saga that the batch leaves alone") {
    engine.tell(confirmed, engine.start_arrival({}, Json::object(), &unused));
  }
  SUBCASE("of a saga that the batch changes") {
    engine.tell(confirmed, Engine::reply(command, Outcome::success(), 9));
  }
  engine.disk.fail_writes(std::nullopt);
  engine.now += 10s;
  engine.tell();
  (void)engine.start();
  CHECK(engine.store->watermark("scripted") >= command.position);
}

TEST_CASE("a full store that kept nothing leaves nothing due") {
  Engine engine{order_definition};
  engine.disk.fail_writes(StoreError::Kind::full);
  CHECK_THROWS_AS(engine.start(), Refused);
  REQUIRE(engine.next_due());
  engine.now = *engine.next_due();
  engine.tell();
  CHECK_FALSE(engine.next_due());
}

TEST_CASE("a reply that was kept is used although another commit was the first with room again") {
  Engine engine{order_definition};
  (void)engine.start();
  engine.disk.fail_writes(StoreError::Kind::full);
  engine.tell(Engine::reply(engine.channel.take(), Outcome::success(), 9));
  engine.disk.fail_writes(std::nullopt);
  (void)engine.start();
  REQUIRE(engine.next_due() == engine.now);
  engine.tell();
  CHECK(engine.channel.receipted == std::vector<std::uint64_t>{9});
}

TEST_CASE("a saga that was woken for room while the store was full is woken again") {
  Engine engine{order_definition};
  engine.channel.room = false;
  const Started started = engine.start();
  engine.channel.room = true;
  engine.disk.fail_writes(StoreError::Kind::full);
  engine.tell(RoomArrival{});
  CHECK(engine.channel.sent.empty());
  engine.disk.fail_writes(std::nullopt);
  REQUIRE(engine.next_due());
  engine.now = *engine.next_due();
  engine.tell();
  CHECK(engine.channel.take().id.step == "reserve");
  CHECK(engine.status(started.id) == Status::running);
}

TEST_CASE("a disk that fails stops the engine instead of being tried again") {
  Engine engine{order_definition};
  (void)engine.start();
  engine.disk.fail_writes(StoreError::Kind::failed);
  CHECK_THROWS_AS(engine.tell(Engine::reply(engine.channel.take(), Outcome::success())),
                  StoreError);
}

TEST_CASE("one batch may hold many inputs of one saga") {
  Engine engine{order_definition};
  const Started started = engine.start();
  const Command reserve = engine.channel.take();
  const Reply charge{started.id, {1, Direction::action, 1}, {}, Outcome::success(), 0};
  engine.tell(Engine::reply(reserve, Outcome::success()), ReplyArrival{charge});
  // The command for charge was decided by the later reply before it was ever sent.
  CHECK(engine.channel.take().id.step == "ship");
  CHECK(engine.saga(started.id).version == 3);
}

TEST_CASE("a key that is taken answers the first saga, in the same batch, too") {
  Engine engine{order_definition};
  SagaId a;
  SagaId b;
  engine.tell(engine.start_arrival("k", {{"n", 1}}, &a), engine.start_arrival("k", {{"n", 1}}, &b));
  CHECK(a == b);
  const Started again = engine.start("k", {{"n", 1}});
  CHECK(again.id == a);
  CHECK_FALSE(again.created);
  CHECK_THROWS_AS(engine.start("k", {{"n", 2}}), Refused);
  CHECK(engine.store->count({}) == 1);
}

TEST_CASE("a timeout starts when the command was really sent") {
  Engine engine{order_definition};
  const Started started = engine.start();
  const Command command = engine.channel.take();
  CHECK_FALSE(engine.next_due());
  engine.now += 1h;
  engine.tell();
  CHECK(engine.saga(started.id).version == 1);
  engine.tell(SentArrival{started.id, command.attempt});
  CHECK(engine.next_due() == engine.now + 5s);
  engine.now += 5s;
  engine.tell();
  CHECK(engine.saga(started.id).steps[0].status == StepStatus::retry_wait);
}

TEST_CASE("a participant that is at it gets the time that it asked for") {
  Engine engine{order_definition};
  const Started started = engine.start();
  const Command command = engine.channel.take();
  engine.tell(SentArrival{started.id, command.attempt});
  engine.tell(Engine::reply(command, Outcome::pending(60s)));
  CHECK(engine.next_due() == engine.now + 60s);
}

TEST_CASE("what cannot be used is kept in quarantine and receipted") {
  Engine engine{order_definition};
  const Started started = engine.start();
  Reply unknown_saga{SagaId::make(engine.now, 1, 2), {0, Direction::action, 1}, {}, {}, 1};
  Reply unknown_step{started.id, {no_step, Direction::action, 1}, "nowhere", {}, 2};
  Reply forged{started.id, {0, Direction::action, 5}, {}, {}, 3};
  QuarantinedMessage broken;
  broken.reason = "BAD_JSON";
  engine.tell(ReplyArrival{unknown_saga}, ReplyArrival{unknown_step}, ReplyArrival{forged},
              UnusableArrival{broken, 4});
  CHECK(engine.channel.receipted == std::vector<std::uint64_t>{1, 2, 3, 4});
  const auto kept = engine.store->quarantine(0, 10);
  REQUIRE(kept.size() == 4);
  CHECK(kept[0].reason == "UNKNOWN_SAGA");
  CHECK(kept[1].reason == "UNKNOWN_STEP");
  CHECK(kept[2].reason == "FORGED_ATTEMPT");
  CHECK(kept[3].reason == "BAD_JSON");
  CHECK(engine.saga(started.id).steps.front().status == StepStatus::dispatched);
}

TEST_CASE("a contradiction is flagged and its message kept") {
  Engine engine{order_definition};
  const Started started = engine.start();
  const Command command = engine.channel.take();
  engine.tell(Engine::reply(command, Outcome::success()));
  engine.tell(Engine::reply(command, Outcome::rejected("NO"), 5));
  CHECK(engine.saga(started.id).contradicted);
  CHECK(engine.store->summary(started.id)->contradicted);
  CHECK(engine.store->quarantine(0, 10).at(0).reason == "CONTRADICTION");
  CHECK(engine.channel.receipted == std::vector<std::uint64_t>{5});
}

TEST_CASE("while the channel has no room nothing is issued, and room brings it back") {
  Engine engine{order_definition};
  engine.channel.room = false;
  const Started started = engine.start();
  CHECK(engine.channel.sent.empty());
  CHECK(engine.status(started.id) == Status::pending);
  CHECK(engine.store->summary(started.id)->status == Status::pending);
  engine.channel.room = true;
  engine.tell(RoomArrival{});
  CHECK(engine.channel.take().id.step == "reserve");
  CHECK(engine.store->summary(started.id)->status == Status::running);
}

TEST_CASE("the summary row is the projection at the version it states") {
  Engine engine{order_definition};
  const Started started = engine.start("k");
  for (const char* step : {"reserve", "charge"}) {
    const Command command = engine.channel.take();
    CHECK(command.id.step == step);
    engine.tell(Engine::reply(command, Outcome::success()));
  }
  engine.tell(Engine::reply(engine.channel.take(), Outcome::rejected("NO_TRUCK", "none left")));
  const auto rows = engine.store->journal(started.id);
  const auto summary = *engine.store->summary(started.id);
  CHECK(summary.status == Status::compensating);
  CHECK(summary.error_step == "ship");
  CHECK(summary.error_code == "NO_TRUCK");
  const std::vector<JournalRow> until(rows.begin(),
                                      rows.begin() + static_cast<std::ptrdiff_t>(summary.version));
  const auto definition = engine.store->definition(summary.definition);
  CHECK(summarize(*definition, fold(until)) == summary);
}

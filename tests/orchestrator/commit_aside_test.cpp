// Turns that are decided while the one before is being committed.
#include <doctest/doctest.h>

#include "aside.hpp"
#include "scripted_channel.hpp"

using namespace skald;
using skald::testing::Aside;
using skald::testing::Engine;
using skald::testing::order_definition;
using namespace std::chrono_literals;

namespace {

const char* const breaker_definition = R"({
  "saga": "guarded", "version": 1,
  "participants": {"payment": {"breaker": {"failures": 1, "delay": "1m"}}},
  "steps": [{"name": "charge", "participant": "payment", "action": "charge",
             "kind": "pivot",
             "retry": {"max_attempts": 9, "initial_delay": "1s", "jitter": "none"}}]})";

/// Sagas under way, and their commands.
struct Two {
  SagaId first;
  SagaId second;
  Command of_first;
  Command of_second;
};

/// An engine that commits aside, as long as `aside` says so; the test ends each commit.
struct Scene {
  explicit Scene(const char* definition = order_definition) : engine(definition) {
    engine.committer = &committer;
    engine.crash();
  }
  /// Ends the commit that is under way, and lets the engine act on it.
  void commit() {
    committer.work();
    engine.tell();
  }
  SagaId start(std::optional<std::string> key = {}) {
    aside = false;
    const SagaId id = engine.start(std::move(key)).id;
    aside = true;
    return id;
  }
  Two start_two() {
    Two two{start(), start(), {}, {}};
    two.of_first = engine.channel.take();
    two.of_second = engine.channel.take();
    return two;
  }
  /// As it is stored.
  [[nodiscard]] Saga stored(const SagaId& id) const { return fold(engine.store->journal(id)); }

  bool aside = false;
  Engine engine;
  struct LatestStore final : Committer {
    explicit LatestStore(Scene& scene) : scene_(scene) {}
    bool is_worth(const Batch&) override {
      inner_.emplace(
          *scene_.engine.store, [](const Batch&) { return true; }, [] {});
      return scene_.aside;
    }
    void begin(const Batch& batch) override { inner_->begin(batch); }
    [[nodiscard]] bool done() const override { return inner_->done(); }
    Position finish() override { return inner_->finish(); }
    void work() { inner_->work(); }

   private:
    Scene& scene_;
    std::optional<Aside> inner_;
  } committer{*this};
};

}  // namespace

TEST_CASE("what is decided meanwhile is neither stored nor sent before the commit is over") {
  Scene s;
  const auto [first, second, of_first, of_second] = s.start_two();

  s.engine.tell(Engine::reply(of_first, Outcome::success(), 1));
  CHECK(s.engine.coordinator().is_committing());
  s.engine.tell(Engine::reply(of_second, Outcome::success(), 2));
  CHECK(s.engine.channel.sent.empty());
  CHECK(s.engine.channel.receipted.empty());
  CHECK(s.stored(first).version == 1);

  s.commit();  // And the second one's begins.
  CHECK(s.engine.channel.receipted == std::vector<std::uint64_t>{1});
  CHECK(s.engine.channel.take().id.saga == first);
  CHECK(s.engine.channel.sent.empty());
  CHECK(s.stored(second).version == 1);

  s.commit();
  CHECK(s.engine.channel.receipted == std::vector<std::uint64_t>{1, 2});
  CHECK(s.engine.channel.take().id.saga == second);
  CHECK_FALSE(s.engine.coordinator().is_committing());
}

TEST_CASE("an input of a saga that is being committed waits for that commit, and finds it stored") {
  Scene s;
  const SagaId id = s.start();
  s.engine.tell(Engine::reply(s.engine.channel.take(), Outcome::success()));
  REQUIRE(s.engine.coordinator().is_committing());
  std::optional<Status> answered;
  s.engine.tell(RequestArrival{id, "", CancelRequested{}, [&](const auto& answer) {
                                 answered = std::get<RequestOutcome>(answer).status;
                               }});
  CHECK(s.stored(id).version == 2);  // The reply's; the cancellation is being committed.
  CHECK_FALSE(answered);
  s.commit();
  CHECK(answered == Status::compensating);
  CHECK(s.stored(id).version == 3);
}

TEST_CASE("who waits for a saga that is being committed is told how it ended") {
  Scene s;
  const SagaId id = s.start();
  std::optional<Status> told;
  s.engine.tell(Engine::reply(s.engine.channel.take(), Outcome::rejected("NO")));
  REQUIRE(s.engine.coordinator().is_committing());
  s.engine.tell(
      WaitArrival{id, 1, [&](const auto& answer) { told = std::get<SagaResult>(answer).status; }});
  CHECK_FALSE(told);
  CHECK(s.stored(id).version == 1);
  s.commit();
  CHECK(told == Status::compensated);
}

TEST_CASE("a key that is being committed is found, and one that is stored as well") {
  Scene s;
  const SagaId stored = s.start("old");
  SagaId fresh;
  SagaId again;
  SagaId found;
  s.engine.tell(s.engine.start_arrival("new", Json::object(), &fresh));
  REQUIRE(s.engine.coordinator().is_committing());
  s.engine.tell(s.engine.start_arrival("new", Json::object(), &again),
                s.engine.start_arrival("old", Json::object(), &found));
  CHECK(fresh == SagaId{});
  s.commit();
  s.commit();
  CHECK(fresh != SagaId{});
  CHECK(again == fresh);
  CHECK(found == stored);
}

TEST_CASE("a commit that fails takes the turn after it back as well") {
  Scene s;
  const auto [first, second, of_first, of_second] = s.start_two();
  bool refused = false;
  StartArrival third = s.engine.start_arrival("order-3", Json::object(), nullptr);
  third.answer = [&](const auto& answer) { refused = std::holds_alternative<Refusal>(answer); };

  s.engine.tell(Engine::reply(of_first, Outcome::success(), 1));
  s.engine.tell(Engine::reply(of_second, Outcome::success(), 2), std::move(third));
  s.engine.disk.fail_writes(StoreError::Kind::full);
  s.commit();
  CHECK(refused);
  CHECK(s.engine.channel.receipted.empty());
  CHECK(s.engine.channel.sent.empty());
  CHECK(s.engine.saga(first).version == 1);
  CHECK(s.engine.saga(second).version == 1);

  s.engine.disk.fail_writes(std::nullopt);
  REQUIRE(s.engine.next_due());
  s.engine.now = *s.engine.next_due();
  s.engine.tell();
  CHECK(s.engine.channel.receipted == std::vector<std::uint64_t>{1, 2});
  CHECK(s.engine.channel.sent.size() == 2);
  CHECK(s.stored(second).version == 2);
}

TEST_CASE("a store that fails for good while a commit goes on stops the engine") {
  Scene s;
  (void)s.start();
  s.engine.tell(Engine::reply(s.engine.channel.take(), Outcome::success()));
  s.engine.disk.fail_writes(StoreError::Kind::failed);
  CHECK_THROWS_AS(s.commit(), StoreError);
}

TEST_CASE("a crash while a commit goes on loses nothing that anybody was told of") {
  Scene s;
  const SagaId id = s.start();
  const Command command = s.engine.channel.take();
  s.engine.tell(Engine::reply(command, Outcome::success(), 1));
  SUBCASE("before it was written") {
    s.engine.crash();
    CHECK(s.engine.saga(id).version == 1);
  }
  SUBCASE("after") {
    s.committer.work();
    s.engine.crash();
    CHECK(s.engine.channel.take().id.step == "charge");
  }
  CHECK(s.engine.channel.receipted.empty());
}

TEST_CASE("the watermark does not pass commands that are stored and not sent") {
  Scene s;
  (void)s.start();
  const Command sent = s.engine.channel.take();
  s.engine.tell(Engine::reply(sent, Outcome::success()));
  s.engine.now += 10s;
  SagaId unused;
  s.engine.tell(s.engine.start_arrival({}, Json::object(), &unused));
  s.commit();  // The next batch has been sealed before the first one's command was sent.
  s.committer.work();
  CHECK(s.engine.store->watermark("scripted") < 2);
  s.engine.crash();
  CHECK(s.engine.channel.sent.size() == 2);
}

TEST_CASE("a breaker that a turn opened closes again when that turn is taken back") {
  Scene s{breaker_definition};
  const Two two = s.start_two();
  s.engine.tell(Engine::reply(two.of_first, Outcome::failed("DOWN")));
  s.engine.tell(Engine::reply(two.of_second, Outcome::failed("DOWN")));
  s.engine.disk.fail_writes(StoreError::Kind::full);
  s.commit();
  CHECK(s.engine.breaker_changes.empty());
  s.engine.disk.fail_writes(std::nullopt);
  s.aside = false;
  s.engine.now = *s.engine.next_due();
  s.engine.tell();
  REQUIRE(s.engine.breaker_changes.size() == 1);
  CHECK(s.engine.breaker_changes[0].to == BreakerPhase::open);
}

TEST_CASE("a turn does not grow without end while a commit goes on") {
  Scene s;
  const SagaId first = s.start();
  s.engine.tell(Engine::reply(s.engine.channel.take(), Outcome::success()));
  REQUIRE(s.engine.coordinator().is_committing());
  SagaId last;
  for (std::size_t i = 0; i < Coordinator::Settings{}.turn_limit; ++i) {
    CHECK(s.stored(first).version == 1);
    s.engine.tell(s.engine.start_arrival({}, Json::object(), &last));
  }
  CHECK(s.stored(first).version == 2);  // Whoever decides has waited for the commit.
}

TEST_CASE("a clean end leaves nothing under way") {
  Scene s;
  const auto [first, second, of_first, of_second] = s.start_two();
  s.engine.tell(Engine::reply(of_first, Outcome::success(), 1));
  s.engine.tell(Engine::reply(of_second, Outcome::success(), 2));
  s.engine.checkpoint();
  CHECK(s.engine.channel.receipted == std::vector<std::uint64_t>{1, 2});
  CHECK(s.stored(first).version == 2);
  CHECK(s.stored(second).version == 2);
}

// Requests to a saga that only a child of it can be meant by.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "scripted_channel.hpp"

using namespace skald;
using skald::testing::Engine;

namespace {

constexpr const char* pair = R"({
  "saga": "trip", "version": 1, "steps": [
    {"name": "hotel", "saga": {"type": "hotel"}},
    {"name": "car", "saga": {"type": "hotel"}, "after": []} ] })";

constexpr const char* single = R"({
  "saga": "trip", "version": 1, "steps": [ {"name": "hotel", "saga": {"type": "hotel"}} ] })";

constexpr const char* waiting_child = R"({
  "saga": "hotel", "version": 1, "steps": [
    {"name": "approval", "wait_for": {"signal": "approved"}},
    {"name": "book", "participant": "h", "action": "book", "on_failure": "stuck",
     "retry": {"max_attempts": 1}, "compensation": "unbook"} ] })";

constexpr const char* middle = R"({
  "saga": "outer", "version": 1, "steps": [ {"name": "trip", "saga": {"type": "trip"}} ] })";

struct Family {
  explicit Family(const char* definition) : engine(definition) {
    CHECK(engine.define(waiting_child).empty());
    root = engine.start();
  }
  SagaId child_of(const SagaId& id, std::size_t step = 0) {
    return *engine.saga(id).steps.at(step).child;
  }
  std::string signal(const SagaId& id) {
    return engine.request(id, SignalReceived{"approved", JsonText::parse("1"), {}});
  }
  void get_stuck() { engine.tell(Engine::reply(engine.channel.take(), Outcome::rejected("FULL"))); }
  Engine engine;
  SagaId root;
};

}  // namespace

TEST_CASE("a signal to a parent goes to the child saga that waits for it") {
  Family family{single};
  CHECK(family.signal(family.root).empty());
  const SagaId hotel = family.child_of(family.root);
  CHECK(family.engine.saga(hotel).steps[0].output == JsonText::parse("1"));
}

TEST_CASE("a signal that several child sagas wait for is refused, and they are named") {
  Family family{pair};
  const std::string refusal = family.signal(family.root);
  CAPTURE(refusal);
  CHECK(refusal.find("2 child sagas wait for the signal approved") != std::string::npos);
  CHECK(refusal.find(family.child_of(family.root, 0).to_string()) != std::string::npos);
  CHECK(refusal.find(family.child_of(family.root, 1).to_string()) != std::string::npos);
}

TEST_CASE("a resume of a parent resumes the child sagas that stand still") {
  Family family{pair};
  for (const std::size_t step : {0U, 1U}) {
    REQUIRE(family.signal(family.child_of(family.root, step)).empty());
    family.get_stuck();
    REQUIRE(family.engine.status(family.child_of(family.root, step)) == Status::stuck);
  }
  CHECK(family.engine.request(family.root, ResumeRequested{}).empty());
  CHECK(family.engine.status(family.child_of(family.root, 0)) == Status::running);
  CHECK(family.engine.status(family.child_of(family.root, 1)) == Status::running);
  CHECK(family.engine.channel.sent.size() == 2);
}

TEST_CASE("a request goes down over several generations") {
  Family family{middle};
  REQUIRE(family.engine.status(family.root) == Status::stuck);  // It has no trip to start yet.
  REQUIRE(family.engine.define(single).empty());
  REQUIRE(family.engine.request(family.root, ResumeRequested{}).empty());
  CHECK(family.signal(family.root).empty());
  family.get_stuck();
  const SagaId hotel = family.child_of(family.child_of(family.root));
  REQUIRE(family.engine.status(hotel) == Status::stuck);
  CHECK(family.engine.request(family.root, ResumeRequested{}).empty());
  CHECK(family.engine.status(hotel) == Status::running);
}

TEST_CASE("what no child saga waits for either is refused as before") {
  Family family{single};
  CHECK(family.engine.request(family.root, ResumeRequested{}).find("nothing to resume") !=
        std::string::npos);
  const std::string refusal =
      family.engine.request(family.root, SignalReceived{"other", JsonText{}, {}});
  CHECK(refusal.find("waits for no signal other") != std::string::npos);
}

TEST_CASE("a signal that comes again under its id changes nothing, also once it has ended") {
  Engine engine{waiting_child};
  const SagaId id = engine.start();
  const auto signal = [&](const char* data, const char* signal_id) {
    return engine.request(id, SignalReceived{"approved", JsonText::parse(data), {}, signal_id});
  };
  CHECK(signal("1", "m-1").empty());
  const std::uint64_t version = engine.saga(id).version;
  CHECK(signal("2", "m-1").empty());
  CHECK(engine.saga(id).version == version);
  CHECK(signal("2", "m-2").find("no step waits") != std::string::npos);
  engine.tell(Engine::reply(engine.channel.take(), Outcome::success()));
  REQUIRE(engine.status(id) == Status::completed);
  engine.crash();
  CHECK(signal("1", "m-1").empty());
}

TEST_CASE("a signal that was handed on and comes again under its id reaches no other child") {
  Family family{pair};
  const auto signal = [&](const SagaId& id) {
    return family.engine.request(
        id, SignalReceived{"approved", JsonText::parse("1"), {}, std::string("m-1")});
  };
  const SagaId first = family.child_of(family.root, 0);
  const SagaId second = family.child_of(family.root, 1);
  REQUIRE(signal(first).empty());
  CHECK(signal(family.root).empty());
  CHECK(family.engine.saga(second).steps[0].status == StepStatus::waiting);
}

// Work on a whole family is bounded in each turn, however many child sagas there are.
#include <doctest/doctest.h>

#include <algorithm>

#include "scripted_channel.hpp"
#include "skald/work.hpp"

using namespace skald;
using skald::testing::Engine;

namespace {

constexpr const char* tour = R"({
  "saga": "tour", "version": 1, "undo": "parallel", "steps": [
    {"name": "trip", "for_each": {"in": "/input/trips", "concurrency": 10, "step":
      {"saga": {"type": "trip"}}}} ] })";

constexpr const char* trip = R"({
  "saga": "trip", "version": 1, "undo": "parallel", "steps": [
    {"name": "hotel", "for_each": {"in": "/input/hotels", "concurrency": 1000, "step":
      {"saga": {"type": "hotel"}}}} ] })";

constexpr const char* hotel = R"({
  "saga": "hotel", "version": 1, "steps": [
    {"name": "approval", "wait_for": {"signal": "approved"}} ] })";

constexpr std::size_t hotels = 600;
// A turn of 1,024 that is full still ends what it has asked of child sagas.
constexpr std::uint64_t decisions_in_a_turn_max = 2 * 1'024;
constexpr int turns_max = 100;

struct LargeFamily {
  LargeFamily() : engine(tour) {
    REQUIRE(engine.define(trip).empty());
    REQUIRE(engine.define(hotel).empty());
    Json one_trip{{"hotels", Json::array()}};
    for (std::size_t i = 0; i < hotels; ++i) one_trip["hotels"].push_back(i);
    root = engine.start({}, Json{{"trips", {one_trip, one_trip}}}).id;
    settle();
    REQUIRE(grandchildren().size() == 2 * hotels);
  }

  // Runs what is due now, a turn at a time; the most decisions that one turn has made.
  void settle() {
    for (int turn = 0; turn < turns_max; ++turn) {
      const auto due = engine.next_due();
      if (!due || *due > engine.now) return;
      measured([this] { engine.tell(); });
    }
    FAIL("does not come to rest");
  }
  template <typename Deed>
  void measured(Deed deed) {
    const std::uint64_t before = work().decisions;
    deed();
    busiest_turn = std::max(busiest_turn, work().decisions - before);
  }
  [[nodiscard]] std::vector<SagaId> children_of(const SagaId& id) {
    std::vector<SagaId> found;
    for (const StepState& step : engine.saga(id).steps) {
      if (step.child) found.push_back(*step.child);
    }
    return found;
  }
  [[nodiscard]] std::vector<SagaId> grandchildren() {
    std::vector<SagaId> found;
    for (const SagaId& one_trip : children_of(root)) {
      for (const SagaId& leaf : children_of(one_trip)) found.push_back(leaf);
    }
    return found;
  }

  Engine engine;
  SagaId root;
  std::uint64_t busiest_turn = 0;
};

}  // namespace

TEST_CASE_FIXTURE(LargeFamily, "a large family is started over several turns") {
  CHECK(busiest_turn <= decisions_in_a_turn_max);
}

TEST_CASE_FIXTURE(LargeFamily, "a large family is turned back over several turns, and wholly") {
  busiest_turn = 0;
  measured([this] { CHECK(engine.request(root, CancelRequested{}).empty()); });
  CHECK(engine.status(root) == Status::compensating);
  settle();
  CHECK(busiest_turn <= decisions_in_a_turn_max);
  CHECK(engine.status(root) == Status::compensated);
  for (const SagaId& id : grandchildren()) CHECK(engine.status(id) == Status::compensated);
}

TEST_CASE_FIXTURE(LargeFamily, "a turn back of a large family that a crash cuts off goes on") {
  CHECK(engine.request(root, CancelRequested{}).empty());
  engine.crash();
  settle();
  CHECK(engine.status(root) == Status::compensated);
}

TEST_CASE_FIXTURE(LargeFamily, "a request that too many child sagas could be meant by is refused") {
  const std::uint64_t rows = work().rows;
  const std::string refusal =
      engine.request(root, SignalReceived{"approved", JsonText::parse("1"), {}});
  CAPTURE(refusal);
  CHECK(refusal.find("more than 1000 child sagas that the signal could be meant for") !=
        std::string::npos);
  CHECK(work().rows - rows < 10'000);
}

TEST_CASE_FIXTURE(LargeFamily, "of a large family only those that stand still are looked at") {
  const SagaId last = grandchildren().back();
  REQUIRE(engine.request(last, PauseRequested{}).empty());
  engine.crash();
  settle();
  const std::uint64_t rows = work().rows;
  CHECK(engine.request(root, ResumeRequested{}).empty());
  CHECK_FALSE(engine.saga(last).paused);
  CHECK(work().rows - rows < 4'000);  // The parent's own, mostly.
}

TEST_CASE("what a child saga is given is read once, to allow it and to start it") {
  constexpr std::size_t input_bytes = 1'000'000;
  Engine engine{R"({"saga": "parent", "version": 1, "steps": [
    {"name": "whole", "saga": {"type": "part", "input": {"$from": "/input"}}} ]})"};
  REQUIRE(engine
              .define(R"({"saga": "part", "version": 1, "steps": [
    {"name": "each", "for_each": {"in": "/input/items", "step":
      {"participant": "p", "action": "a", "compensation": "none"}}} ]})")
              .empty());
  const Json input{{"items", {1}}, {"note", std::string(input_bytes, 'y')}};
  const WorkDone before = work();
  const SagaId parent = engine.start({}, input);
  while (engine.next_due().value_or(Time::max()) <= engine.now) engine.tell();
  REQUIRE(engine.saga(parent).steps[0].child);
  // The parent's input is put together by this test and made a tree of; the child's is rendered,
  // scanned, and made a tree of.
  CHECK(work().parsed_bytes - before.parsed_bytes < 3 * input_bytes + 100'000);
  CHECK(work().rendered_bytes - before.rendered_bytes < 2 * input_bytes + 100'000);
}

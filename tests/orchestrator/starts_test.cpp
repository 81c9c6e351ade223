// Starts that nobody waits for, many at once, and from many threads.
#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <map>
#include <nlohmann/json.hpp>
#include <semaphore>
#include <set>
#include <thread>

#include "scripted_channel.hpp"
#include "skald/memory_store.hpp"
#include "skald/orchestrator.hpp"

using namespace skald;
using skald::testing::order_definition;
using Code = Refused::Code;

namespace {

OrchestratorOptions quiet() {
  OrchestratorOptions options;
  options.control_socket = false;
  options.log = [](LogLevel, std::string_view) {};
  return options;
}

NewSaga order(StartOptions options = {}) {
  return {"order", JsonText::of(Json::object()), std::move(options)};
}

/// Takes outcomes and lets a test wait for them.
class Outcomes {
 public:
  StartDone taker() {
    return [this](StartOutcome outcome) {
      told_on_ = std::this_thread::get_id();
      outcomes_.push_back(std::move(outcome));
      told_.release();
    };
  }
  StartOutcome next() {
    told_.acquire();
    return outcomes_[read_++];
  }
  Refused next_refusal() {
    const StartOutcome outcome = next();
    REQUIRE(std::holds_alternative<Refused>(outcome));
    return std::get<Refused>(outcome);
  }
  [[nodiscard]] std::size_t told() const { return outcomes_.size(); }
  [[nodiscard]] std::thread::id told_on() const { return told_on_; }

 private:
  std::deque<StartOutcome> outcomes_;
  std::size_t read_ = 0;
  std::thread::id told_on_;
  std::counting_semaphore<> told_{0};
};

/// What start() throws, which is what the others must tell.
Refused refused_start(Orchestrator& orders, const NewSaga& saga) {
  try {
    (void)orders.start(saga.type, saga.input, saga.options);
  } catch (const Refused& refused) {
    return refused;
  }
  FAIL("the start was not refused");
  return {Code::invalid, ""};
}

void check_same(const Refused& told, const Refused& thrown, Code code) {
  CHECK(told.code() == code);
  CHECK(thrown.code() == code);
  CHECK(std::string(told.what()) == thrown.what());
}

}  // namespace

TEST_CASE("a start that nobody waits for is answered after its commit, by the engine's thread") {
  MemoryStore store;
  NullChannel channel;
  Orchestrator orders{store, channel, quiet()};
  orders.define(parse_definition(order_definition));
  std::binary_semaphore done{0};
  bool stored = false;
  std::thread::id thread;
  orders.start_async(order(), [&](const StartOutcome& outcome) {
    const auto* started = std::get_if<Started>(&outcome);
    // The store belongs to the engine's thread, which is this one.
    stored = started != nullptr && store.summary(started->id).has_value();
    thread = std::this_thread::get_id();
    done.release();
  });
  done.acquire();
  CHECK(stored);
  CHECK(thread != std::this_thread::get_id());
}

TEST_CASE("start_async() and start_many() tell what start() throws") {
  MemoryDisk disk;
  MemoryStore store{disk};
  NullChannel channel;
  Orchestrator orders{store, channel, quiet()};
  orders.define(parse_definition(order_definition));
  Outcomes outcomes;
  const auto check_refused = [&](const NewSaga& saga, Code code) {
    const Refused thrown = refused_start(orders, saga);
    orders.start_async(saga, outcomes.taker());
    check_same(outcomes.next_refusal(), thrown, code);
    const std::vector<StartOutcome> many = orders.start_many({saga});
    REQUIRE(many.size() == 1);
    REQUIRE(std::holds_alternative<Refused>(many.front()));
    check_same(std::get<Refused>(many.front()), thrown, code);
  };
  SUBCASE("an unknown type") { check_refused({"nothing", JsonText{}, {}}, Code::not_found); }
  SUBCASE("an unknown version") { check_refused(order({.version = 7}), Code::not_found); }
  SUBCASE("a key that another order has") {
    const Started first = orders.start("order", Json{{"n", 1}}, {.key = "k"});
    check_refused(order({.key = "k"}), Code::key_conflict);
    orders.start_async({"order", JsonText::of(Json{{"n", 1}}), {.key = "k"}}, outcomes.taker());
    const Started same = std::get<Started>(outcomes.next());
    CHECK(same.id == first.id);
    CHECK_FALSE(same.created);
  }
  SUBCASE("a store that is full") {
    disk.fail_writes(StoreError::Kind::full);
    check_refused(order(), Code::unavailable);
    CHECK_FALSE(orders.failure());
  }
  SUBCASE("an engine that was stopped, which tells it on the caller's own thread") {
    orders.stop();
    check_refused(order(), Code::unavailable);
    CHECK(outcomes.told_on() == std::this_thread::get_id());
  }
}

TEST_CASE("starts that the engine holds when its disk fails are told once, and none hangs") {
  MemoryDisk disk;
  MemoryStore store{disk};
  NullChannel channel;
  Orchestrator orders{store, channel, quiet()};
  orders.define(parse_definition(order_definition));
  disk.fail_writes(StoreError::Kind::failed);
  constexpr int starts = 200;
  std::vector<std::atomic<int>> told(starts);
  for (int i = 0; i < starts; ++i) {
    orders.start_async(order(), [&count = told[static_cast<std::size_t>(i)]](const auto& outcome) {
      CHECK(std::holds_alternative<Refused>(outcome));
      ++count;
    });
  }
  const auto many = orders.start_many(std::vector<NewSaga>(starts, order()));
  CHECK(std::all_of(many.begin(), many.end(), [](const StartOutcome& outcome) {
    const auto* refused = std::get_if<Refused>(&outcome);
    return refused != nullptr && refused->code() == Code::unavailable;
  }));
  orders.stop();
  CHECK(orders.failure());
  CHECK(std::all_of(told.begin(), told.end(), [](const auto& count) { return count == 1; }));
}

TEST_CASE("a start that is one too many is refused by start_async(), which never blocks") {
  MemoryStore store;
  NullChannel channel;
  OrchestratorOptions options = quiet();
  options.waiting_starts_limit = 2;
  std::latch busy{1};
  std::latch go{1};
  std::atomic<bool> first{true};
  options.observer = [&](const Definition&, const Saga&, const std::vector<Event>&) {
    if (!first.exchange(false)) return;
    busy.count_down();
    go.wait();
  };
  Orchestrator orders{store, channel, options};
  orders.define(parse_definition(order_definition));
  Outcomes taken;
  Outcomes refused;
  orders.start_async(order(), taken.taker());
  busy.wait();  // From here on nothing is taken out of the inbox.
  orders.start_async(order(), taken.taker());
  orders.start_async(order(), taken.taker());
  orders.start_async(order(), refused.taker());
  REQUIRE(refused.told() == 1);
  const Refused refusal = refused.next_refusal();
  CHECK(refusal.code() == Code::unavailable);
  CHECK(std::string(refusal.what()).find("2 starts wait for their commit") == 0);
  go.count_down();
  for (int i = 0; i < 3; ++i) CHECK(std::holds_alternative<Started>(taken.next()));
}

TEST_CASE("start_many() answers in order, each start for itself, whatever the limit of the inbox") {
  MemoryStore store;
  NullChannel channel;
  OrchestratorOptions options = quiet();
  options.waiting_starts_limit = 16;
  options.batch_limit = 7;
  Orchestrator orders{store, channel, options};
  orders.define(parse_definition(order_definition));
  constexpr std::size_t count = 500;
  std::vector<NewSaga> sagas;
  for (std::size_t i = 0; i < count; ++i) {
    // Every seventh is refused, and every fifth has the key of the one before it.
    const std::size_t key = i % 5 == 4 ? i - 1 : i;
    sagas.push_back(order({.key = "order-" + std::to_string(key)}));
    if (i % 7 == 6) sagas.back().type = "nothing";
  }
  const std::vector<StartOutcome> outcomes = orders.start_many(sagas);
  REQUIRE(outcomes.size() == count);
  std::map<std::string, SagaId> by_key;
  for (std::size_t i = 0; i < count; ++i) {
    CAPTURE(i);
    if (i % 7 == 6) {
      REQUIRE(std::holds_alternative<Refused>(outcomes[i]));
      CHECK(std::get<Refused>(outcomes[i]).code() == Code::not_found);
      continue;
    }
    REQUIRE(std::holds_alternative<Started>(outcomes[i]));
    const Started& started = std::get<Started>(outcomes[i]);
    const auto [holder, is_first] = by_key.try_emplace(*sagas[i].options.key, started.id);
    CHECK(started.created == is_first);
    CHECK(started.id == holder->second);
    CHECK(orders.saga(started.id).key == sagas[i].options.key);
  }
  CHECK(orders.start_many({}).empty());
}

TEST_CASE("the answer to a start may start the next") {
  MemoryStore store;
  NullChannel channel;
  Orchestrator orders{store, channel, quiet()};
  orders.define(parse_definition(order_definition));
  constexpr int chain = 50;
  std::binary_semaphore done{0};
  std::set<SagaId> started;
  StartDone next = [&](const StartOutcome& outcome) {
    started.insert(std::get<Started>(outcome).id);
    if (started.size() == chain) {
      done.release();
    } else {
      orders.start_async(order(), next);
    }
  };
  orders.start_async(order(), next);
  done.acquire();
  CHECK(started.size() == chain);
}

TEST_CASE("every one of many threads that wait for their starts is woken, each with its own saga") {
  MemoryStore store;
  NullChannel channel;
  Orchestrator orders{store, channel, quiet()};
  orders.define(parse_definition(order_definition));
  constexpr std::size_t callers = 48;
  constexpr std::size_t each = 100;
  std::vector<std::vector<SagaId>> ids(callers);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : ids) {
      threads.emplace_back([&orders, &mine] {
        for (std::size_t i = 0; i < each; ++i) {
          mine.push_back(orders.start("order", JsonText::of(Json::object())).id);
        }
      });
    }
  }
  std::set<SagaId> all;
  for (const auto& mine : ids) all.insert(mine.begin(), mine.end());
  CHECK(all.size() == callers * each);
}

namespace {

// What a start with this input and key is refused for; empty when it is taken.
std::string refusal_for(const std::string& definition, const Json& input,
                        std::optional<std::string> key = std::nullopt) {
  MemoryStore store;
  NullChannel channel;
  Orchestrator orders{store, channel, quiet()};
  orders.define(parse_definition(definition));
  StartOptions options;
  options.key = std::move(key);
  try {
    (void)orders.start("t", input, options);
  } catch (const Refused& refused) {
    CHECK(refused.code() == Code::invalid);
    return refused.what();
  }
  return {};
}

std::string with_steps(const std::string& steps, const std::string& more = "") {
  return R"({"saga": "t", "version": 1, )" + more + R"("steps": [)" + steps + "]}";
}

std::string call(const std::string& more) {
  return R"({"name": "a", "participant": "p", "action": "a", )" + more + "}";
}

constexpr const char* needs_sku =
    R"("compensation": "none", "input": {"sku": {"$from": "/input/sku"}})";

}  // namespace

TEST_CASE("a start without a value that a template surely needs is refused and names both") {
  const std::string refusal = refusal_for(with_steps(call(needs_sku)), Json::object());
  CHECK(refusal ==
        "the input of step a points nowhere: /input/sku; give that value, or let the definition "
        "state a \"default\" for it");
  CHECK(refusal_for(with_steps(call(needs_sku)), {{"sku", nullptr}}).empty());
  const auto names = [](const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
  };
  CHECK(names(refusal_for(with_steps(call(R"("compensation": {"action": "undo",
                  "input": {"$from": "/input/iban"}})")),
                          Json::object()),
              "the input of undo of step a points nowhere: /input/iban"));
  CHECK(names(refusal_for(with_steps(R"({"name": "c", "saga": {"type": "x",
                  "input": {"$from": "/input/leg"}}})"),
                          Json::object()),
              "the input of step c points nowhere: /input/leg"));
  CHECK(names(refusal_for(with_steps(call(R"("compensation": "none")"),
                                     R"("output": {"$from": "/input/x"}, )"),
                          Json::object()),
              "the output of the saga points nowhere: /input/x"));
  const std::string keyed =
      with_steps(call(R"("compensation": "none", "input": {"k": {"$from": "/key"}})"));
  CHECK(names(refusal_for(keyed, Json::object()), "points nowhere: /key"));
  CHECK(refusal_for(keyed, Json::object(), "k-1").empty());
  const std::string each = with_steps(R"({"name": "e", "for_each": {"in": "/input/items", "step": {
      "participant": "p", "action": "a", "compensation": "none",
      "input": {"sku": {"$from": "/item/sku"}}}}})");
  CHECK(names(refusal_for(each, {{"items", {{{"sku", 1}}, {{"sk", 2}}}}}),
              "the input of step e.1 points nowhere: /item/sku"));
  CHECK(refusal_for(each, {{"items", {{{"sku", 1}}}}}).empty());
}

TEST_CASE("a value that may not be needed, or that is not known yet, does not refuse a start") {
  const auto taken = [](const std::string& steps, const Json& input) {
    const std::string refusal = refusal_for(with_steps(steps), input);
    CHECK_MESSAGE(refusal.empty(), refusal);
  };
  const std::string needs = std::string(needs_sku) + ", ";
  taken(call(R"("compensation": "none", "input": {"sku": {"$from": "/input/sku", "default": 1}})"),
        Json::object());
  taken(call(needs + R"("when": {"$from": "/input/gift", "equals": true})"), Json::object());
  taken(call(needs + R"("on_failure": "skip")"), Json::object());
  const std::string first =
      R"({"name": "first", "participant": "p", "action": "f", "compensation": "none"}, )";
  taken(first + call(needs + R"("when": {"$from": "/steps/first/output/ok", "equals": true})"),
        Json::object());
  taken(first + call(R"("compensation": "none", "input": {"$from": "/steps/first/output/id"})"),
        Json::object());
  // A condition that holds already excuses nothing.
  CHECK(
      !refusal_for(with_steps(call(needs + R"("when": {"$from": "/input/gift", "equals": true})")),
                   {{"gift", true}})
           .empty());
}

TEST_CASE("a sleep whose time is known at the start is checked there") {
  const std::string nap = with_steps(R"({"name": "nap", "sleep": {"$from": "/input/at"}})");
  CHECK(refusal_for(nap, {{"at", "soon"}}) ==
        "the sleep of step nap is neither a duration such as \"5m\" nor a time: \"soon\"");
  CHECK(refusal_for(nap, Json::object()).find("points nowhere: /input/at") != std::string::npos);
  CHECK(refusal_for(nap, {{"at", "5m"}}).empty());
  CHECK(refusal_for(nap, {{"at", "2030-01-01T00:00:00Z"}}).empty());
}

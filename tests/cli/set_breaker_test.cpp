#include <doctest/doctest.h>

#include "skald/participant_state.hpp"
#include "world.hpp"

using namespace skald;
using namespace skald::cli_test;

namespace {

constexpr const char* breaker_definition = R"({
  "saga": "guarded", "version": 1,
  "participants": {"payment": {"breaker": {"failures": 1, "delay": "1h"}}},
  "steps": [{"name": "charge", "participant": "payment", "action": "charge",
             "compensation": "refund", "retry": {"max_attempts": 1}},
            {"name": "pack", "participant": "inventory", "action": "reserve",
             "compensation": "release"}]})";

struct Shop {
  Shop() { engine.orchestrator().define(parse_definition(breaker_definition)); }
  Started start(const Json& outcomes = Json::object()) {
    return engine.orchestrator().start("guarded", Json{{"outcomes", outcomes}});
  }
  Result set(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"participants", "set"});
    return world.skald(std::move(arguments));
  }
  Json payment() {
    const Result result = world.skald({"participants", "-o", "json"});
    REQUIRE_MESSAGE(result.code == 0, result.err);
    for (const Json& p : result.json()) {
      if (p.at("name") == "payment") return p;
    }
    FAIL("payment is not listed");
    return {};
  }

  World world;
  Engine engine{world.store()};
};

}  // namespace

TEST_CASE_FIXTURE(Shop, "participants set --breaker closed lets go what an open breaker held") {
  REQUIRE(engine.orchestrator().wait(start({{"charge", "failed"}}), Duration(10'000)));
  CHECK(payment()["breaker"]["state"] == "open");
  const Started held = start();
  const Result result =
      set({"payment", "--breaker", "closed", "--for", "10m", "--reason", "they are back"});
  REQUIRE_MESSAGE(result.code == 0, result.err);
  CHECK(result.warns("the breaker of payment is closed now for 10m"));
  REQUIRE(engine.orchestrator().wait(held, Duration(10'000)));
  // For that time it stays so, whatever is answered.
  REQUIRE(engine.orchestrator().wait(start({{"charge", "failed"}}), Duration(10'000)));
  const Json now = payment();
  CHECK(now["breaker"]["state"] == "closed");
  CHECK(now["breaker"]["set_until"].is_string());
  CHECK(now["order"]["breaker"] == "closed");
  CHECK(now["order"]["by"] == "ada");
  CHECK(now["order"]["reason"] == "they are back");
  CHECK(now["order"]["until"].is_string());
}

TEST_CASE_FIXTURE(Shop, "participants set --breaker open holds commands until it is closed again") {
  REQUIRE(set({"payment", "--breaker", "open", "--for", "10m"}).code == 0);
  const Json now = payment();
  CHECK(now["breaker"]["state"] == "open");
  CHECK(now["breaker"]["set_until"].is_string());
  const Started held = start();
  CHECK(world.skald({"why", held.id.to_string()})
            .says("waits to be issued, because the breaker of payment is open until"));
  // Without --for it is as if its answers had closed it.
  const Result result = set({"payment", "--breaker", "closed"});
  REQUIRE_MESSAGE(result.code == 0, result.err);
  CHECK(result.warns("the breaker of payment is closed now\n"));
  REQUIRE(engine.orchestrator().wait(held, Duration(10'000)));
  CHECK(payment()["breaker"]["state"] == "closed");
}

TEST_CASE_FIXTURE(Shop, "participants set refuses what it cannot do, and says why") {
  const auto refused = [&](std::vector<std::string> arguments, int code, const char* words) {
    const Result result = set(std::move(arguments));
    INFO(result.err);
    CHECK(result.code == code);
    CHECK(result.warns(words));
  };
  refused({"inventory", "--breaker", "open"}, 4, "has no breaker");
  refused({"nobody", "--breaker", "open"}, 3, "nobody");
  refused({"payment", "--breaker", "ajar"}, 2, "ajar");
  refused({"payment"}, 2, "--breaker");
  refused({"payment", "--breaker", "open", "--for", "soon"}, 2, "--for");
  refused({"payment", "--breaker", "open", "--for", "0s"}, 2, "--for: must be longer than nothing");
  CHECK(payment()["order"].is_null());
}

TEST_CASE("participants set needs a running engine, and says so") {
  World world;
  { Engine engine(world.store()); }
  const Result result = world.skald({"participants", "set", "payment", "--breaker", "open"});
  INFO(result.err);
  CHECK(result.code == 5);
  CHECK(result.warns("no engine"));
}

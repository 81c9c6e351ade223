#include <doctest/doctest.h>
#include <fmt/format.h>

#include "skald/participant_state.hpp"
#include "world.hpp"

using namespace skald;
using namespace skald::cli_test;

namespace {

constexpr const char* guarded_definition = R"({
  "saga": "guarded", "version": 2,
  "participants": {"payment": {"breaker": {"failures": 1, "delay": "1h"},
                               "bulkhead": {"max_in_flight": 10, "max_waiting": 99},
                               "rate_limit": {"rate": "5/h", "burst": 4}, "retry_budget": {}}},
  "steps": [{"name": "charge", "participant": "payment", "action": "charge",
             "compensation": "refund", "retry": {"max_attempts": 1}}]})";

Json participant(const Json& list, const std::string& name) {
  for (const Json& p : list) {
    if (p.at("name") == name) return p;
  }
  FAIL("no participant ", name);
  return {};
}

// Opens the breaker of `payment`; answers a saga that waits for it.
std::string open_breaker(Engine& engine) {
  engine.orchestrator().define(parse_definition(guarded_definition));
  const auto failing =
      engine.orchestrator().start("guarded", Json{{"outcomes", {{"charge", "failed"}}}});
  REQUIRE(engine.orchestrator().wait(failing, Duration(10'000)));
  return engine.orchestrator().start("guarded", Json::object()).id.to_string();
}

}  // namespace

TEST_CASE("an engine's answer about thousands of participants is as long as it has to be") {
  World world;
  Engine engine(world.store());
  constexpr int steps = 1'000;
  for (const char type : {'a', 'b', 'c', 'd', 'e', 'f'}) {
    std::string text = fmt::format(R"({{"saga": "{}", "version": 1, "steps": [)", type);
    for (int i = 0; i < steps; ++i) {
      text += fmt::format(R"({}{{"name": "s{}", "participant": "{}{:0>63}", "action": "x",
                              "compensation": "none"}})",
                          i > 0 ? "," : "", i, type, i);
    }
    engine.orchestrator().define(parse_definition(text + "]}"));
  }
  const Result all = world.skald({"participants", "-o", "json"});
  CHECK(all.code == 0);
  CHECK(all.out.size() > 1'048'576);
  CHECK(all.json().size() >= 6 * steps);
}

TEST_CASE(
    "participants tells what a running engine knows: policies, where from, and how they stand") {
  World world;
  Engine engine(world.store());
  (void)open_breaker(engine);
  const Result result = world.skald({"participants", "-o", "json"});
  REQUIRE_MESSAGE(result.code == 0, result.err);
  const Json payment = participant(result.json(), "payment");
  CHECK(payment["breaker"]["state"] == "open");
  CHECK(payment["breaker"]["until"].is_string());
  CHECK(payment["policies"]["bulkhead"]["max_in_flight"] == 10);
  CHECK(payment["sources"]["breaker"] == "guarded v2");
  CHECK(payment["in_flight"] == 0);
  CHECK(payment["waiting"] == 1);
  CHECK(payment["tokens"] == 3);
  CHECK(payment["retries_left"] == 10);
  CHECK(payment["held"]["by"] == "breaker");
  CHECK(payment["last_error"]["error_code"] == "NO_charge");
  const Json inventory = participant(result.json(), "inventory");
  CHECK(inventory["breaker"].is_null());
  CHECK(inventory["policies"].empty());
  const Result table = world.skald({"participants"});
  CHECK(table.says("open, probes in"));
  CHECK(table.says("1/99"));
  CHECK(table.says("3/4"));
  const Result wide = world.skald({"participants", "-o", "wide"});
  CHECK(wide.says("breaker: guarded v2"));
  CHECK(wide.says("5/h"));
}

TEST_CASE("why names the policy that lets a saga wait") {
  World world;
  Engine engine(world.store());
  const std::string id = open_breaker(engine);
  CHECK(world.skald({"why", id})
            .says("waits to be issued, because the breaker of payment is open until"));
}

TEST_CASE("without an engine participants tells what the store keeps, and says so") {
  World world;
  {
    Engine engine(world.store());
    (void)open_breaker(engine);
  }
  const Result result = world.skald({"participants", "-o", "json"});
  CHECK(result.code == 0);
  CHECK(result.warns("no engine answers"));
  const Json payment = participant(result.json(), "payment");
  CHECK(payment["breaker"]["state"] == "open");
  CHECK(payment["tokens"] == 3);
  CHECK(payment["in_flight"].is_null());
  CHECK(payment["last_error"]["error_code"] == "NO_charge");
  const auto config = world.write(
      "engine.json", R"({"participants": {"payment": {"rate_limit": {"rate": "1/s"}}}})");
  const Result configured = world.skald({"participants", "--config", config, "-o", "json"});
  const Json overruled = participant(configured.json(), "payment");
  CHECK(overruled["sources"]["rate_limit"] == "configuration");
  CHECK(overruled["sources"]["breaker"] == "guarded v2");
  CHECK(overruled["policies"]["rate_limit"]["rate"] == "1/s");
}

TEST_CASE("a broker that cannot be asked for queues is named, and all else is shown") {
  World world;
  Engine engine(world.store());
  (void)open_breaker(engine);
  const Result silent = world.skald({"participants", "-o", "json"});
  CHECK(participant(silent.json(), "payment")["queue"].is_null());
  CHECK_FALSE(silent.warns("queues"));
  world.environment["SKALD_AMQP_URL"] = "amqp://guest:s3cret@127.0.0.1:1/";
  const Result result = world.skald({"participants"});
  CHECK(result.code == 0);
  CHECK(result.says("open, probes in"));
  CHECK(result.warns("the broker could not be asked for queues"));
  CHECK_FALSE(result.warns("s3cret"));
}

TEST_CASE("participants of a store without definitions are none, and without a store an error") {
  World world;
  CHECK(world.skald({"participants"}).code == 3);
  { SqliteStore store(world.store()); }
  const Result none = world.skald({"participants", "-o", "json"});
  CHECK(none.code == 0);
  CHECK(none.json() == Json::array());
  CHECK(world.skald({"participants"}).warns("no definition"));
}

TEST_CASE("a configuration that is wrong is refused with the file and the place") {
  World world;
  const auto refusal = [&](const std::string& text) {
    const auto config = world.write("engine.json", text);
    world.environment["SKALD_AMQP_URL"] = "amqp://localhost/";
    const Result result = world.skald({"run", "--config", config});
    CHECK(result.code == 2);
    CHECK_FALSE(std::filesystem::exists(world.store()));
    CHECK(result.warns(config));
    return result.err;
  };
  CHECK(refusal(R"({"participants": {"payment": {"bulkhead": {"max_in_flight": 0}}}})")
            .find("participants.payment.bulkhead.max_in_flight: must be >= 1, is 0") !=
        std::string::npos);
  CHECK(refusal(R"({"participants": []})").find("participants: must be an object") !=
        std::string::npos);
  CHECK(refusal(R"({"participant": {}})").find("participant: unknown") != std::string::npos);
  CHECK(refusal("{").find("engine.json") != std::string::npos);
}

TEST_CASE("participants of a list's steps are listed without an engine as well") {
  World world;
  const auto file = world.write("pack.json", R"({"saga": "pack", "version": 1, "steps": [
      {"name": "each", "for_each": {"in": "/input/items", "step":
        {"participant": "warehouse", "action": "pack", "compensation": "none"}}}]})");
  REQUIRE(world.skald({"start", file, "--input", R"({"items": []})"}).code == 0);
  CHECK(world.skald({"participants"}).says("warehouse"));
}

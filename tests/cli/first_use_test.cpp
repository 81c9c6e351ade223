// What a first use of the command stumbled over.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "skald/sqlite_store.hpp"
#include "world.hpp"

using namespace skald;
using namespace skald::cli_test;

namespace {

constexpr const char* parent_of_strict = R"({"saga": "parent", "version": 1, "steps": [
  {"name": "go", "saga": {"type": "strict"}}]})";
constexpr const char* strict_child = R"({"saga": "strict", "version": 1,
  "input_schema": {"required": ["pin"]}, "steps": [{"name": "nap", "sleep": "1ms"}]})";

}  // namespace

TEST_CASE("a child's input that is refused is helped by a patch, and why says so") {
  World world;
  Engine engine(world.store());
  engine.orchestrator().define(parse_definition(strict_child));
  const auto file = world.write("parent.json", parent_of_strict);
  const std::string id = world.skald({"start", file, "--input", "{}"}).lines().at(0);
  REQUIRE(world.skald({"wait", id}).code == 11);
  const Result why = world.skald({"why", id});
  CHECK(why.says("`skald resume --step go --input-patch JSON` gives it an input"));
  CHECK_FALSE(why.says("tries again"));
  CHECK(world.skald({"resume", id, "--step", "go", "--input-patch", R"({"pin": 1})"}).code == 0);
  CHECK(world.skald({"wait", id}).code == 0);
}

TEST_CASE("participants of a list's steps are listed without an engine as well") {
  World world;
  const auto file = world.write("pack.json", R"({"saga": "pack", "version": 1, "steps": [
      {"name": "each", "for_each": {"in": "/input/items", "step":
        {"participant": "warehouse", "action": "pack", "compensation": "none"}}}]})");
  REQUIRE(world.skald({"start", file, "--input", R"({"items": []})"}).code == 0);
  CHECK(world.skald({"participants"}).says("warehouse"));
}

TEST_CASE("a dry run of the quarantine's changes fails where the change would") {
  World world;
  const std::string saga = world.completed("order-7");
  QuarantinedMessage message;
  message.reason = "BAD_JSON";
  message.saga = saga;
  world.quarantine({message});
  CHECK(world.skald({"quarantine", "drop", "1", "--dry-run"}).says("would be dropped (BAD_JSON)"));
  const Result gone = world.skald({"quarantine", "drop", "99", "--dry-run"});
  CHECK(gone.code == 3);
  CHECK(gone.says("would fail: the quarantine has no message 99"));
  CHECK(world.skald({"quarantine", "requeue", "1", "99", "--dry-run"}).code == 6);
  for (const std::string& name : {saga, std::string("key:order-7"), saga.substr(0, 20)}) {
    CHECK(world.skald({"quarantine", "list", "--saga", name}).says("BAD_JSON"));
  }
  CHECK(world.skald({"quarantine", "list", "--saga", "zz"}).warns("has no such message"));
  for (const char* number : {"abc", "-1", "0", "99999999999999999999999"}) {
    CHECK(world.skald({"quarantine", "show", number}).code == 2);
  }
}

TEST_CASE("an address that is none is a usage error that names where it stands") {
  World world;
  const auto config = world.write("conf.json", R"({"amqp": {"url_file": "none.url"}})");
  const Result missing = world.skald({"run", "--config", config});
  CHECK(missing.code == 2);
  CHECK(missing.warns("conf.json: amqp.url_file"));
  world.environment["SKALD_AMQP_URL"] = "http://x";
  const Result other = world.skald({"run"});
  CHECK(other.code == 2);
  CHECK(other.warns("SKALD_AMQP_URL: "));
}

TEST_CASE("an option that would do nothing is a usage error") {
  World world;
  const std::string id = world.stuck();
  CHECK(
      world.skald({"skip", id, "--step", "charge", "--as", "compensated", "--output", "1"}).code ==
      2);
  const auto file = world.write("nap.json", R"({"saga": "nap", "version": 1,
      "steps": [{"name": "a", "sleep": "1ms"}]})");
  CHECK(world.skald({"start", file, "--input", "1", "--timeout", "5s"}).code == 2);
}

TEST_CASE("each time that a saga stands still is a bar of its own") {
  World world;
  const std::string id = world.stuck();
  {
    Engine engine(world.store());
    CHECK(world.skald({"resume", id}).code == 0);
    CHECK(world.skald({"wait", id}).code == 11);
  }
  const Json timeline = world.skald({"timeline", id, "-o", "json"}).json();
  std::vector<Json> stuck;
  for (const Json& span : timeline.contains("spans") ? timeline["spans"] : timeline) {
    if (span.value("kind", "") == "stuck") stuck.push_back(span);
  }
  REQUIRE(stuck.size() >= 2);
  CHECK(stuck[0]["end"] <= stuck[1]["begin"]);
}

TEST_CASE("a key of other steps is told from one that no step has") {
  World world;
  const auto file = world.write("odd.json", R"({"saga": "odd", "version": 1, "steps": [
      {"name": "a", "sleep": "1ms", "timeout": "1s"}, {"name": "b", "sleep": "1ms", "time": 1}]})");
  const Result lint = world.skald({"definition", "lint", file});
  CHECK(lint.says("steps[0].timeout: a step that sleeps has none; it takes name, when"));
  CHECK(lint.says("steps[1].time: unknown key"));
}

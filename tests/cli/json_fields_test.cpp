// docs/cli.md names every field of the JSON that is printed: it is what scripts rely on.
#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "world.hpp"

using namespace skald;
using namespace skald::cli_test;

namespace {

// What stands there is the user's, or described elsewhere.
const std::set<std::string> free_form{"input",    "output",  "data",    "body",
                                      "policies", "sources", "headers", "sagas"};

void collect(const Json& value, std::set<std::string>& names) {
  if (value.is_array()) {
    for (const Json& item : value) collect(item, names);
  }
  if (!value.is_object()) return;
  for (const auto& [name, member] : value.items()) {
    names.insert(name);
    if (!free_form.contains(name)) collect(member, names);
  }
}

std::string documented() {
  std::ifstream file(SKALD_CLI_DOCUMENT);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto begin = text.find("\n## Output\n");
  REQUIRE(begin != std::string::npos);
  return text.substr(begin, text.find("\n## ", begin + 1) - begin);
}

// Sagas of every shape: what they are called does not matter.
void fill(World& world) {
  (void)world.completed("k");
  (void)world.retrying();
  const auto stuck = world.stuck();
  CHECK(world.skald({"pause", world.retrying()}).code == 0);
  CHECK(world.skald({"skip", stuck, "--step", "charge"}).code == 0);
  CHECK(world.skald({"resume", world.stuck(), "--step", "charge", "--input-patch", "{}"}).code ==
        0);
  const auto abandoned = world.retrying();
  CHECK(world.skald({"abandon", abandoned}).code == 0);
  CHECK(world.skald({"replay", abandoned, "--from-step", "charge"}).code == 0);
  CHECK(world.skald({"abandon", world.stuck(), "--reason", "by hand"}).code == 0);
  Engine engine(world.store());
  Orchestrator& orchestrator = engine.orchestrator();
  orchestrator.define(parse_definition(R"({"saga": "leg", "version": 1, "locks": ["desk"],
    "steps": [{"name": "ok", "wait_for": {"signal": "go", "timeout": "1h"}}]})"));
  orchestrator.define(parse_definition(R"({"saga": "trip", "version": 1, "steps": [
    {"name": "legs", "for_each": {"in": "/input/legs", "step": {"saga": {"type": "leg"}}}},
    {"name": "nap", "sleep": "1h", "after": []}]})"));
  skald::StartOptions later;
  later.delay = Duration(3'600'000);
  later.priority = 7;
  (void)orchestrator.start("leg", Json::object(), later);
  (void)orchestrator.start("trip", Json{{"legs", {1}}}, {});
  const auto waits = orchestrator.start("leg", Json::object(), {}).id.to_string();
  CHECK(world.skald({"signal", waits, "go"}).code == 0);
}

}  // namespace

TEST_CASE("the documentation names every field of the JSON that is printed") {
  World world;
  fill(world);
  std::set<std::string> names;
  const auto take = [&](std::vector<std::string> line) {
    line.insert(line.end(), {"-o", "json"});
    const Result result = world.skald(line);
    CAPTURE(line.front());
    CAPTURE(result.err);
    collect(result.json(), names);
  };
  const std::string ids = world.skald({"list", "-o", "ids"}).out;
  std::istringstream in(ids);
  for (std::string id; in >> id;) {
    for (const char* verb : {"show", "why", "history", "timeline"}) take({verb, id});
  }
  const auto order = world.write("order.json", order_definition);
  const auto bad = world.write("bad.json", R"({"saga": "x"})");
  take({"list"});
  take({"count"});
  take({"start", order, "--input", "{}"});
  take({"wait", "key:k"});
  take({"participants"});
  take({"definition", "lint", order, bad});
  take({"definition", "list"});
  take({"store", "info"});
  take({"store", "check"});
  take({"store", "purge", "--older-than", "1d", "--yes"});
  take({"abandon", "ffff", "key:k", "--yes"});
  take({"cancel", "--status", "running", "--dry-run"});
  take({"replay", "key:k", "--force"});
  CHECK(names.size() > 100);
  const std::string text = documented();
  for (const std::string& name : names) {
    CHECK_MESSAGE(text.find('"' + name + '"') != std::string::npos, name);
  }
}

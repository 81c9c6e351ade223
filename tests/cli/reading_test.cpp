#include <doctest/doctest.h>

#include "world.hpp"

using namespace skald;
using namespace skald::cli_test;

TEST_CASE("list shows the newest first, with where each saga is") {
  World world;
  const auto done = world.completed("order-1");
  const auto stuck = world.stuck();
  const Result table = world.skald({"list"});
  CHECK(table.code == 0);
  REQUIRE(table.lines().size() == 3);
  CHECK(table.lines()[0].find("STATUS") != std::string::npos);
  CHECK(table.lines()[1].find("stuck") != std::string::npos);
  CHECK(table.lines()[1].find("NO_refund") != std::string::npos);
  CHECK(table.lines()[2].find("order-1") != std::string::npos);
  CHECK(table.err.empty());

  const Json rows = world.skald({"list", "-o", "json"}).json();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0]["id"] == stuck);
  CHECK(rows[0]["step"] == "charge");
  CHECK(rows[0]["status"] == "stuck");
  CHECK(rows[0]["error_code"] == "NO_refund");
  CHECK(rows[1]["id"] == done);
  CHECK(rows[1]["key"] == "order-1");
  CHECK(world.skald({"list", "-o", "ids"}).out == stuck + "\n" + done + "\n");
}

TEST_CASE("an id shown in the table is long enough to be used") {
  World world;
  {
    Engine engine(world.store());
    for (int i = 0; i < 20; ++i) (void)engine.start(Json::object());
  }
  for (const auto& line : world.skald({"list"}).lines()) {
    if (line.rfind("ID", 0) == 0) continue;
    CHECK(world.skald({"show", line.substr(0, line.find(' '))}).code == 0);
  }
}

TEST_CASE("every line of jsonl is JSON, and wide shows whole ids") {
  World world;
  const auto id = world.completed();
  for (const auto& line : world.skald({"list", "-o", "jsonl"}).lines()) {
    CHECK(Json::parse(line)["id"] == id);
  }
  CHECK(world.skald({"list", "-o", "wide"}).says(id));
}

TEST_CASE("nothing found is an empty array and a note, not a failure") {
  World world;
  (void)world.completed();
  const Result json = world.skald({"list", "--status", "stuck", "-o", "json"});
  CHECK(json.code == 0);
  CHECK(json.out == "[]\n");
  const Result table = world.skald({"list", "--status", "stuck"});
  CHECK(table.code == 0);
  CHECK(table.out.empty());
  CHECK(table.warns("no saga matches"));
  CHECK(world.skald({"list", "--status", "stuck", "--quiet"}).err.empty());
  CHECK(world.skald({"list", "--status", "stuck", "-o", "jsonl"}).out.empty());
}

TEST_CASE("pages follow each other by cursor") {
  World world;
  std::vector<std::string> ids;
  {
    Engine engine(world.store());
    for (int i = 0; i < 5; ++i) ids.push_back(engine.start(Json::object()));
  }
  std::sort(ids.begin(), ids.end());  // Those of one millisecond are in no order of their own.
  const Result first = world.skald({"list", "-o", "ids", "--limit", "2"});
  CHECK(first.out == ids[4] + "\n" + ids[3] + "\n");
  CHECK(first.warns("--after " + ids[3]));
  const Result rest = world.skald({"list", "-o", "ids", "--after", ids[3]});
  CHECK(rest.out == ids[2] + "\n" + ids[1] + "\n" + ids[0] + "\n");
  CHECK(rest.err.empty());
}

TEST_CASE("count answers a number") {
  World world;
  (void)world.completed();
  (void)world.stuck();
  CHECK(world.skald({"count"}).out == "2\n");
  CHECK(world.skald({"count", "--status", "stuck"}).out == "1\n");
  CHECK(world.skald({"count", "--step", "charge"}).out == "1\n");
  CHECK(world.skald({"count", "-o", "json"}).json() == Json{{"count", 2}});
}

TEST_CASE("show tells people and scripts the same") {
  World world;
  const auto id = world.stuck();
  const Json saga = world.show(id);
  CHECK(saga["id"] == id);
  CHECK(saga["status"] == "stuck");
  CHECK(saga["error"]["code"] == "NO_refund");
  REQUIRE(saga["steps"].size() == 4);
  CHECK(saga["steps"][1]["compensation"]["status"] == "stuck");
  const Result text = world.skald({"show", id});
  CHECK(text.code == 0);
  CHECK(text.says(id));
  CHECK(text.says("why"));
  CHECK(text.says("undo: NO_refund"));
  for (const char* step : {"reserve", "charge", "ship", "notify"}) CHECK(text.says(step));
  CHECK(world.skald({"show", id, "-o", "wide"}).says("inventory"));
}

TEST_CASE("declared secrets are masked wherever input is shown") {
  World world;
  std::string id;
  {
    Engine engine(world.store());
    id = engine.start({{"card", "4111-secret"}});
  }
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"show", id},
                                                    {"show", id, "-o", "json"},
                                                    {"history", id},
                                                    {"history", id, "-o", "json"},
                                                    {"timeline", id},
                                                    {"list", "-o", "json"}}) {
    CHECK_FALSE(world.skald(arguments).says("4111-secret"));
  }
}

TEST_CASE("why is one sentence") {
  World world;
  const auto id = world.stuck();
  const Result result = world.skald({"why", id.substr(0, 20)});
  CHECK(result.code == 0);
  CHECK(result.lines().size() == 1);
  CHECK(result.says("refund"));
  CHECK(world.skald({"why", id, "-o", "json"}).json()["id"] == id);
}

TEST_CASE("why says when there is no engine that could go on") {
  World world;
  CHECK(world.skald({"why", world.retrying()}).says("no engine answers"));
  CHECK_FALSE(world.skald({"why", world.stuck()}).says("no engine answers"));
  CHECK_FALSE(world.skald({"why", world.completed()}).says("no engine answers"));
}

TEST_CASE("a saga that waits for a lock or its time also says when there is no engine") {
  World world;
  std::string waits;
  {
    Engine engine(world.store());
    Orchestrator& orchestrator = engine.orchestrator();
    orchestrator.define(parse_definition(R"({"saga": "desk", "version": 1, "locks": ["desk"],
      "steps": [{"name": "ok", "wait_for": {"signal": "go"}}]})"));
    (void)orchestrator.start("desk", Json::object(), {});
    waits = orchestrator.start("desk", Json::object(), {}).id.to_string();
    CHECK(world.skald({"why", waits}).says("waits for the lock desk"));
    CHECK_FALSE(world.skald({"why", waits}).says("no engine answers"));
  }
  CHECK(world.skald({"why", waits}).says("waits for the lock desk"));
  CHECK(world.skald({"why", waits}).says("no engine answers"));
  (void)world.completed();
  const Result delayed = world.skald({"start", "order", "--input", "{}", "--delay", "1h"});
  const Result why = world.skald({"why", delayed.lines().at(0)});
  CHECK(why.says("its start is delayed until"));
  CHECK(why.says("no engine answers"));
}

TEST_CASE("each child saga that is waited for has a line of its own, and show names it") {
  World world;
  SagaId id;
  {
    Engine engine(world.store());
    Orchestrator& orchestrator = engine.orchestrator();
    orchestrator.define(parse_definition(R"({"saga": "trip", "version": 1, "steps": [
      {"name": "legs", "for_each": {"in": "/input/legs", "concurrency": 2,
                                    "step": {"saga": {"type": "leg"}}}}]})"));
    orchestrator.define(parse_definition(R"({"saga": "leg", "version": 1, "steps": [
      {"name": "ok", "wait_for": {"signal": "go"}}]})"));
    id = orchestrator.start("trip", Json{{"legs", {1, 2}}}, {}).id;
  }
  const Result why = world.skald({"why", id.to_string()});
  CHECK(why.lines().size() == 3);
  CHECK_FALSE(why.says("\\n"));
  const Result show = world.skald({"show", id.to_string()});
  CHECK_FALSE(show.says("\\n"));
  for (const Json& step : world.show(id.to_string())["steps"]) {
    if (step["child"].is_null()) continue;
    const std::string child = step["child"];
    CHECK(show.says(child));
    CHECK(why.says("  child saga " + child + " (leg, running): ok waits for the signal go"));
  }
}

TEST_CASE("history has a line per event, and the journal's rows as JSON") {
  World world;
  const auto id = world.compensated();
  const Result text = world.skald({"history", id});
  CHECK(text.code == 0);
  CHECK(text.says("saga.started"));
  CHECK(text.says("step.succeeded"));
  CHECK(text.says("reserve"));
  const Json rows = world.skald({"history", id, "-o", "json"}).json();
  REQUIRE(!rows.empty());
  CHECK(rows[0]["version"] == 1);
  CHECK(rows[0]["events"][0]["event"] == "saga.started");
  CHECK(world.skald({"history", id, "-o", "jsonl"}).lines().size() == rows.size());
}

TEST_CASE("times are relative, or RFC 3339 on request") {
  World world;
  const auto id = world.completed();
  CHECK(world.skald({"show", id}).says(" ago"));
  const Result exact = world.skald({"show", id, "--time", "rfc3339"});
  CHECK(exact.says("Z\n"));
}

TEST_CASE("colour is for terminals, unless it is asked for or refused") {
  World world;
  (void)world.completed();
  CHECK_FALSE(world.skald({"list"}).says("\x1b["));
  CHECK(world.skald({"list", "--color", "always"}).says("\x1b["));
  world.terminal = true;
  CHECK(world.skald({"list"}).says("\x1b["));
  CHECK_FALSE(world.skald({"list", "--color", "never"}).says("\x1b["));
  world.environment["NO_COLOR"] = "1";
  CHECK_FALSE(world.skald({"list"}).says("\x1b["));
  CHECK_FALSE(world.skald({"list", "-o", "json"}).says("\x1b["));
}

TEST_CASE("control characters in payloads cannot steer the terminal") {
  World world;
  std::string id;
  {
    Engine engine(world.store());
    id = engine.start({{"name", "\x1b]0;owned\x07\x7f\xc2\x9b"}}, "key\x1b[31m\n");
  }
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"show", id},
                                                    {"show", id, "-o", "json"},
                                                    {"list"},
                                                    {"list", "-o", "json"},
                                                    {"history", id},
                                                    {"timeline", id},
                                                    {"why", id}}) {
    const Result result = world.skald(arguments);
    CHECK(result.code == 0);
    for (const char* bad : {"\x1b", "\x07", "\x7f", "\xc2\x9b"}) CHECK_FALSE(result.says(bad));
  }
  CHECK(world.skald({"show", id, "-o", "json"}).json()["key"] == "key\x1b[31m\n");
}

TEST_CASE("a child's input that is refused is helped by a patch, and why says so") {
  constexpr const char* parent_of_strict = R"({"saga": "parent", "version": 1, "steps": [
    {"name": "go", "saga": {"type": "strict"}}]})";
  constexpr const char* strict_child = R"({"saga": "strict", "version": 1,
    "input_schema": {"required": ["pin"]}, "steps": [{"name": "nap", "sleep": "1ms"}]})";
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

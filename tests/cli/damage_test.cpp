#include <doctest/doctest.h>

#include "world.hpp"

using namespace skald;
using namespace skald::cli_test;

namespace {

bool mentions(const Result& result, const std::string& text) {
  return result.says(text) || result.warns(text);
}

// What every reading verb does with a store whose first saga cannot be read, and whose second can.
void check_verbs(World& world, const std::string& damaged, const std::string& sound) {
  for (const char* verb : {"show", "why", "history", "timeline"}) {
    for (const char* format : {"table", "json"}) {
      INFO(verb, " -o ", format);
      const Result bad = world.skald({verb, damaged, "-o", format});
      CHECK(bad.code == 1);
      CHECK_MESSAGE(mentions(bad, damaged), bad.out, bad.err);
      CHECK_MESSAGE(mentions(bad, "skald abandon " + damaged), bad.out, bad.err);
      CHECK(world.skald({verb, sound, "-o", format}).code == 0);
    }
  }
  const Json shown = world.skald({"show", damaged, "-o", "json"}).json();
  CHECK(shown["status"] == "stuck");
  CHECK(shown["type"] == "order");
  for (const char* format : {"table", "wide", "json", "jsonl"}) {
    const Result list = world.skald({"list", "-o", format});
    CHECK(list.code == 1);
    CHECK(list.says(damaged.substr(0, 13)));
    CHECK(list.says(sound.substr(0, 13)));
    CHECK(list.warns("skald abandon " + damaged));
  }
  CHECK(world.skald({"list", "-o", "ids"}).lines().size() == 2);
  CHECK(world.skald({"count"}).out == "2\n");
  const Result counted = world.skald({"count", "--where", "input./outcomes exists"});
  CHECK(counted.code == 1);
  CHECK(counted.out == "1\n");
  CHECK(counted.warns(damaged));
  const Json findings = world.skald({"audit", "-o", "json"}).json();
  REQUIRE(findings.size() == 1);
  CHECK(findings[0]["id"] == damaged);
  CHECK(world.skald({"audit", sound}).code == 0);
  world.pauses_until_stop = 0;
  const Result watched = world.skald({"watch", "--status", "stuck,completed"});
  CHECK(watched.says("saga " + damaged.substr(0, 13)));
  const Result planned = world.skald({"resume", damaged, sound, "--dry-run", "-o", "json"});
  CHECK(planned.code == 6);
  CHECK(planned.json().at(0)["error"]["message"].get<std::string>().find(damaged) !=
        std::string::npos);
}

}  // namespace

TEST_CASE("a saga with a damaged row is named, and harms no other in the same call") {
  World world;
  const auto damaged = world.stuck();
  const auto sound = world.completed();
  execute(world, "UPDATE journal SET body = x'00ff' WHERE saga = 1 AND version = 2");
  check_verbs(world, damaged, sound);
}

TEST_CASE("a saga without rows is named, and harms no other in the same call") {
  World world;
  const auto damaged = world.stuck();
  const auto sound = world.completed();
  execute(world, "DELETE FROM journal WHERE saga = 1");
  check_verbs(world, damaged, sound);
}

TEST_CASE("the key of an ended saga with a damaged history is free where the definition says so") {
  for (const bool reused : {true, false}) {
    CAPTURE(reused);
    World world;
    const auto file = world.write("nap.json", std::string(R"({"saga": "nap", "version": 1,)") +
                                                  (reused ? R"("key_reuse": "after_end",)" : "") +
                                                  R"("steps": [{"name": "a", "sleep": "1ms"}]})");
    REQUIRE(world.skald({"start", file, "--key", "k", "--input", "{}"}).code == 0);
    {
      Engine engine(world.store());
      REQUIRE(world.skald({"wait", "--key", "k"}).code == 0);
    }
    execute(world, "UPDATE journal SET body = x'00ff' WHERE saga = 1 AND version = 2");
    Engine engine(world.store());
    const Result next = world.skald({"start", file, "--key", "k", "--input", R"({"n":1})"});
    CHECK(next.code == (reused ? 0 : 4));
    if (!reused) CHECK_MESSAGE(mentions(next, "whose history is damaged"), next.err);
    if (reused) CHECK(world.skald({"wait", next.lines().at(0)}).code == 0);
  }
}

TEST_CASE("an unusable definition is listed with its problem, and dropped once no saga uses it") {
  World world;
  const auto id = world.completed();
  const auto file = world.write("other.json", R"({"saga": "other", "version": 3, "steps":
      [{"name": "a", "participant": "mail", "action": "send", "compensation": "none"}]})");
  const Result started = world.skald({"start", file, "--input", "{}"});
  REQUIRE(started.code == 0);
  const std::string other = started.lines().at(0);
  CHECK(world.skald({"definition", "drop", "order", "--version", "1"}).code == 4);
  CHECK(world.skald({"definition", "drop", "order", "--version", "9"}).code == 3);
  CHECK(world.skald({"definition", "list"}).code == 0);
  execute(world, "UPDATE definitions SET normal_form = '{' WHERE type = 'other'");

  const Result list = world.skald({"definition", "list"});
  CHECK(list.code == 1);
  CHECK(list.says("unusable"));
  CHECK(list.says("order"));
  const Json rows = world.skald({"definition", "list", "-o", "json"}).json();
  REQUIRE(rows.size() == 2);
  CHECK(rows[1]["type"] == "other");
  CHECK(rows[1].contains("unusable"));
  CHECK(world.skald({"show", other}).code == 1);
  CHECK(world.skald({"show", id}).code == 0);
  CHECK(world.skald({"definition", "drop", "other", "--version", "3"}).code == 4);

  execute(world, "DELETE FROM journal WHERE saga = 2; DELETE FROM sagas WHERE n = 2");
  CHECK(world.skald({"definition", "drop", "other", "--version", "3"}).code == 0);
  CHECK(world.skald({"definition", "list"}).code == 0);
  CHECK(world.skald({"definition", "drop", "other", "--version", "3"}).code == 3);
}

TEST_CASE("a definition that an engine has dropped starts no saga any more") {
  World world;
  const auto file = world.write("other.json", R"({"saga": "other", "version": 3, "steps":
      [{"name": "a", "participant": "mail", "action": "send", "compensation": "none"}]})");
  Engine engine(world.store());
  engine.orchestrator().define(load_definition(file));
  CHECK(world.skald({"definition", "drop", "other", "--version", "3"}).code == 0);
  CHECK(world.skald({"start", "other", "--input", "{}"}).code == 3);
  CHECK(world.skald({"start", file, "--input", "{}"}).code == 0);
}

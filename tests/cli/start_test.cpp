#include <doctest/doctest.h>

#include "world.hpp"

using namespace skald;
using namespace skald::cli_test;

TEST_CASE("start prints the id alone, and without an engine the saga waits in the store") {
  World world;
  const auto file = world.write("order.json", order_definition);
  const Result result = world.skald({"start", file, "--input", R"({"n": 1})", "--key", "order-1"});
  CHECK_MESSAGE(result.code == 0, result.err);
  REQUIRE(result.lines().size() == 1);
  CHECK(result.out.size() == 37);
  const Json saga = world.show(result.lines()[0]);
  CHECK(saga["status"] == "pending");
  CHECK(saga["input"] == Json{{"n", 1}});
  CHECK(saga["key"] == "order-1");
  CHECK(world.skald({"history", result.lines()[0]}).says("by=ada"));

  const Engine engine(world.store());
  CHECK(world.skald({"wait", result.lines()[0], "--timeout", "10s"}).code == 0);
}

TEST_CASE("the input comes from the command line, a file or standard input") {
  World world;
  (void)world.completed();
  const auto file = world.write("input.json", R"({"from": "file"})");
  const auto from = [&](const std::string& argument, const std::string& input) {
    const Result result = world.skald({"start", "order", "--input", argument}, input);
    CHECK_MESSAGE(result.code == 0, result.err);
    return world.show(result.lines().at(0))["input"];
  };
  CHECK(from("@" + file, "") == Json{{"from", "file"}});
  CHECK(from("-", R"({"from": "stdin"})") == Json{{"from", "stdin"}});
  CHECK(from("[1, 2]", "") == Json{1, 2});
  CHECK(from("{}", "") == Json::object());
  CHECK(from("-7", "") == Json(-7));
  CHECK(from("null", "") == Json());
}

TEST_CASE("a repeated key answers the first id, and other input is a conflict") {
  World world;
  (void)world.completed();
  const auto start = [&](const std::string& input) {
    return world.skald({"start", "order", "--key", "k", "--input", input});
  };
  const Result first = start(R"({"a": 1, "b": 2})");
  const Result again = start(R"({"b": 2, "a": 1})");
  CHECK(again.code == 0);
  CHECK(again.out == first.out);
  CHECK(again.warns("the key is taken by this saga"));
  const Result other = start(R"({"a": 2})");
  CHECK(other.code == 4);
  CHECK(other.out.empty());
  CHECK(other.warns("which has other input"));
  CHECK(world.skald({"start", "order", "--key", "k", "--input", R"({"a":1,"b":2})", "-o", "json"})
            .json()["created"] == false);
}

TEST_CASE("who waits without an engine is told so, and nothing is started") {
  World world;
  (void)world.completed();
  const Result start = world.skald({"start", "order", "--input", "{}", "--wait"});
  CHECK(start.code == 5);
  CHECK(start.warns("no engine runs"));
  CHECK(world.skald({"count"}).out == "1\n");
  const auto id = world.retrying();
  CHECK(world.skald({"wait", id}).code == 5);
}

TEST_CASE("wait on what has come to rest needs no engine") {
  World world;
  CHECK(world.skald({"wait", world.completed()}).code == 0);
  CHECK(world.skald({"wait", world.compensated()}).code == 10);
  const auto stuck = world.stuck();
  CHECK(world.skald({"wait", stuck}).code == 11);
  CHECK(world.skald({"abandon", stuck}).code == 0);
  const Result result = world.skald({"wait", stuck, "-o", "json"});
  CHECK(result.code == 12);
  CHECK(result.json()["status"] == "abandoned");
}

TEST_CASE("a changed definition under a version that sagas have used is refused") {
  World world;
  (void)world.completed();
  Json changed = Json::parse(order_definition);
  changed["steps"].erase(3);
  const auto file = world.write("changed.json", changed.dump());
  const Result result = world.skald({"start", file, "--input", "{}"});
  CHECK(result.code == 4);
  CHECK(world.skald({"count"}).out == "1\n");
  const Result lint = world.skald({"definition", "lint", file});
  CHECK(lint.code == 1);
  CHECK(lint.says("version"));
}

TEST_CASE("lint names the place, and looks at every file") {
  World world;
  const auto good = world.write("good.json", order_definition);
  const auto bad = world.write("bad.json", R"({"saga": "x", "version": 1,
    "steps": [{"name": "a", "participant": "p", "action": "b", "compensation": "none",
               "retry": {"multiplier": 0.5}}]})");
  CHECK(world.bare({"definition", "lint", good}).says("ok order v1, 4 steps"));
  const Result both = world.bare({"definition", "lint", bad, good});
  CHECK(both.code == 1);
  CHECK(both.says("steps[0].retry.multiplier"));
  CHECK(both.says("ok order v1"));
  const Json json = world.bare({"definition", "lint", bad, good, "-o", "json"}).json();
  CHECK(json[0]["ok"] == false);
  CHECK(json[0]["findings"][0]["message"].get<std::string>().find("multiplier") !=
        std::string::npos);
  CHECK(json[1]["ok"] == true);
  CHECK(json[1]["findings"] == Json::array());
}

TEST_CASE("the store's definitions are listed and shown whole") {
  World world;
  (void)world.completed();
  CHECK(world.skald({"definition", "list"}).says("order"));
  CHECK(world.skald({"definition", "list", "-o", "json"}).json()[0]["steps"] == 4);
  const Json shown = world.skald({"definition", "show", "order"}).json();
  CHECK(parse_definition(shown.dump()) == parse_definition(order_definition));
}

TEST_CASE("an input that is too long says so, and no length that was not counted") {
  World world;
  (void)world.completed();
  const std::string text = '"' + std::string(3'000'000, 'x') + '"';
  const auto file = world.write("long.json", text);
  const Result of_file = world.skald({"start", "order", "--input", "@" + file});
  CHECK(of_file.code == 2);
  CHECK(of_file.warns(file + " holds more than 1048576 bytes"));
  const Result piped = world.skald({"start", "order", "--input", "-"}, text);
  CHECK(piped.code == 2);
  CHECK(piped.warns("--input: JSON of more than 1048576 bytes is over the limit"));
}

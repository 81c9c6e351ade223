#include <doctest/doctest.h>

#include "world.hpp"

using namespace skald;
using namespace skald::cli_test;

TEST_CASE("lint reports every fault of a definition, each with its place") {
  World world;
  const auto file = world.write("order.json", R"({
    "saga": "Order!", "version": 0, "colour": "red", "deadline": "soon",
    "output": {"id": {"$from": "/steps/shop/output"}},
    "steps": [
      {"name": "reserve", "participant": "inventory", "action": "", "compensation": "release",
       "timeout": "1h30m", "retry": {"max_attempts": 0}},
      {"name": "reserve", "participant": "payment", "action": "charge", "tiemout": "5s"},
      {"sleep": "later", "name": "nap"},
      {"name": "ship", "participant": "shipping", "action": "ship", "kind": "pivot",
       "hedge": {"delay": "1s"}, "resolve": 7}]})");
  const Json result = world.bare({"definition", "lint", file, "-o", "json"}).json();
  std::vector<std::string> places;
  for (const Json& finding : result[0]["findings"]) {
    const std::string where = finding["where"];
    places.push_back(where.substr(where.rfind(' ') + 1));
  }
  const std::vector<std::string> expected{"colour",
                                          "saga",
                                          "version",
                                          "deadline",
                                          "steps[1].tiemout",
                                          "steps[1].name",
                                          "steps[2].sleep",
                                          "steps[0].action",
                                          "steps[0].timeout",
                                          "steps[0].retry.max_attempts",
                                          "steps[1].compensation",
                                          "steps[3].resolve",
                                          "steps[3].hedge"};
  CHECK(places == expected);
  CHECK(world.bare({"definition", "lint", file}).lines().size() == expected.size());
}

TEST_CASE("lint reports every pointer, name and kind that fits to no other step") {
  World world;
  const auto file = world.write("order.json", R"({
    "saga": "order", "version": 1, "output": {"$from": "/steps/shop/output"},
    "secrets": ["/steps/sip/output/x", "/nowhere"],
    "steps": [
      {"name": "a", "participant": "p", "action": "a", "kind": "pivot",
       "input": {"x": {"$from": "/steps/b/output"}, "y": {"$from": "/inptu/z"}}},
      {"name": "b", "participant": "p", "action": "b", "kind": "retriable",
       "when": {"$from": "/steps/c/output/ok", "exists": true}}]})");
  const Json sound = world.bare({"definition", "lint", file, "-o", "json"}).json();
  CHECK(sound[0]["findings"].size() == 6);
  const auto order = world.write("kinds.json", R"({
    "saga": "order", "version": 1, "steps": [
      {"name": "a", "participant": "p", "action": "a", "kind": "retriable"},
      {"name": "b", "participant": "p", "action": "b", "kind": "pivot"},
      {"name": "c", "participant": "p", "action": "c", "compensation": "none"}]})");
  const Json kinds = world.bare({"definition", "lint", order, "-o", "json"}).json();
  CHECK(kinds[0]["findings"].size() == 2);
  const auto names = world.write("names.json", R"({
    "saga": "order", "version": 1, "steps": [
      {"name": "a", "participant": "p", "action": "a", "compensation": "none", "after": ["x"]},
      {"name": "b", "participant": "p", "action": "b", "compensation": "none", "after": ["b"]}]})");
  CHECK(world.bare({"definition", "lint", names, "-o", "json"}).json()[0]["findings"].size() == 2);
}

TEST_CASE("a key of other steps is told from one that no step has") {
  World world;
  const auto file = world.write("odd.json", R"({"saga": "odd", "version": 1, "steps": [
      {"name": "a", "sleep": "1ms", "timeout": "1s"}, {"name": "b", "sleep": "1ms", "time": 1}]})");
  const Result lint = world.skald({"definition", "lint", file});
  CHECK(lint.says("steps[0].timeout: a step that sleeps has none; it takes name, when"));
  CHECK(lint.says("steps[1].time: unknown key"));
}

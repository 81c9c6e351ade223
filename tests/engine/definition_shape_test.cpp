// Graphs, conditions and lists: what definitions with them mean before any saga runs.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "definition_fixture.hpp"
#include "skald/expansion.hpp"

using namespace skald;

namespace {

Json call(const char* name, Json after = nullptr) {
  Json step{{"name", name}, {"participant", "p"}, {"action", "act"}, {"compensation", "none"}};
  if (!after.is_null()) step["after"] = std::move(after);
  return step;
}

Definition define(Json steps) {
  return make_definition({{"saga", "s"}, {"version", 1}, {"steps", std::move(steps)}});
}

DefinitionPtr effective(const Definition& definition, const char* input) {
  auto expanded =
      effective_definition(std::make_shared<const Definition>(definition), JsonText::parse(input));
  REQUIRE(std::holds_alternative<DefinitionPtr>(expanded));
  return std::get<DefinitionPtr>(expanded);
}

bool holds(const char* predicate, const char* input) {
  const Json document = Json::parse(input);
  return Predicate::parse(Json::parse(predicate), "when")
      .holds([&](const std::string& pointer) -> const Json* {
        const Json::json_pointer path(pointer);
        return document.contains(path) ? &document.at(path) : nullptr;
      });
}

}  // namespace

TEST_CASE("a step without after follows the one before it, and saying so changes nothing") {
  const Definition plain = define({call("a"), call("b"), call("c")});
  const Definition stated = define({call("a", Json::array()), call("b", {"a"}), call("c", {"b"})});
  CHECK(plain.digest() == stated.digest());
  CHECK(plain.normal_form().find("after") == std::string::npos);
  CHECK(define({call("a"), call("b", Json::array())}).digest() != plain.digest());
}

TEST_CASE("the normal form of every kind of step reads back as the same definition") {
  const Definition definition = define(
      {call("a"),
       {{"name", "nap"}, {"sleep", "5m"}, {"when", {{"$from", "/input/x"}, {"exists", true}}}},
       {{"name", "ok"}, {"wait_for", {{"signal", "go"}, {"timeout", "1h"}}}, {"after", {"a"}}},
       {{"name", "kid"},
        {"saga", {{"type", "t"}}},
        {"on_failure", "skip"},
        {"after", {"nap", "ok"}}},
       {{"name", "all"},
        {"for_each",
         {{"in", "/input/items"},
          {"step", {{"participant", "p"}, {"action", "x"}, {"compensation", "y"}}}}}}});
  CHECK(parse_definition(definition.normal_form()) == definition);
  CHECK(definition.steps[1].kind == StepKind::compensatable);
}

TEST_CASE("a wait after the pivot is retriable without saying so") {
  const Definition definition =
      define({{{"name", "go"}, {"participant", "p"}, {"action", "x"}, {"kind", "pivot"}},
              {{"name", "nap"}, {"sleep", "5m"}},
              {{"name", "ok"}, {"wait_for", {{"signal", "s"}}}}});
  CHECK(definition.steps[2].kind == StepKind::retriable);
  CHECK(definition.steps[2].on_failure.action == OnFailure::Action::stuck);
}

TEST_CASE("a for_each becomes a step per element that points into the list, and one that gathers") {
  const Definition definition =
      define({call("before"),
              {{"name", "pack"},
               {"when", {{"$from", "/item/on"}, {"equals", true}}},
               {"for_each",
                {{"in", "/input/items"},
                 {"concurrency", 2},
                 {"step",
                  {{"participant", "p"},
                   {"action", "x"},
                   {"compensation", {{"action", "y"}, {"input", {{"$from", "/item/sku"}}}}}}}}}},
              call("end")});
  const auto three = effective(definition, R"({"items": [{}, {}, {}]})");
  REQUIRE(three->steps.size() == 6);
  CHECK(three->digest() == definition.digest());
  CHECK(three->steps[2].name == "pack.1");
  CHECK(three->steps[2].after == std::vector<StepIndex>{0});
  CHECK(three->steps[2].element == ElementRef{"item", "/input/items", 1});
  CHECK(three->steps[2].input->text() == JsonText::parse(R"({"$from":"/item"})"));
  CHECK(three->steps[2].compensation->input->text() == JsonText::parse(R"({"$from":"/item/sku"})"));
  CHECK(three->steps[2].when->pointers() == std::vector<std::string>{"/item/on"});
  CHECK(three->steps[4].as<Gather>()->count == 3);
  CHECK(three->steps[4].after == std::vector<StepIndex>{0, 1, 2, 3});
  CHECK(three->steps[5].after == std::vector<StepIndex>{4});
  CHECK(effective(definition, R"({"items": []})")->steps.size() == 3);
}

TEST_CASE("an input that has no list, or too long a one, is named") {
  const auto definition = std::make_shared<const Definition>(
      define({{{"name", "e"},
               {"for_each",
                {{"in", "/input/items"},
                 {"step", {{"participant", "p"}, {"action", "x"}, {"compensation", "none"}}}}}}}));
  const auto problem = [&](const Json& input) {
    return std::get<std::string>(effective_definition(definition, JsonText::of(input)));
  };
  CHECK(problem(Json::object()) == "has nothing at /input/items, which step e runs over");
  CHECK(problem({{"items", "x"}}) == "has no list at /input/items, which step e runs over");
  CHECK(problem({{"items", std::vector<int>(1000)}}) ==
        "makes 1001 steps; a saga has at most 1000: let a for_each hand several elements at a time "
        "to one step, by \"page\"");
}

TEST_CASE("a value that is absent satisfies only what says so") {
  CHECK_FALSE(holds(R"({"$from": "/x", "equals": null})", "{}"));
  CHECK(holds(R"({"$from": "/x", "equals": null})", R"({"x": null})"));
  CHECK(holds(R"({"$from": "/x", "not_equals": 1})", "{}"));
  CHECK(holds(R"({"$from": "/x", "exists": false})", "{}"));
  CHECK_FALSE(holds(R"({"$from": "/x", "at_most": 5})", "{}"));
}

TEST_CASE("comparisons are by value, and what has no order satisfies none") {
  CHECK(holds(R"({"$from": "/x", "equals": 1.0})", R"({"x": 1})"));
  CHECK(holds(R"({"$from": "/x", "more_than": -1})", R"({"x": 18446744073709551615})"));
  CHECK(holds(R"({"$from": "/x", "at_least": "b", "less_than": "d"})", R"({"x": "c"})"));
  CHECK_FALSE(holds(R"({"$from": "/x", "less_than": 5})", R"({"x": "4"})"));
  CHECK_FALSE(holds(R"({"$from": "/x", "more_than": 5})", R"({"x": "4"})"));
  CHECK(holds(R"({"$from": "/x", "in": [1, {"a": 2}]})", R"({"x": {"a": 2}})"));
  CHECK(
      holds(R"({"any": [{"$from": "/x", "equals": 1}, {"not": {"$from": "/y", "exists": true}}]})",
            "{}"));
}

TEST_CASE("a set of steps counts and searches across words") {
  StepSet set;
  for (const StepIndex step : {0U, 63U, 64U, 127U, 128U, 200U}) set.insert(step);
  CHECK(set.size() == 6);
  CHECK(set.count(63, 65) == 2);
  CHECK(set.count(1, 63) == 0);
  CHECK(set.count(0, 1000) == 6);
  CHECK(set.first_missing(63, 128) == 65);
  CHECK(set.first_missing(0, 1) == 1);
  CHECK(set.first_missing(500, 600) == 500);
  set.erase(64);
  CHECK_FALSE(set.contains(64));
  StepSet small;
  small.insert(63);
  CHECK(small.subset_of(set));
  CHECK_FALSE(set.subset_of(small));
}

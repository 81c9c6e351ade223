// Schemas and inputs that would stop or hold up the engine: each kind is refused, or costs little.
#include <doctest/doctest.h>

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "definition_fixture.hpp"
#include "schema/input_schema.hpp"
#include "skald/limits.hpp"
#include "skald/work.hpp"

using namespace skald;
using namespace skald::test;

namespace {

std::string refusal_of_schema(const Json& schema) {
  return refusal_of(order_with("/input_schema", schema));
}

// What holding the input against the schema takes.
std::uint64_t cost(const InputSchema& schema, const Json& input, bool fits = true) {
  const std::uint64_t before = work().compared;
  CHECK(schema.problem_of(input).has_value() != fits);
  return work().compared - before;
}

Json numbers(std::size_t count) {
  Json list = Json::array();
  for (std::size_t i = 0; i < count; ++i) list.push_back(i);
  return list;
}

}  // namespace

TEST_CASE("a schema that cannot be used is refused with its place and what to do") {
  const std::string patterns =
      ": regular expressions can take for ever on the wrong text, so a schema has none; state what "
      "may come with \"enum\", \"minLength\" and \"maxLength\", or check the text in a step";
  const std::string circle =
      ": leads back into itself by \"$ref\"; a schema that has no end is refused, so state as many "
      "levels as inputs may have";
  const std::pair<const char*, std::string> all[] = {
      {"7", ": must be a JSON Schema, which is an object, is 7"},
      {"true", ": must be a JSON Schema, which is an object, is true"},
      {R"({"properties": {"x": {"pattern": "(a+)+$"}}})", "/properties/x/pattern" + patterns},
      {R"({"patternProperties": {"^x": {}}})", "/patternProperties" + patterns},
      {R"({"properties": {"x": 5}})",
       "/properties/x: must be a schema: an object, true or false, is 5"},
      {R"({"properties": {"a/b": {"minimum": "1"}}})",
       "/properties/a~1b/minimum: must be a number, is \"1\""},
      {R"({"requierd": ["a"]})",
       "/requierd: is no keyword of JSON Schema draft 7; did you mean \"required\"?"},
      {R"({"$id": "http://x/y"})",
       "/$id: would change what references mean, and a schema is one document; remove it"},
      {R"({"$schema": "https://json-schema.org/draft/2020-12/schema"})",
       "/$schema: must be \"http://json-schema.org/draft-07/schema#\", the draft that Skald knows, "
       "is \"https://json-schema.org/draft/2020-12/schema\""},
      {R"({"items": {"$ref": "http://x/y#/a"}})",
       "/items/$ref: must be a pointer into this schema such as \"#/definitions/address\": nothing "
       "is fetched from elsewhere, is \"http://x/y#/a\""},
      {R"({"items": {"$ref": "other.json"}})",
       "/items/$ref: must be a pointer into this schema such as \"#/definitions/address\": nothing "
       "is fetched from elsewhere, is \"other.json\""},
      {R"({"items": {"$ref": "#/definitions/x"}})",
       "/items/$ref: \"#/definitions/x\" leads to no schema in this one"},
      {R"({"definitions": {"x": {"enum": [{}]}}, "items": {"$ref": "#/definitions/x/enum/0"}})",
       "/items/$ref: \"#/definitions/x/enum/0\" leads to no schema in this one"},
      {R"({"definitions": {"x": {}}, "items": {"$ref": "#/definitions/x", "minItems": 1}})",
       "/items/$ref: what stands beside a \"$ref\" has no effect in draft 7; put both into an "
       "\"allOf\""},
      {R"({"items": {"$ref": "#"}})", "/items" + circle},
      {R"({"$ref": "#"})", circle},
      {R"({"$ref": "#/definitions/a", "definitions": {"a": {"$ref": "#/definitions/a"}}})", circle},
      {R"({"$ref": "#/definitions/a", "definitions": {"a": {"$ref": "#/definitions/b"},
          "b": {"$ref": "#/definitions/a"}}})",
       circle},
      {R"({"definitions": {"a": {"properties": {"next": {"$ref": "#/definitions/a"}}}},
          "properties": {"x": {"$ref": "#/definitions/a"}}})",
       "/properties/x/properties/next" + circle},
      {R"({"properties": {"a": {"not": {"$ref": "#/properties/a"}}}})",
       "/properties/a/not" + circle},
      {R"({"multipleOf": 0})", "/multipleOf: must be above zero, is 0"},
      {R"({"multipleOf": 0.0})", "/multipleOf: must be above zero, is 0.0"},
      {R"({"multipleOf": -1})", "/multipleOf: must be above zero, is -1"},
      {R"({"minItems": -1})", "/minItems: must be >= 0, is -1"},
      {R"({"minLength": 1.5})", "/minLength: must be a whole number, is 1.5"},
      {R"({"maxLength": "1"})", "/maxLength: must be a whole number, is \"1\""},
      {R"({"uniqueItems": "true"})", "/uniqueItems: must be true or false, is \"true\""},
      {R"({"exclusiveMinimum": true})", "/exclusiveMinimum: must be a number, is true"},
      {R"({"type": "text"})",
       "/type: must be \"null\", \"boolean\", \"integer\", \"number\", \"string\", \"array\" or "
       "\"object\", is \"text\""},
      {R"({"type": []})", "/type: is empty, so that nothing would fit; name a type"},
      {R"({"enum": []})", "/enum: is empty, so that nothing would fit; name the values"},
      {R"({"enum": 1})", "/enum: must be a list, is 1"},
      {R"({"anyOf": []})", "/anyOf: is empty; a list of schemas has at least one"},
      {R"({"required": ["a", 1]})", "/required/1: must be a text, is 1"},
      {R"({"then": {}})", "/then: has no effect without an \"if\"; add that or remove it"},
      {R"({"items": {}, "additionalItems": false})",
       "/additionalItems: has no effect unless \"items\" is a list of schemas; state it in "
       "\"items\""},
      {R"({"format": 1})", "/format: must be a text, is 1"},
  };
  for (const auto& [schema, message] : all) {
    CAPTURE(schema);
    CHECK(refusal_of_schema(Json::parse(schema)) == "input_schema" + message);
  }
}

TEST_CASE("a format is an annotation and refuses nothing") {
  const InputSchema schema(JsonText::parse(R"({"format": "date-time", "default": 1})"));
  CHECK(schema.problem_of("no date") == std::nullopt);
}

TEST_CASE("a schema has at most 1,000 schemas, and as many once references are replaced") {
  Json many{{"allOf", Json::array()}};
  for (std::size_t i = 1; i < schema_nodes_max; ++i) many["allOf"].push_back(true);
  CHECK(refusal_of_schema(many).empty());
  many["allOf"].push_back(true);
  CHECK(
      refusal_of_schema(many) ==
      "input_schema: has more than 1000 schemas in it; demand less, or check the input in a step");

  // Each level doubles: thirty lines for a billion schemas.
  Json bomb{{"definitions", {{"d0", {{"type", "null"}}}}}, {"$ref", "#/definitions/d30"}};
  for (int i = 1; i <= 30; ++i) {
    const Json below{{"$ref", fmt::format("#/definitions/d{}", i - 1)}};
    bomb["definitions"][fmt::format("d{}", i)] = {{"allOf", {below, below}}};
  }
  CHECK(refusal_of_schema(bomb).find("has more than 1000 schemas in it once every \"$ref\"") !=
        std::string::npos);
}

TEST_CASE("a schema is at most as deep as a payload once references are replaced") {
  Json chain{{"definitions", {{"d0", {{"type", "null"}}}}}, {"$ref", "#/definitions/d99"}};
  for (int i = 1; i <= 99; ++i) {
    chain["definitions"][fmt::format("d{}", i)] = {
        {"items", {{"$ref", fmt::format("#/definitions/d{}", i - 1)}}}};
  }
  CHECK(refusal_of_schema(chain).find("is more than 64 schemas deep once every \"$ref\"") !=
        std::string::npos);
  for (int i = 0; i < 99; ++i) {
    chain["definitions"][fmt::format("d{}", i + 1)] = {
        {"$ref", fmt::format("#/definitions/d{}", i)}};
  }
  CHECK(refusal_of_schema(chain).find("is more than 64 schemas deep") != std::string::npos);
}

TEST_CASE("a start whose check would take too long is refused, with both sizes") {
  Json schema{{"items", {{"allOf", Json::array()}}}};
  for (int i = 0; i < 98; ++i) schema["items"]["allOf"].push_back({{"minimum", 0}});
  const InputSchema hundred(JsonText::of(schema));
  CHECK(hundred.size() == 100);
  CHECK(hundred.problem_of(numbers(19'999)) == std::nullopt);
  CHECK(hundred.problem_of(numbers(20'000)) ==
        "the input is too large for its definition's schema: its size 20001 times that of the "
        "schema, 100, is over the limit of 2000000 comparisons; give a smaller input, or let the "
        "definition demand less");
}

TEST_CASE("long texts and names count, so that comparing them is bounded, too") {
  CHECK(schema_size_of(Json(std::string(6'400, 'x'))) == 101);
  CHECK(schema_size_of(Json{{std::string(6'400, 'x'), 1}}) == 102);
  Json entries = Json::array();
  for (int i = 0; i < 100; ++i) entries.push_back(std::string(6'400, 'x') + std::to_string(i));
  const InputSchema schema(JsonText::of({{"items", {{"enum", entries}}}}));
  CHECK(schema.size() > 10'000);
  Json input = Json::array();
  for (int i = 0; i < 100; ++i) input.push_back(std::string(6'400, 'x') + "y");
  CHECK(schema.problem_of(input)->find("too large for its definition's schema") !=
        std::string::npos);
}

TEST_CASE("the work of a check grows with the input, not with its square") {
  const auto growth = [](const char* text, auto input_of) {
    CAPTURE(text);
    const InputSchema schema(JsonText::parse(text));
    const std::uint64_t once = cost(schema, input_of(500));
    const std::uint64_t twice = cost(schema, input_of(1'000));
    const std::uint64_t four_times = cost(schema, input_of(2'000));
    CHECK(once >= 500);
    CHECK(twice <= 2 * once);
    CHECK(four_times <= 4 * once);
    CHECK(four_times <= schema.size() * schema_size_of(input_of(2'000)));
  };
  const auto nested = [](std::size_t count) {
    Json list = Json::array();
    for (std::size_t i = 0; i < count; ++i) list.push_back({{"a", i}, {"b", {i, "x"}}});
    return list;
  };
  growth(R"({"items": {"type": "integer"}})", numbers);
  growth(R"({"uniqueItems": true})", numbers);
  growth(R"({"uniqueItems": true})", nested);
  growth(R"({"items": {"enum": [null, [], {"a": 1}, {}]}, "not": {"contains": {"const": 1}}})",
         [](std::size_t count) { return Json(count, Json::object()); });
  growth(R"({"items": {"properties": {"a": {"minimum": 0}, "b": {"items": {"not": false}}},
                       "anyOf": [{"required": ["c"]}, {"required": ["a"]}]}})",
         nested);
  growth(R"({"additionalProperties": {"additionalProperties": {"type": "integer"}}})",
         [](std::size_t count) {
           // Below one long name, whose copies would cost more than all else.
           Json inner = Json::object();
           for (std::size_t i = 0; i < count; ++i) inner[std::to_string(i)] = i;
           return Json{{std::string(10'000, 'n'), inner}};
         });
}

TEST_CASE("a check that finds everything wrong stops after a few problems") {
  const InputSchema schema(JsonText::parse(R"({"items": {"type": "null"}})"));
  CHECK(cost(schema, numbers(100'000), false) < 10);
}

#include <doctest/doctest.h>

#include "world.hpp"

using namespace skald;
using namespace skald::cli_test;

namespace {

Json order_with_schema(const Json& schema) {
  Json definition = Json::parse(order_definition);
  definition["input_schema"] = schema;
  return definition;
}

const Json order_schema = Json::parse(R"({"type": "object", "additionalProperties": false,
  "properties": {"quantity": {"type": "integer", "minimum": 1}, "outcomes": {}}})");

}  // namespace

TEST_CASE("start prints which demands of the schema the input does not meet") {
  World world;
  const auto file = world.write("order.json", order_with_schema(order_schema).dump());
  const Result result =
      world.skald({"start", file, "--input", R"({"quantity": 0, "outcome": "x"})"});
  CHECK(result.code == 2);
  CHECK(result.out.empty());
  CHECK(
      result.warns("the input does not match the definition's schema: /quantity must be >= 1; "
                   "/outcome is not allowed; did you mean \"outcomes\"?"));
  CHECK(world.skald({"start", file, "--input", R"({"quantity": 1})"}).code == 0);
}

TEST_CASE("lint reports every fault of an input schema, each with its place") {
  World world;
  const Json schema = Json::parse(R"({"properties": {"a": {"pattern": "x+"}, "b": {"minimum": "1"},
    "c": {"$ref": "#/definitions/c"}, "d": {"anyOf": [{}, {"requird": ["x"]}]}}})");
  const auto file = world.write("order.json", order_with_schema(schema).dump());
  const Json result = world.bare({"definition", "lint", file, "-o", "json"}).json();
  std::vector<std::string> places;
  for (const Json& finding : result[0]["findings"]) {
    const std::string where = finding["where"];
    places.push_back(where.substr(where.rfind(' ') + 1));
  }
  CHECK(places == std::vector<std::string>{"input_schema/properties/a/pattern",
                                           "input_schema/properties/b/minimum",
                                           "input_schema/properties/d/anyOf/1/requird",
                                           "input_schema/properties/c/$ref"});
}

TEST_CASE("a definition with a schema is stored and shown with it") {
  World world;
  const auto file = world.write("order.json", order_with_schema(order_schema).dump());
  CHECK(world.skald({"start", file, "--input", "{}"}).code == 0);
  CHECK(world.skald({"definition", "show", "order"}).json()["input_schema"] == order_schema);
}

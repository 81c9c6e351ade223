// Which schemas a definition may have, and what they say of an input.
#include "schema/input_schema.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "definition_fixture.hpp"
#include "skald/definition_builder.hpp"
#include "skald/definition_faults.hpp"

using namespace skald;
using namespace skald::test;

namespace {

// How a definition with this schema is refused; empty when it is taken.
std::string refused(const Json& schema) { return refusal_of(order_with("/input_schema", schema)); }

// What is wrong with the input, without the beginning of the sentence; empty when it fits.
std::string problem(const std::string& schema, const std::string& input) {
  REQUIRE(refused(Json::parse(schema)) == "");
  const auto found = InputSchema(JsonText::parse(schema)).problem_of(parse_json(input));
  const std::string beginning = "the input does not match the definition's schema: ";
  if (!found) return {};
  REQUIRE(found->find(beginning) == 0);
  return found->substr(beginning.size());
}

struct Unfit {
  const char* schema;
  const char* input;
  const char* problem;  // Empty: it fits.
};

void check_all(std::initializer_list<Unfit> cases) {
  for (const Unfit& one : cases) {
    CAPTURE(one.schema);
    CAPTURE(one.input);
    CHECK(problem(one.schema, one.input) == one.problem);
  }
}

const char* const order_schema = R"({
  "$schema": "http://json-schema.org/draft-07/schema#", "title": "An order",
  "type": "object", "required": ["customer", "items"], "additionalProperties": false,
  "properties": {
    "customer": {"type": "string", "minLength": 1, "format": "email"},
    "items": {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/item"}}},
  "definitions": {"item": {"type": "object", "required": ["sku"], "properties": {
    "sku": {"type": "string"}, "quantity": {"type": "integer", "minimum": 1}}}}})";

}  // namespace

TEST_CASE("an input that does not fit is told places and demands, several at once") {
  check_all({
      {order_schema, R"({"customer": "a", "items": [{"sku": "x", "quantity": 2}]})", ""},
      {order_schema, R"({"customer": "a", "items": [{"sku": "x", "quantity": 0}]})",
       "/items/0/quantity must be >= 1"},
      {order_schema, R"({"customer": 1, "items": [{"quantity": "2"}], "custmer": 1})",
       "/customer must be a string, is an integer; /items/0/sku is missing; /items/0/quantity must "
       "be an integer, is a string; /custmer is not allowed; did you mean \"customer\"?"},
      {order_schema, "[]", "the whole input must be an object, is an array"},
      {order_schema, "{}", "/customer is missing; /items is missing"},
  });
}

TEST_CASE("a refusal names five problems and says that there are more") {
  check_all({{R"({"items": {"type": "integer"}})", R"([1, "", "", 2, "", "", ""])",
              "/1 must be an integer, is a string; /2 must be an integer, is a string; "
              "/4 must be an integer, is a string; /5 must be an integer, is a string; "
              "/6 must be an integer, is a string"},
             {R"({"items": {"type": "null"}})", "[1, 1, 1, 1, 1, 1, 1, 1]",
              "/0 must be null, is an integer; /1 must be null, is an integer; "
              "/2 must be null, is an integer; /3 must be null, is an integer; "
              "/4 must be null, is an integer; and more"}});
}

TEST_CASE("a refusal shows no value of the input, which may be secret") {
  const std::string told = problem(
      R"({"properties": {"card": {"type": "object"}, "pin": {"enum": [1]}, "iban": {"const": "a"},
          "code": {"maxLength": 2}, "sum": {"maximum": 7}, "list": {"uniqueItems": true}}})",
      R"({"card": "4111-1111", "pin": 8642, "iban": "DE89-3704", "code": "s3cret", "sum": 9753,
          "list": ["hidden", "hidden"]})");
  for (const char* secret : {"4111", "8642", "DE89", "s3cret", "9753", "hidden"}) {
    CAPTURE(secret);
    CHECK(told.find(secret) == std::string::npos);
  }
}

TEST_CASE("places are JSON Pointers, with odd names escaped and long ones cut") {
  check_all({{R"({"additionalProperties": {"type": "null"}})", R"({"a/b~c": 1, "": 1})",
              "/ must be null, is an integer; /a~1b~0c must be null, is an integer"}});
  const std::string told = problem(R"({"additionalProperties": {"type": "null"}})",
                                   Json{{std::string(100'000, 'x'), 1}}.dump());
  CHECK(told.size() < 200);
}

TEST_CASE("numbers are compared exactly, whole and decimal ones") {
  check_all({
      {R"({"maximum": 9007199254740992})", "9007199254740993",
       "the whole input must be <= 9007199254740992"},
      {R"({"maximum": 9007199254740993})", "9007199254740993", ""},
      {R"({"minimum": 0})", "9223372036854775808", ""},
      {R"({"minimum": 0})", "18446744073709551615", ""},
      {R"({"minimum": 0})", "-9223372036854775808", "the whole input must be >= 0"},
      {R"({"exclusiveMaximum": 9223372036854775808})", "9223372036854775807", ""},
      {R"({"exclusiveMinimum": 9223372036854775807})", "9223372036854775808", ""},
      {R"({"exclusiveMinimum": 1})", "1.0", "the whole input must be > 1"},
      {R"({"exclusiveMaximum": 1})", "1", "the whole input must be < 1"},
      {R"({"minimum": 0})", "-0.0", ""},
      {R"({"const": 0})", "-0.0", ""},
      {R"({"const": 1})", "1.0", ""},
      {R"({"enum": [1.0]})", "1", ""},
      {R"({"enum": [[1, {"a": 2}]]})", R"([1.0, {"a": 2.0}])", ""},
      {R"({"const": 9007199254740992})", "9007199254740993",
       "the whole input must be 9007199254740992"},
      {R"({"const": 18446744073709551615})", "-1", "the whole input must be 18446744073709551615"},
      {R"({"enum": [true]})", "1", "the whole input must be true"},
      {R"({"uniqueItems": true})", "[9007199254740992, 9007199254740993]", ""},
      {R"({"uniqueItems": true})", "[1, 2, 1.0]",
       "the whole input must not have equal elements: 0 and 2 are"},
  });
}

TEST_CASE("1.0 is an integer, and 2^63 is one") {
  check_all({{R"({"type": "integer"})", "1.0", ""},
             {R"({"type": "integer"})", "1e300", ""},
             {R"({"type": "integer"})", "9223372036854775808", ""},
             {R"({"type": "integer"})", "1.5", "the whole input must be an integer, is a number"},
             {R"({"type": "number"})", "1", ""},
             {R"({"type": ["null", "integer"]})", "\"1\"",
              "the whole input must be null or an integer, is a string"}});
}

TEST_CASE("a multiple is told in decimal, as people write numbers") {
  const char* const cents = R"({"multipleOf": 0.01})";
  const char* const not_cents = "the whole input must be a multiple of 0.01";
  check_all(
      {{cents, "0.07", ""},
       {cents, "1.005", not_cents},
       {cents, "19.99", ""},
       {cents, "-4.35", ""},
       {cents, "0", ""},
       {cents, "123456789012.34", ""},
       {cents, "1e300", ""},
       {cents, "1e-300", not_cents},
       {R"({"multipleOf": 1})", "1.5", "the whole input must be a multiple of 1"},
       {R"({"multipleOf": 3})", "18446744073709551615", ""},
       {R"({"multipleOf": 4})", "18446744073709551615", "the whole input must be a multiple of 4"},
       {R"({"multipleOf": 2})", "-9223372036854775808", ""},
       {R"({"multipleOf": 1e-300})", "1e300", ""},
       {R"({"multipleOf": 1e300})", "1e300", ""},
       {R"({"multipleOf": 1e300})", "1", "the whole input must be a multiple of 1e+300"},
       {R"({"multipleOf": 20})", "1e1", "the whole input must be a multiple of 20"},
       {R"({"multipleOf": 1e1})", "20", ""},
       {R"({"multipleOf": 1e19})", "10000000000000000000", ""},
       {R"({"multipleOf": 2.5})", "7.5", ""}});
}

TEST_CASE("a text's length is counted in characters, also of those beyond a NUL") {
  check_all({{R"({"maxLength": 2})", "\"\xc3\xa4\xf0\x9f\x98\x80\"", ""},
             {R"({"minLength": 3})", "\"\xc3\xa4\xf0\x9f\x98\x80\"",
              "the whole input must have at least 3 characters"},
             {R"({"maxLength": 2})", R"("\u0000\u0000\u0000")",
              "the whole input must have at most 2 characters"},
             {R"({"maxLength": 1})", R"("")", ""},
             {R"({"minLength": 18446744073709551615})", R"("a")",
              "the whole input must have at least 18446744073709551615 characters"},
             {R"({"minItems": 1e300})", "[1]",
              "the whole input must have at least 18446744073709551615 elements"},
             {R"({"maxItems": 1e300, "maxLength": 2.0})", "[1]", ""},
             {R"({"maxItems": 1})", "[1, 2]", "the whole input must have at most 1 element"},
             {R"({"minProperties": 1})", "{}", "the whole input must have at least 1 member"}});
}

TEST_CASE("names that hold a NUL are other names") {
  CHECK(problem(R"({"properties": {"a\u0000b": {"type": "null"}}})",
                R"({"a": 1, "a\u0000b": null})") == "");
  CHECK(problem(R"({"required": ["a\u0000b"]})", R"({"a": 1})") != "");
}

TEST_CASE("schemas for members, elements and names are followed") {
  check_all({
      {R"({"properties": {"a": false}})", R"({"b": 1})", ""},
      {R"({"properties": {"a": false}})", R"({"a": 1})", "/a is not allowed"},
      {R"({"additionalProperties": {"type": "integer"}, "properties": {"a": true}})",
       R"({"a": "x", "b": "x"})", "/b must be an integer, is a string"},
      {R"({"items": [{"type": "integer"}], "additionalItems": false})", "[1]", ""},
      {R"({"items": [{"type": "integer"}], "additionalItems": false})", "[1, 2]",
       "/1 is not allowed"},
      {R"({"items": [{"type": "integer"}]})", R"([1, "x"])", ""},
      {R"({"contains": {"const": 2}})", "[1, 2]", ""},
      {R"({"contains": {"const": 2}})", "[1, 3]",
       "the whole input has no element that fits the schema of \"contains\""},
      {R"({"propertyNames": {"maxLength": 1}})", R"({"ab": 1})",
       "/ab has a name that is not allowed"},
      {R"({"dependencies": {"a": ["b"]}})", R"({"a": 1})", "/b is missing"},
      {R"({"dependencies": {"a": ["b"]}})", R"({"c": 1})", ""},
      {R"({"dependencies": {"a": {"required": ["c"]}}})", R"({"a": 1})", "/c is missing"},
  });
}

TEST_CASE("schemas that combine others are followed") {
  check_all({
      {R"({"allOf": [{"minimum": 3}, {"maximum": 1}]})", "2",
       "the whole input must be >= 3; the whole input must be <= 1"},
      {R"({"anyOf": [{"type": "string"}, {"minimum": 3}]})", "3", ""},
      {R"({"anyOf": [{"type": "string"}, {"minimum": 3}]})", "2",
       "the whole input fits none of the 2 schemas of \"anyOf\""},
      {R"({"anyOf": [{"minimum": 3}]})", "2", "the whole input must be >= 3"},
      {R"({"oneOf": [{"minimum": 3}, {"maximum": 1}]})", "2",
       "the whole input fits none of the 2 schemas of \"oneOf\""},
      {R"({"oneOf": [{"minimum": 1}, {"maximum": 3}]})", "2",
       "the whole input fits more than one of the 2 schemas of \"oneOf\""},
      {R"({"oneOf": [{"minimum": 1}, {"maximum": 3}]})", "4", ""},
      {R"({"not": {"type": "null"}})", "null", "the whole input fits the schema of \"not\""},
      {R"({"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"required": ["c"]}})",
       R"({"a": 1})", "/b is missing"},
      {R"({"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"required": ["c"]}})",
       "{}", "/c is missing"},
      {R"({"definitions": {"a": {"propertyNames": {"maxLength": 1}}}, "properties":
           {"x": {"$ref": "#/definitions/a"}}})",
       R"({"x": {"ab": 1}})", "/x/ab has a name that is not allowed"},
  });
}

TEST_CASE("the schema is stated in the normal form only when it is given") {
  const Definition without = make_definition(order_document());
  CHECK(without.normal_form().find("input_schema") == std::string::npos);
  const Json schema = Json::parse(order_schema);
  const Definition with = make_definition(order_with("/input_schema", schema));
  CHECK(Json::parse(with.normal_form())["input_schema"] == schema);
  CHECK(parse_definition(with.normal_form()) == with);
  CHECK_FALSE(with.digest() == without.digest());
  const auto built = [](const Json& given) {
    DefinitionBuilder builder("a", 1);
    builder.input_schema(given).step("s").participant("p").action("a").no_compensation();
    return builder.build();
  };
  CHECK(built(schema).input_schema->value() == schema);
}

TEST_CASE("compiled schemas are shared by threads, and forgotten when there are many") {
  const auto use = [] {
    for (int i = 0; i < 50; ++i) {
      // 50 of 200 KB are more than is remembered.
      const JsonText schema =
          JsonText::of({{"minimum", i}, {"$comment", std::string(200'000, 'x')}});
      CHECK(InputSchema::of(schema).problem_of(Json(i)) == std::nullopt);
      CHECK(InputSchema::of(schema).problem_of(Json(i - 1)));
    }
  };
  std::vector<std::jthread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back(use);
}

#include "skald/template.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "skald/error.hpp"
#include "skald/limits.hpp"
#include "skald/work.hpp"

using namespace skald;

namespace {

const Json saga = Json::parse(R"({"input": {"sku": "A-1", "n": 3, "none": null},
  "steps": {"reserve": {"output": {"id": [7, 8]}}}})");

const Json* look_up(const std::string& pointer) {
  const Json::json_pointer at(pointer);
  return saga.contains(at) ? &saga.at(at) : nullptr;
}

// The rendered text, or the problem after a "?".
std::string rendered(const char* text) {
  std::string problem;
  const auto result = Template::parse(Json::parse(text), "input").render(look_up, problem);
  return result ? result->text() : "?" + problem;
}

std::string refusal_of_template(const char* text) {
  try {
    (void)Template::parse(Json::parse(text), "steps[0].input");
  } catch (const DefinitionError& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("a reference is replaced by the saga's value, wherever it stands") {
  CHECK(rendered(R"({"$from": "/input"})") == R"({"n":3,"none":null,"sku":"A-1"})");
  CHECK(rendered(R"({"a": {"$from": "/input/sku"}, "b": [{"$from": "/input/n"}, "x"]})") ==
        R"({"a":"A-1","b":[3,"x"]})");
  CHECK(rendered(R"({"$from": "/steps/reserve/output/id/1"})") == "8");
}

TEST_CASE("what is no reference stands for itself") {
  CHECK(rendered(R"({"default": 1, "x": "$from", "y": [null, true, 1.5]})") ==
        R"({"default":1,"x":"$from","y":[null,true,1.5]})");
  CHECK(rendered("{}") == "{}");
  CHECK(rendered("\"text\"") == "\"text\"");
}

TEST_CASE("a default is taken when the pointer leads nowhere, and only then") {
  CHECK(rendered(R"({"$from": "/input/gone", "default": {"k": []}})") == R"({"k":[]})");
  CHECK(rendered(R"({"$from": "/input/gone", "default": null})") == "null");
  CHECK(rendered(R"({"$from": "/input/none", "default": 5})") == "null");
}

TEST_CASE("a pointer without default that leads nowhere is named") {
  CHECK(rendered(R"({"a": 1, "b": [{"$from": "/input/gone"}]})") == "?points nowhere: /input/gone");
}

TEST_CASE("a value of the saga that looks like a reference is not followed") {
  std::string missing;
  const Json reference_like{{"$from", "/secret"}};
  const auto evil = [&](const std::string&) { return &reference_like; };
  const Template reference = Template::parse(Json{{"x", {{"$from", "/input"}}}}, "input");
  CHECK(reference.render(evil, missing)->text() == R"({"x":{"$from":"/secret"}})");
}

TEST_CASE("every pointer is listed once") {
  const Template parsed = Template::parse(
      Json::parse(R"([{"$from": "/input/a"}, {"x": {"$from": "/id"}}, {"$from": "/input/a"}])"),
      "");
  CHECK(parsed.pointers() == std::vector<std::string>{"/input/a", "/id"});
}

TEST_CASE("a malformed reference is refused by its place") {
  CHECK(refusal_of_template(R"({"a": [1, {"$from": 5}]})") ==
        "steps[0].input.a[1]: must be a JSON Pointer such as \"/input/sku\" at \"$from\", is 5");
  CHECK_FALSE(refusal_of_template(R"({"$from": "input/sku"})").empty());
  CHECK_FALSE(refusal_of_template(R"({"$from": ""})").empty());
  CHECK_FALSE(refusal_of_template(R"({"$from": "/a~2"})").empty());
  CHECK_FALSE(refusal_of_template(R"({"$from": "/a~"})").empty());
  CHECK(refusal_of_template(R"({"$from": "/input", "defualt": 1})") ==
        "steps[0].input.defualt: unknown key; did you mean \"default\"?");
  CHECK(refusal_of_template(R"({"$from": "/input", "default": [{"$from": "/id"}]})") ==
        "steps[0].input.default: a default is a plain value; \"$from\" is not looked up in it");
}

TEST_CASE("a key with a null character is a key like any other") {
  CHECK(rendered(R"({"a\u0000b": {"$from": "/input/n"}})") == R"({"a\u0000b":3})");
}

TEST_CASE("a template and a value that are too deep together are refused by their depth") {
  Json deep = 1;
  for (int i = 0; i < 4; ++i) deep = Json::array({std::move(deep)});
  const auto look = [&](const std::string&) { return &deep; };
  const auto render = [&](int levels) {
    Json document = {{"$from", "/input"}};
    for (int i = 0; i < levels; ++i) document = Json::array({std::move(document)});
    std::string problem;
    const auto result = Template::parse(document, "").render(look, problem);
    return result ? result->text() : problem;
  };
  CHECK(render(60) == std::string(64, '[') + "1" + std::string(64, ']'));
  CHECK(render(61).find("nested deeper than the limit of 64") != std::string::npos);
}

TEST_CASE("a template stops growing at the limit, however often it refers to a large value") {
  const Json large = std::string(900 * 1024, 'x');
  const auto look = [&](const std::string&) { return &large; };
  Json document = Json::array();
  for (int i = 0; i < 400; ++i) document.push_back({{"$from", "/input/x"}});
  const Template parsed = Template::parse(document, "");
  const std::uint64_t before = work().bytes();
  std::string problem;
  CHECK_FALSE(parsed.render(look, problem));
  CHECK(problem == "grows over the limit of 1048576 bytes at /input/x; refer to less");
  CHECK(work().bytes() - before < 4 * payload_bytes_max);
}

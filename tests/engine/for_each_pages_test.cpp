// A for_each that hands its list over by pages.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "definition_fixture.hpp"
#include "skald/expansion.hpp"
#include "skald/limits.hpp"

using namespace skald;

namespace {

DefinitionPtr packing(int page) {
  Json document = Json::parse(R"({
    "saga": "packing", "version": 1, "steps": [
      {"name": "pack", "for_each": {"in": "/input/items", "step": {
        "saga": {"type": "pack-some", "input": {"items": {"$from": "/item"}}}}}} ] })");
  if (page > 0) document["steps"][0]["for_each"]["page"] = page;
  return std::make_shared<const Definition>(make_definition(document));
}

JsonText items(std::size_t count) {
  return JsonText::of({{"items", Json::array_t(count, Json(1))}});
}

std::size_t steps_of(const std::variant<DefinitionPtr, std::string>& effective) {
  REQUIRE(std::holds_alternative<DefinitionPtr>(effective));
  return std::get<DefinitionPtr>(effective)->steps.size();
}

}  // namespace

TEST_CASE("a for_each by pages has a step for each page, the last of which may be short") {
  CHECK(steps_of(effective_definition(packing(100), items(0))) == 1);
  CHECK(steps_of(effective_definition(packing(100), items(1))) == 2);
  CHECK(steps_of(effective_definition(packing(100), items(100))) == 2);
  CHECK(steps_of(effective_definition(packing(100), items(101))) == 3);
}

TEST_CASE("a hundred thousand elements go through a for_each by pages, and no more") {
  CHECK(steps_of(effective_definition(packing(500), items(elements_max))) == 201);
  const auto over = effective_definition(packing(500), items(elements_max + 1));
  REQUIRE(std::holds_alternative<std::string>(over));
  CHECK(std::get<std::string>(over).find("100001 elements") != std::string::npos);
}

TEST_CASE("a list that makes too many steps is refused, and the refusal names the page") {
  const auto over = effective_definition(packing(0), items(1'001));
  REQUIRE(std::holds_alternative<std::string>(over));
  CHECK(std::get<std::string>(over).find("\"page\"") != std::string::npos);
}

TEST_CASE("a page is stated in the normal form, and only where there is one") {
  CHECK(packing(7)->normal_form().find(R"("page":7)") != std::string::npos);
  CHECK(packing(0)->normal_form().find("page") == std::string::npos);
  CHECK(parse_definition(packing(7)->normal_form()) == *packing(7));
}

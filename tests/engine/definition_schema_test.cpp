// The published JSON Schema and the reader know the same keys.
#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "definition_fixture.hpp"

using namespace skald;

namespace {

Json read_schema() {
  std::ifstream file(SKALD_SCHEMA_FILE);
  REQUIRE(file.is_open());
  return Json::parse(file);
}

std::set<std::string> keys_of(const Json& object) {
  std::set<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

// A definition in which every key occurs.
Json full_document() {
  return Json::parse(R"({
    "$schema": "definition.schema.json", "saga": "a", "version": 1, "description": "All keys.",
    "deadline": "1h", "output": {"$from": "/input", "default": 1}, "secrets": ["/input/card"],
    "locks": ["order/{/key}"], "priority": 7,
    "on_sibling_failure": "finish", "undo": "parallel", "key_reuse": "after_end",
    "input_schema": {"type": "object"},
    "defaults": {"timeout": "5s", "retry": {}, "compensation_retry": {}, "on_failure": "stuck"},
    "participants": {"p": {"timeout": "5s", "retry": {},
      "breaker": {"failures": 1, "failure_rate": 1, "window": "1s", "min_calls": 1, "delay": "1s",
                  "max_delay": "1s", "multiplier": 1, "probes": 1, "successes": 1},
      "bulkhead": {"max_in_flight": 1, "max_waiting": 0},
      "rate_limit": {"rate": "1/s", "burst": 1},
      "retry_budget": {"ratio": 1, "min_per_second": 0, "window": "1s"}}},
    "steps": [{
      "name": "s", "participant": "p", "action": "act", "kind": "compensatable", "input": {},
      "timeout": "5s", "deadline": "1m", "compensation_retry": {}, "on_failure": {"fallback": 1},
      "resolve": "ask", "after": [], "when": {"$from": "/input", "exists": true},
      "retry": {"max_attempts": 1, "initial_delay": "1s", "multiplier": 1, "max_delay": "1s",
                "jitter": "none", "max_elapsed": null, "retry_on": [], "abort_on": []},
      "compensation": {"action": "undo", "input": {}, "timeout": "1s", "retry": {}}},
      {"name": "read", "participant": "p", "action": "look", "compensation": "none",
       "hedge": {"delay": "1s", "max_attempts": 2}},
      {"name": "nap", "sleep": "1s"},
      {"name": "sign", "wait_for": {"signal": "go", "timeout": "1s"}},
      {"name": "child", "saga": {"type": "t", "version": 1, "input": {}}},
      {"name": "all", "for_each": {"in": "/input/items", "as": "item", "concurrency": 2,
        "page": 3, "gather": "/output/id", "step": {
        "participant": "p", "action": "act", "compensation": "none"}}}]})");
}

// The step of that document that does `what`, with what it says there.
Json part_of(const Json& document, const char* what) {
  for (const Json& step : document["steps"]) {
    if (step.contains(what)) return step[what];
  }
  return nullptr;
}

}  // namespace

TEST_CASE("every key of the schema is a key of definitions, and every key of those is in it") {
  const Json schema = read_schema();
  const Json& shared = schema["definitions"];
  const Json document = full_document();
  CHECK(test::refusal_of(document).empty());
  const Json& step = document["steps"][0];
  CHECK(keys_of(document) == keys_of(schema["properties"]));
  CHECK(keys_of(document["defaults"]) == keys_of(schema["properties"]["defaults"]["properties"]));
  CHECK(keys_of(document["participants"]["p"]) ==
        keys_of(schema["properties"]["participants"]["additionalProperties"]["properties"]));
  for (const char* policy : {"breaker", "bulkhead", "rate_limit", "retry_budget"}) {
    CHECK(keys_of(document["participants"]["p"][policy]) == keys_of(shared[policy]["properties"]));
  }
  std::set<std::string> step_keys;
  for (const Json& any : document["steps"]) step_keys.merge(keys_of(any));
  CHECK(step_keys == keys_of(shared["step"]["properties"]));
  for (const char* what : {"hedge", "wait_for", "saga", "for_each"}) {
    CAPTURE(what);
    CHECK(keys_of(part_of(document, what)) ==
          keys_of(shared["step"]["properties"][what]["properties"]));
  }
  CHECK(keys_of(step["retry"]) == keys_of(shared["retry"]["properties"]));
  CHECK(keys_of(step["compensation"]) == keys_of(shared["compensation"]["anyOf"][1]["properties"]));
  CHECK(keys_of(step["on_failure"]) == keys_of(shared["on_failure"]["anyOf"][1]["properties"]));
  CHECK(keys_of(document["output"]) == keys_of(shared["reference"]["properties"]));
}

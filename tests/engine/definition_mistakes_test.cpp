// One line per mistake that a definition can have: what is put where, and the refusal.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "definition_fixture.hpp"

using namespace skald;
using namespace skald::test;

namespace {

struct Mistake {
  const char* at;
  const char* value;
  const char* message;
};
constexpr Mistake mistakes[] = {
    {"/steps/2/retry", R"({"multiplier": 0.5})", "steps[2].retry.multiplier: must be >= 1, is 0.5"},
    {"/steps/1/retyr", "{}", "steps[1].retyr: unknown key; did you mean \"retry\"?"},
    {"/steps/1/colour", "1", "steps[1].colour: unknown key"},
    {"/step", "[]", "step: unknown key; did you mean \"steps\"?"},
    {"/steps/0/timeout", "5", "steps[0].timeout: must be a duration such as \"5s\", is 5"},
    {"/steps/0/timeout", "\"0s\"", "steps[0].timeout: must be above zero, is \"0s\""},
    {"/deadline", "\"1h30m\"",
     "deadline: must be a duration such as \"250ms\", \"5s\", \"10m\", \"2h\" or \"7d\", up to 100 "
     "years, is \"1h30m\""},
    {"/version", "0", "version: must be >= 1, is 0"},
    {"/version", "-1", "version: must be >= 1, is -1"},
    {"/version", "1.5", "version: must be a whole number, is 1.5"},
    {"/version", "4294967296", "version: must be <= 4294967295, is 4294967296"},
    {"/saga", "\"Place Order\"",
     "saga: must be a name: 1 to 64 of a-z, 0-9, \".\", \"_\" and \"-\", beginning with a letter "
     "or digit, is \"Place Order\""},
    {"/steps", "{}", "steps: must be a list, is {}"},
    {"/steps", "[]", "steps: is empty; a saga has at least one step"},
    {"/steps/0", "7", "steps[0]: must be an object, is 7"},
    {"/steps/0", R"({"name": "a"})",
     "steps[0].participant: is missing; give the name of the service that acts"},
    {"/steps/3/name", "\"reserve-stock\"",
     "steps[3].name: \"reserve-stock\" is the name of steps[0] already"},
    {"/steps/0/kind", "\"pivotal\"",
     "steps[0].kind: must be \"compensatable\", \"pivot\" or \"retriable\", is \"pivotal\""},
    {"/steps/2/compensation", "\"undo\"",
     "steps[2].compensation: a pivot step is never undone; remove it"},
    {"/steps/3/compensation", "\"none\"",
     "steps[3].compensation: a retriable step is never undone; remove it"},
    {"/steps/2/compensation_retry", "{}",
     "steps[2].compensation_retry: the step has no compensation; remove it"},
    {"/steps/0/compensation", "5",
     "steps[0].compensation: must be a name: 1 to 64 of a-z, 0-9, \".\", \"_\" and \"-\", "
     "beginning "
     "with a letter or digit, is 5"},
    {"/steps/0/compensation", R"({"acton": "release"})",
     "steps[0].compensation.acton: unknown key; did you mean \"action\"?"},
    {"/steps/0/retry", R"({"max_attempts": 0})", "steps[0].retry.max_attempts: must be >= 1, is 0"},
    {"/steps/0/retry", R"({"max_attempts": 1000001})",
     "steps[0].retry.max_attempts: must be <= 1000000, is 1000001"},
    {"/steps/0/retry", R"({"jitter": "some"})",
     "steps[0].retry.jitter: must be \"none\", \"full\" or \"equal\", is \"some\""},
    {"/steps/0/retry", R"({"retry_on": ["BUSY", 5]})",
     "steps[0].retry.retry_on[1]: must be a text, is 5"},
    {"/steps/0/retry", R"({"abort_on": [""]})",
     "steps[0].retry.abort_on[0]: must be an error code, is empty"},
    {"/steps/0/on_failure", "\"ignore\"",
     "steps[0].on_failure: must be \"compensate\", \"stuck\", \"skip\" or {\"fallback\": "
     "output}, "
     "is \"ignore\""},
    {"/steps/3/on_failure", "\"compensate\"",
     "steps[3].on_failure: a retriable step comes after the point of no return and cannot "
     "compensate; use \"stuck\", \"skip\" or {\"fallback\": output}"},
    {"/defaults", R"({"on_failure": "retry"})",
     "defaults.on_failure: must be \"compensate\", \"stuck\", \"skip\" or {\"fallback\": "
     "output}, "
     "is \"retry\""},
    {"/defaults", R"({"retry": {"multiplier": "2"}})",
     "defaults.retry.multiplier: must be a number, is \"2\""},
    {"/participants", R"({"paymnt": {}})",
     "participants.paymnt: no step has this participant; did you mean \"payment\"?"},
    {"/participants", R"({"payment": {"timeout": 1}})",
     "participants.payment.timeout: must be a duration such as \"5s\", is 1"},
    {"/steps/1/after", R"(["reserve-stock"])",
     "steps[1].after: \"after\" is not available in this version of Skald"},
    {"/steps/1/sleep", "\"1h\"",
     "steps[1].sleep: \"sleep\" is not available in this version of Skald"},
    {"/locks", "[]", "locks: \"locks\" is not available in this version of Skald"},
    {"/description", "5", "description: must be a text, is 5"},
};

}  // namespace

TEST_CASE("a mistake in a definition is refused by its place, what is wrong and the mend") {
  for (const Mistake& mistake : mistakes) {
    CAPTURE(mistake.at);
    CHECK(refusal_of(order_with(mistake.at, Json::parse(mistake.value))) == mistake.message);
  }
}

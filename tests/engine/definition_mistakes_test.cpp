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
    {"/steps/1/after", R"(["reserve-stok"])",
     "steps[1].after[0]: \"reserve-stok\" names no step; did you mean \"reserve-stock\"?"},
    {"/steps/1/after", R"(["charge-payment"])", "steps[1].after[0]: a step cannot follow itself"},
    {"/steps/1/after", R"(["reserve-stock", "reserve-stock"])",
     "steps[1].after[1]: \"reserve-stock\" is named twice"},
    {"/steps/0/after", R"(["charge-payment"])",
     "steps[0].after: the steps wait for each other in a circle: \"reserve-stock\" after "
     "\"charge-payment\" after \"reserve-stock\""},
    {"/steps/2/after", R"(["reserve-stock"])",
     "steps[2].kind: the pivot step \"arrange-shipping\" may run beside the compensatable step "
     "\"charge-payment\" and must come after it; let it, or a step before it, name "
     "\"charge-payment\" in its \"after\""},
    {"/steps/3/after", R"([])",
     "steps[3].kind: the retriable step \"notify-customer\" may run beside the compensatable step "
     "\"reserve-stock\" and must come after it; let it, or a step before it, name "
     "\"reserve-stock\" in its \"after\""},
    {"/steps/1/sleep", "\"1h\"",
     "steps[1].sleep: the step has \"participant\" already; a step does one thing"},
    {"/steps/1", R"({"name": "n", "sleep": "soon"})",
     "steps[1].sleep: must be a duration such as \"5m\", a time such as "
     "\"2026-03-01T09:30:00Z\", or {\"$from\": …} that leads to one, is \"soon\""},
    {"/steps/1", R"({"name": "n", "sleep": "1s", "timeout": "1s"})",
     "steps[1].timeout: a step that sleeps has none; it takes name, when, after, kind, sleep"},
    {"/steps/1", R"({"name": "n", "sleep": "1s", "kind": "pivot"})",
     "steps[1].kind: a step that only waits cannot be the pivot"},
    {"/steps/1", R"({"name": "n", "wait_for": {}})",
     "steps[1].wait_for.signal: is missing; give the signal's name"},
    {"/steps/1", R"({"name": "n", "saga": {"typ": "x"}})",
     "steps[1].saga.typ: unknown key; did you mean \"type\"?"},
    {"/steps/1", R"({"name": "n", "for_each": {"in": "/items", "step": {}}})",
     "steps[1].for_each.in: must be a JSON Pointer into the saga's input, such as "
     "\"/input/items\", is \"/items\""},
    {"/steps/1", R"({"name": "n", "for_each": {"in": "/input", "as": "key", "step": {}}})",
     "steps[1].for_each.as: \"key\" means something else already"},
    {"/steps/1", R"({"name": "n", "for_each": {"in": "/input", "step": {"sleep": "1s"}}})",
     "steps[1].for_each.step: the step of a \"for_each\" sends a command or runs a child saga"},
    {"/steps/1", R"({"name": "n", "for_each": {"in": "/input", "step": {
        "participant": "p", "action": "a", "kind": "pivot"}}})",
     "steps[1].for_each.step.kind: a pivot is one step, and a \"for_each\" may become several"},
    {"/steps/1", R"({"name": "n", "for_each": {"in": "/input", "step": {
        "participant": "p", "action": "a", "compensation": "none",
        "input": {"$from": "/itm"}}}})",
     "steps[1].for_each.step.input: must be a pointer to \"/item\", \"/input\", \"/key\", \"/id\" "
     "or "
     "\"/steps/<name>/output\" at \"$from\", is \"/itm\""},
    {"/steps/1/when", R"({"$from": "/input/x"})",
     "steps[1].when: compares nothing; add one of equals, not_equals, in, not_in, exists, "
     "less_than, at_most, more_than, at_least"},
    {"/steps/1/when", R"({"$from": "/input/x", "equal": 1})",
     "steps[1].when.equal: unknown key; did you mean \"equals\"?"},
    {"/steps/1/when", R"({"any": []})", "steps[1].when.any: is empty; give at least one condition"},
    {"/steps/1/when", R"({"$from": "/steps/arrange-shipping/output", "exists": true})",
     "steps[1].when: \"/steps/arrange-shipping/output\" points to step \"arrange-shipping\", which "
     "has not run yet then; point to an earlier step"},
    {"/steps/1/hedge", R"({"delay": "1s"})",
     "steps[1].hedge: only a step without effect may be hedged, because two attempts may both take "
     "effect: \"compensation\" must be \"none\""},
    {"/locks", R"(["order/{input/id}"])",
     "locks[0]: must be a text with pointers in braces, such as \"order/{/input/order_id}\" or "
     "\"order/{/key}\", is \"order/{input/id}\""},
    {"/priority", "10", "priority: must be <= 9, is 10"},
    {"/description", "5", "description: must be a text, is 5"},
};

}  // namespace

TEST_CASE("a mistake in a definition is refused by its place, what is wrong and the mend") {
  for (const Mistake& mistake : mistakes) {
    CAPTURE(mistake.at);
    CHECK(refusal_of(order_with(mistake.at, Json::parse(mistake.value))) == mistake.message);
  }
}

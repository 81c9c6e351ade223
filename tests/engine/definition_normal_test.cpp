// The normal form and the digest: the same for every way to write the same definition.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "definition_fixture.hpp"
#include "property.hpp"
#include "skald/definition_builder.hpp"

using namespace skald;
using namespace skald::test;
using namespace std::chrono_literals;

namespace {

Json any_retry() {
  Json retry = Json::object();
  if (*rc::gen::arbitrary<bool>()) retry["max_attempts"] = *rc::gen::inRange(1, 1000);
  if (*rc::gen::arbitrary<bool>()) retry["initial_delay"] = *rc::gen::element("1ms", "3s", "60s");
  if (*rc::gen::arbitrary<bool>()) retry["multiplier"] = *rc::gen::inRange(4, 400) / 4.0;
  if (*rc::gen::arbitrary<bool>()) retry["max_delay"] = *rc::gen::element("1000ms", "2h", "1d");
  if (*rc::gen::arbitrary<bool>()) retry["jitter"] = *rc::gen::element("none", "full", "equal");
  if (*rc::gen::arbitrary<bool>()) retry["max_elapsed"] = *rc::gen::element("90s", "7d");
  if (*rc::gen::arbitrary<bool>()) retry["retry_on"] = Json{"BUSY", "TIMEOUT"};
  if (*rc::gen::arbitrary<bool>()) retry["abort_on"] = Json{"GONE"};
  return retry;
}

Json any_input() {
  return *rc::gen::element(Json{{"sku", {{"$from", "/input/sku"}}}},
                           Json{{"$from", "/key"}, {"default", nullptr}}, Json{1, "x", 2.5},
                           Json::object());
}

Json any_on_failure(bool may_compensate) {
  if (!may_compensate) return *rc::gen::element(Json("stuck"), Json("skip"));
  return *rc::gen::element(Json("compensate"), Json("skip"), Json{{"fallback", {{"ok", false}}}});
}

Json any_document() {
  Json document = order_document();
  if (*rc::gen::arbitrary<bool>()) document["deadline"] = *rc::gen::element("60m", "1500ms");
  if (*rc::gen::arbitrary<bool>()) document["description"] = "Places an order.";
  if (*rc::gen::arbitrary<bool>()) document["output"] = any_input();
  if (*rc::gen::arbitrary<bool>()) document["secrets"] = Json{"/input/card"};
  if (*rc::gen::arbitrary<bool>()) document["defaults"]["retry"] = any_retry();
  if (*rc::gen::arbitrary<bool>()) document["defaults"]["compensation_retry"] = any_retry();
  if (*rc::gen::arbitrary<bool>()) document["defaults"]["on_failure"] = any_on_failure(true);
  if (*rc::gen::arbitrary<bool>()) document["participants"]["payment"]["retry"] = any_retry();
  if (*rc::gen::arbitrary<bool>()) document["participants"]["shipping"]["timeout"] = "61s";
  for (Json& step : document["steps"]) {
    const bool compensatable = step.contains("compensation");
    const bool retriable = step.value("kind", "") == "retriable";
    if (*rc::gen::arbitrary<bool>()) step["retry"] = any_retry();
    if (*rc::gen::arbitrary<bool>()) step["input"] = any_input();
    if (*rc::gen::arbitrary<bool>()) step["deadline"] = "120s";
    if (*rc::gen::arbitrary<bool>()) step["resolve"] = "ask";
    if (*rc::gen::arbitrary<bool>()) step["on_failure"] = any_on_failure(!retriable);
    if (!compensatable) continue;
    if (*rc::gen::arbitrary<bool>()) step["compensation_retry"] = any_retry();
    if (*rc::gen::arbitrary<bool>()) {
      step["compensation"] = {{"action", "undo"}, {"input", any_input()}, {"retry", any_retry()}};
    }
  }
  return document;
}

}  // namespace

TEST_CASE("the normal form reads back as the same definition, and is its own normal form") {
  check_property("normal form", [] {
    const Definition definition = make_definition(any_document());
    const Definition again = parse_definition(definition.normal_form());
    RC_ASSERT(again.normal_form() == definition.normal_form());
    RC_ASSERT(again.digest() == definition.digest());
    RC_ASSERT(again.steps == definition.steps);
    RC_ASSERT(again.deadline == definition.deadline);
    RC_ASSERT(again.output == definition.output);
    RC_ASSERT(again.secrets == definition.secrets);
    RC_ASSERT(again.description == definition.description);
    RC_ASSERT(definition.digest() == Digest::of(definition.normal_form()));
  });
}

TEST_CASE("moving a value from the defaults to the steps keeps the digest") {
  check_property("moved defaults", [] {
    Json document = any_document();
    document.erase("participants");
    const Json retry = any_retry();
    document["defaults"] = {{"timeout", "5s"}, {"retry", retry}};
    const Definition definition = make_definition(document);
    document.erase("defaults");
    for (Json& step : document["steps"]) {
      step["timeout"] = "5000ms";
      Json merged = retry;
      merged.update(step.value("retry", Json::object()));
      step["retry"] = merged;
    }
    RC_ASSERT(make_definition(document).digest() == definition.digest());
  });
}

TEST_CASE("stating what holds anyway keeps the digest") {
  const Digest digest = make_definition(order_document()).digest();
  for (const auto& [at, value] : std::vector<std::pair<std::string, Json>>{
           {"/steps/0/kind", "compensatable"},
           {"/steps/0/timeout", "30s"},
           {"/steps/0/retry", {{"multiplier", 2}}},
           {"/steps/0/retry", {{"multiplier", 2.0}}},
           {"/steps/0/retry", {{"retry_on", Json::array()}, {"max_elapsed", nullptr}}},
           {"/steps/0/on_failure", "compensate"},
           {"/steps/0/compensation", {{"action", "release"}}},
           {"/steps/0/compensation_retry", {{"max_attempts", 10}}},
           {"/steps/3/on_failure", "stuck"},
           {"/defaults", Json::object()},
           {"/participants", {{"payment", Json::object()}}},
           {"/secrets", Json::array()},
           {"/$schema", "https://example.com/definition.schema.json"}}) {
    CAPTURE(at);
    CHECK(make_definition(order_with(at, value)).digest() == digest);
  }
}

TEST_CASE("a change that sagas would notice changes the digest") {
  const Digest digest = make_definition(order_document()).digest();
  for (const auto& [at, value] :
       std::vector<std::pair<std::string, Json>>{{"/version", 2},
                                                 {"/steps/0/name", "reserve"},
                                                 {"/steps/0/timeout", "31s"},
                                                 {"/steps/0/compensation", "none"},
                                                 {"/steps/0/input", Json::object()},
                                                 {"/steps/0/resolve", "ask"},
                                                 {"/steps/3/on_failure", "skip"},
                                                 {"/deadline", "1h"},
                                                 {"/secrets", {"/input"}}}) {
    CAPTURE(at);
    CHECK(make_definition(order_with(at, value)).digest() != digest);
  }
}

// The digest names the definitions in every store that exists, so a change here is a change of the
// normal form, and needs a migration.
TEST_CASE("the normal form is what it was") {
  const char* const text = R"({"saga": "a", "version": 1, "steps": [{"name": "s",
      "participant": "p", "action": "act", "compensation": "undo"}]})";
  CHECK(parse_definition(text).normal_form() ==
        R"({"saga":"a","secrets":[],"steps":[{"action":"act","compensation":{"action":"undo",)"
        R"("retry":{"abort_on":[],"initial_delay":"1s","jitter":"full","max_attempts":10,)"
        R"("max_delay":"1m","multiplier":2.0,"retry_on":[]},"timeout":"30s"},)"
        R"("kind":"compensatable","name":"s","on_failure":"compensate","participant":"p",)"
        R"("retry":{"abort_on":[],"initial_delay":"200ms","jitter":"full","max_attempts":5,)"
        R"("max_delay":"30s","multiplier":2.0,"retry_on":[]},"timeout":"30s"}],"version":1})");
}

// What the next case builds in C++.
constexpr const char* order_in_json = R"({
    "saga": "place-order", "version": 3, "description": "Places an order.", "deadline": "10m",
    "output": {"$from": "/steps/charge-payment/output"}, "secrets": ["/input/card"],
    "defaults": {
      "timeout": "5s",
      "retry": {"max_attempts": 9, "max_elapsed": "1h", "abort_on": ["GONE"]},
      "compensation_retry": {"max_attempts": 2, "initial_delay": "200ms", "max_delay": "30s",
                             "jitter": "none"}},
    "steps": [
      {"name": "reserve-stock", "participant": "inventory", "action": "reserve",
       "compensation": "release", "on_failure": "stuck"},
      {"name": "look-up", "participant": "inventory", "action": "look", "compensation": "none",
       "on_failure": {"fallback": {"found": false}}},
      {"name": "charge-payment", "participant": "payment", "action": "charge",
       "compensation": {"action": "refund",
                        "input": {"id": {"$from": "/steps/charge-payment/output/id"}},
                        "retry": {"max_attempts": 9, "jitter": "full", "max_elapsed": "1h",
                                  "abort_on": ["GONE"]}},
       "input": {"card": {"$from": "/input/card"}}, "timeout": "1500ms", "deadline": "1m",
       "retry": {"max_attempts": 2, "jitter": "none", "max_elapsed": null, "abort_on": []},
       "resolve": "what-became"},
      {"name": "ship", "participant": "shipping", "action": "ship", "kind": "pivot"},
      {"name": "notify", "participant": "notification", "action": "send", "kind": "retriable",
       "on_failure": "skip"}]})";

TEST_CASE("the builder and JSON give the same value and digest") {
  RetryPolicy patient;
  patient.max_attempts = 9;
  patient.max_elapsed = 1h;
  patient.abort_on = {"GONE"};
  RetryPolicy brief;
  brief.max_attempts = 2;
  brief.jitter = Jitter::none;
  const Definition built =
      DefinitionBuilder("place-order", 3)
          .description("Places an order.")
          .deadline(10min)
          .output({{"$from", "/steps/charge-payment/output"}})
          .secret("/input/card")
          .default_timeout(5s)
          .default_retry(patient)
          .default_compensation_retry(brief)
          .step("reserve-stock")
          .participant("inventory")
          .action("reserve")
          .compensation("release")
          .on_failure_stuck()
          .step("look-up")
          .participant("inventory")
          .action("look")
          .no_compensation()
          .fallback({{"found", false}})
          .step("charge-payment")
          .participant("payment")
          .action("charge")
          .compensation("refund", {{"id", {{"$from", "/steps/charge-payment/output/id"}}}})
          .compensation_retry(patient)
          .input({{"card", {{"$from", "/input/card"}}}})
          .timeout(1500ms)
          .deadline(1min)
          .retry(brief)
          .resolve("what-became")
          .on_failure_compensate()
          .step("ship")
          .participant("shipping")
          .action("ship")
          .pivot()
          .step("notify")
          .participant("notification")
          .action("send")
          .retriable()
          .on_failure_skip()
          .build();
  const Definition read = parse_definition(order_in_json);
  CHECK(built.normal_form() == read.normal_form());
  CHECK(built.digest() == read.digest());
  CHECK(built.steps == read.steps);
}

TEST_CASE("the builder is refused by the same checks") {
  CHECK_THROWS_WITH_AS(
      (void)DefinitionBuilder("a", 1).step("s").participant("p").action("act").build(),
      "steps[0].compensation: is missing; give the action that undoes the step, or "
      "\"none\" when there is nothing to undo",
      DefinitionError);
  CHECK_THROWS_WITH_AS((void)DefinitionBuilder("a", 1)
                           .step("s")
                           .participant("p")
                           .action("act")
                           .pivot()
                           .timeout(-1s)
                           .build(),
                       "steps[0].timeout: must be a duration such as \"250ms\", \"5s\", \"10m\", "
                       "\"2h\" or \"7d\", up to 100 years, is \"-1s\"",
                       DefinitionError);
}

#include "skald/definition.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "definition_fixture.hpp"

using namespace skald;
using namespace skald::test;
using namespace std::chrono_literals;

TEST_CASE("what a definition does not state is filled in") {
  const Definition definition = make_definition(order_document());
  CHECK(definition.type == "place-order");
  CHECK(definition.version == 1);
  CHECK(definition.find("arrange-shipping") == StepIndex{2});
  CHECK_FALSE(definition.find("nobody").has_value());
  CHECK(definition.pivot() == 2);
  CHECK_FALSE(definition.deadline.has_value());
  const Step& step = definition.steps[0];
  CHECK(step.kind == StepKind::compensatable);
  CHECK(step.timeout == 30s);
  CHECK(step.retry == RetryPolicy{});
  CHECK(step.on_failure.action == OnFailure::Action::compensate);
  REQUIRE(step.compensation.has_value());
  CHECK(step.compensation->action == "release");
  CHECK(step.compensation->timeout == 30s);
  CHECK(step.compensation->retry.max_attempts == 10);
  CHECK(step.compensation->retry.initial_delay == 1s);
  CHECK(step.compensation->retry.max_delay == 60s);
  CHECK_FALSE(definition.steps[2].compensation.has_value());
  CHECK(definition.steps[2].on_failure.action == OnFailure::Action::compensate);
  CHECK(definition.steps[3].on_failure.action == OnFailure::Action::stuck);
}

TEST_CASE("a step's own values win over its participant's, and those over the defaults") {
  Json document = order_document();
  document["defaults"] = {
      {"timeout", "5s"},
      {"retry", {{"max_attempts", 7}, {"initial_delay", "1s"}, {"jitter", "none"}}},
      {"compensation_retry", {{"max_attempts", 20}}},
      {"on_failure", "stuck"}};
  document["participants"] = {
      {"payment", {{"timeout", "8s"}, {"retry", {{"initial_delay", "2s"}, {"max_delay", "9s"}}}}}};
  document["steps"][1]["retry"] = {{"max_delay", "11s"}, {"abort_on", {"CARD_STOLEN"}}};
  document["steps"][1]["compensation_retry"] = {{"multiplier", 3}};
  document["steps"][1]["compensation"] = {
      {"action", "refund"}, {"timeout", "1m"}, {"retry", {{"jitter", "equal"}}}};
  const Definition definition = make_definition(document);

  const Step& reserve = definition.steps[0];
  CHECK(reserve.timeout == 5s);
  CHECK(reserve.retry.max_attempts == 7);
  CHECK(reserve.retry.initial_delay == 1s);
  CHECK(reserve.compensation->timeout == 5s);
  CHECK(reserve.compensation->retry.max_attempts == 20);
  CHECK(reserve.on_failure.action == OnFailure::Action::stuck);

  const Step& charge = definition.steps[1];
  CHECK(charge.timeout == 8s);
  CHECK(charge.retry.max_attempts == 7);
  CHECK(charge.retry.initial_delay == 2s);
  CHECK(charge.retry.max_delay == 11s);
  CHECK(charge.retry.jitter == Jitter::none);
  CHECK(charge.retry.abort_on == std::vector<std::string>{"CARD_STOLEN"});
  CHECK(charge.compensation->timeout == 1min);
  CHECK(charge.compensation->retry.max_attempts == 20);
  CHECK(charge.compensation->retry.multiplier == doctest::Approx(3));
  CHECK(charge.compensation->retry.jitter == Jitter::equal);

  // The default reaction is for steps that can be compensated.
  CHECK(definition.steps[2].on_failure.action == OnFailure::Action::compensate);
  CHECK(definition.steps[3].on_failure.action == OnFailure::Action::stuck);
}

TEST_CASE("a step can lift a default limit on the time of its retries") {
  Json document = order_with("/defaults", {{"retry", {{"max_elapsed", "1h"}}}});
  document["steps"][1]["retry"] = {{"max_elapsed", nullptr}};
  const Definition definition = make_definition(document);
  CHECK(definition.steps[0].retry.max_elapsed == 1h);
  CHECK_FALSE(definition.steps[1].retry.max_elapsed.has_value());
}

TEST_CASE("a step with nothing to undo says so on purpose") {
  const Definition definition = make_definition(order_with("/steps/0/compensation", "none"));
  CHECK_FALSE(definition.steps[0].compensation.has_value());
  Json document = order_document();
  document["steps"][0].erase("compensation");
  CHECK(refusal_of(document) ==
        "steps[0].compensation: is missing; give the action that undoes the step, or \"none\" when "
        "there is nothing to undo");
}

TEST_CASE("a failed step may be replaced by a fallback output") {
  const Definition definition =
      make_definition(order_with("/steps/3/on_failure", {{"fallback", {{"sent", false}}}}));
  CHECK(definition.steps[3].on_failure.action == OnFailure::Action::fallback);
  CHECK(definition.steps[3].on_failure.fallback.text() == R"({"sent":false})");
  CHECK(make_definition(order_with("/steps/2/on_failure", "skip")).steps[2].on_failure.action ==
        OnFailure::Action::skip);
}

TEST_CASE("a mistake in a definition is refused by its place, what is wrong and the mend") {
  struct Mistake {
    const char* at;
    const char* value;
    const char* message;
  };
  const Mistake mistakes[] = {
      {"/steps/2/retry", R"({"multiplier": 0.5})",
       "steps[2].retry.multiplier: must be >= 1, is 0.5"},
      {"/steps/1/retyr", "{}", "steps[1].retyr: unknown key; did you mean \"retry\"?"},
      {"/steps/1/colour", "1", "steps[1].colour: unknown key"},
      {"/step", "[]", "step: unknown key; did you mean \"steps\"?"},
      {"/steps/0/timeout", "5", "steps[0].timeout: must be a duration such as \"5s\", is 5"},
      {"/steps/0/timeout", "\"0s\"", "steps[0].timeout: must be above zero, is \"0s\""},
      {"/deadline", "\"1h30m\"",
       "deadline: must be a duration such as \"250ms\", \"5s\", \"10m\", \"2h\" or \"7d\", up to "
       "100 "
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
      {"/steps/0/retry", R"({"max_attempts": 0})",
       "steps[0].retry.max_attempts: must be >= 1, is 0"},
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
      {"/participants", R"({"payment": {"breaker": {}}})",
       "participants.payment.breaker: \"breaker\" is not available in this version of Skald"},
      {"/description", "5", "description: must be a text, is 5"},
  };
  for (const Mistake& mistake : mistakes) {
    CAPTURE(mistake.at);
    CHECK(refusal_of(order_with(mistake.at, Json::parse(mistake.value))) == mistake.message);
  }
}

TEST_CASE("steps out of order are refused by name") {
  Json document = order_document();
  std::swap(document["steps"][1], document["steps"][2]);
  CHECK(refusal_of(document) ==
        "steps[2].kind: the compensatable step \"charge-payment\" cannot follow the pivot step "
        "\"arrange-shipping\"; the order is compensatable steps, then at most one pivot, then "
        "retriable steps");
  document = order_document();
  document["steps"][3]["kind"] = "pivot";
  CHECK(refusal_of(document).find(
            "the pivot step \"notify-customer\" cannot follow the pivot step") !=
        std::string::npos);
  document = order_document();
  std::swap(document["steps"][2], document["steps"][3]);
  CHECK(refusal_of(document).find("cannot follow the retriable step") != std::string::npos);
}

TEST_CASE("a saga has a thousand steps at most") {
  Json document = order_document();
  const Json step = document["steps"][0];
  document["steps"].clear();
  for (int i = 0; i < 1000; ++i) {
    document["steps"].push_back(step);
    document["steps"].back()["name"] = "step-" + std::to_string(i);
  }
  CHECK(make_definition(document).steps.size() == 1000);
  document["steps"].push_back(step);
  CHECK(refusal_of(document) == "steps: must be <= 1000 steps, is 1001");
}

TEST_CASE("pointers that can never lead anywhere are refused") {
  const auto refused = [](const char* at, const char* pointer) {
    return refusal_of(order_with(at, {{"x", {{"$from", pointer}}}}));
  };
  CHECK(refused("/steps/1/input", "/input/card").empty());
  CHECK(refused("/steps/1/input", "/input").empty());
  CHECK(refused("/steps/1/input", "/key").empty());
  CHECK(refused("/steps/1/input", "/id").empty());
  CHECK(refused("/steps/1/input", "/steps/reserve-stock/output/id").empty());
  CHECK(refused("/steps/1/input", "/steps/reserve-stok/output") ==
        "steps[1].input: \"/steps/reserve-stok/output\" names no step; did you mean "
        "\"reserve-stock\"?");
  CHECK(refused("/steps/1/input", "/steps/charge-payment/output") ==
        "steps[1].input: \"/steps/charge-payment/output\" points to step \"charge-payment\", which "
        "has not run yet then; point to an earlier step");
  CHECK(refused("/steps/0/input", "/steps/notify-customer/output").find("has not run yet") !=
        std::string::npos);
  CHECK(refused("/steps/1/input", "/steps/reserve-stock/status") ==
        "steps[1].input: must be of the form \"/steps/<name>/output\" or deeper, is "
        "\"/steps/reserve-stock/status\"");
  CHECK(refused("/steps/1/input", "/inputs/x") ==
        "steps[1].input: must be a pointer to \"/input\", \"/key\", \"/id\" or "
        "\"/steps/<name>/output\" at \"$from\", is \"/inputs/x\"");
  CHECK_FALSE(refused("/steps/1/input", "/key/deeper").empty());
  CHECK_FALSE(refused("/steps/1/input", "/output").empty());
  CHECK(refused("/output", "/steps/notify-customer/output").empty());
  CHECK_FALSE(refused("/output", "/steps/nobody/output").empty());
}

TEST_CASE("a compensation may use what its own action answered, and nothing later") {
  const auto refused = [](const char* pointer) {
    return refusal_of(order_with("/steps/0/compensation",
                                 {{"action", "release"}, {"input", {{"$from", pointer}}}}));
  };
  CHECK(refused("/steps/reserve-stock/output/id").empty());
  CHECK(refused("/steps/charge-payment/output").find("steps[0].compensation.input: ") == 0);
}

TEST_CASE("secrets are pointers to what a saga holds") {
  CHECK(
      refusal_of(order_with("/secrets", {"/input/card", "/output", "/steps/charge-payment/output"}))
          .empty());
  for (const char* pointer : {"", "card", "/key", "/steps", "/steps/charge-payment",
                              "/steps/nobody/output", "/input/~2"}) {
    CAPTURE(pointer);
    CHECK(refusal_of(order_with("/secrets", {"/input/card", pointer})).find("secrets[1]: ") == 0);
  }
}

TEST_CASE("broken JSON is a definition error with the offset") {
  CHECK_THROWS_WITH_AS((void)parse_definition("{\"saga\": }"),
                       "invalid JSON at byte 9: expected a value, found '}'", DefinitionError);
  CHECK_THROWS_WITH_AS((void)parse_definition(R"({"saga": "a", "saga": "b"})"),
                       "invalid JSON at byte 14: the key \"saga\" appears twice in one object",
                       DefinitionError);
  CHECK_THROWS_WITH_AS((void)parse_definition("[]"), "must be an object, is []", DefinitionError);
}

TEST_CASE("a tree that no text could hold is refused, too") {
  CHECK_FALSE(refusal_of(order_with("/description", "\xFF")).empty());
  Json deep;
  for (int i = 0; i < 100; ++i) deep = Json::array({std::move(deep)});
  CHECK_FALSE(refusal_of(order_with("/steps/0/input", deep)).empty());
}

TEST_CASE("a refusal of a file names the file") {
  const auto folder =
      std::filesystem::temp_directory_path() / ("skald-definition-" + std::to_string(std::rand()));
  std::filesystem::create_directories(folder);
  const std::string path = (folder / "order.json").string();
  const auto refused = [&](const std::string& text) {
    std::ofstream(path) << text;
    try {
      (void)load_definition(path);
    } catch (const DefinitionError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(refused(order_document().dump(2)).empty());
  CHECK(load_definition(path) == make_definition(order_document()));
  CHECK(refused("{") == path +
                            ": invalid JSON at byte 1: the text ends where a key in double "
                            "quotes should be");
  CHECK(refused(order_with("/version", 0).dump()) == path + ": version: must be >= 1, is 0");
  CHECK(refused(std::string(2 * 1024 * 1024, ' ')).find(path + ": JSON of ") == 0);
  std::filesystem::remove(path);
  CHECK_THROWS_WITH_AS((void)load_definition(path),
                       (path + ": cannot be read: No such file or directory").c_str(),
                       DefinitionError);
  CHECK_THROWS_WITH_AS((void)load_definition(folder.string()),
                       (folder.string() + ": cannot be read: Is a directory").c_str(),
                       DefinitionError);
  std::filesystem::remove_all(folder);
}

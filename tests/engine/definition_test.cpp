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
                       "invalid JSON at byte 14: this key appears twice in one object, first at "
                       "byte 1",
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

// Could a recorded saga have gone its way under another definition?
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "definition_fixture.hpp"
#include "skald/could_follow.hpp"
#include "skald/decide.hpp"

using namespace skald;

namespace {

// A saga of `definition`, driven by hand and recorded.
class Recorder {
 public:
  explicit Recorder(const Json& document)
      : definition_(std::make_shared<const Definition>(make_definition(document))) {
    StartRequested start;
    start.id = SagaId::make(now_, 0, 1);
    start.input = JsonText::parse(R"({"n": 1})");
    tell(start);
  }
  void tell(const Input& input) {
    Decision decision = decide(*definition_, saga_, input, now_, OpenAdmission{});
    REQUIRE_FALSE(decision.refusal);
    const auto position = static_cast<Position>(saga_.version);
    rows_.push_back({position, saga_.version, now_, std::move(decision.events)});
  }
  void answer(StepIndex step, const Outcome& outcome) {
    tell(ReplyReceived{{step, Direction::action, saga_.steps[step].of(Direction::action).made},
                       outcome});
  }
  void undo(StepIndex step) {
    tell(ReplyReceived{{step, Direction::compensate, 1}, Outcome::success()});
  }
  void advance(Duration duration) {
    now_ += duration;
    tell(Woken{});
  }
  [[nodiscard]] std::string divergence_from(const Json& other) const {
    const auto found = first_divergence(definition_, rows_,
                                        std::make_shared<const Definition>(make_definition(other)));
    return found ? found->what : "";
  }

 private:
  Time now_ = *parse_time("2026-01-01T00:00:00Z");
  DefinitionPtr definition_;
  Saga saga_;
  std::vector<JournalRow> rows_;
};

Recorder completed_order() {
  Recorder order{test::order_document()};
  for (StepIndex step = 0; step < 4; ++step) order.answer(step, Outcome::success());
  return order;
}

}  // namespace

TEST_CASE("an input that the candidate's schema refuses is a start that it would have refused") {
  const Recorder order = completed_order();
  Json other = test::order_document();
  other["input_schema"] = Json::parse(R"({"properties": {"n": {"minimum": 1}}})");
  CHECK(order.divergence_from(other).empty());
  other["input_schema"] = Json::parse(R"({"properties": {"n": {"minimum": 2}}})");
  CHECK(order.divergence_from(other) ==
        "would have refused the start: the input does not match the definition's schema: /n must "
        "be >= 2");
}

TEST_CASE("a definition that changes only timing and texts could have been followed") {
  Recorder order{test::order_document()};
  order.answer(0, Outcome::success());
  order.answer(1, Outcome::failed("BUSY"));
  order.advance(Duration(60'000));
  order.answer(1, Outcome::rejected("NO"));
  order.undo(0);
  CHECK(order.divergence_from(test::order_document()).empty());
  CHECK(order.divergence_from(test::order_with("/description", "x")).empty());
  CHECK(
      order.divergence_from(test::order_with("/steps/1/retry", {{"initial_delay", "1h"}})).empty());
  CHECK(order.divergence_from(test::order_with("/steps/1/retry", {{"max_attempts", 1}})) ==
        "the saga issued charge of step charge-payment at payment; it would have issued release of "
        "step reserve-stock at inventory");
}

TEST_CASE("a step that is new, gone, renamed or done by somebody else is named") {
  const Recorder order = completed_order();
  Json more = test::order_document();
  const Json fraud{{"name", "check-fraud"},
                   {"participant", "risk"},
                   {"action", "check"},
                   {"compensation", "none"}};
  more["steps"].insert(more["steps"].begin() + 1, fraud);
  CHECK(order.divergence_from(more) ==
        "the saga issued charge of step charge-payment at payment; it would have issued check of "
        "step check-fraud at risk");
  Json less = test::order_document();
  less["steps"].erase(3);
  CHECK(order.divergence_from(less) ==
        "the saga issued send of step notify-customer at notification; it would have been "
        "completed");
  CHECK(order.divergence_from(test::order_with("/steps/0/participant", "warehouse")) ==
        "the saga issued reserve of step reserve-stock at inventory; it would have issued reserve "
        "of step reserve-stock at warehouse");
  CHECK(order.divergence_from(test::order_with("/steps/1/input", {{"$from", "/input/card"}})) ==
        "the saga issued charge of step charge-payment at payment; it would have been stuck: the "
        "input of charge-payment points nowhere: /input/card");
}

TEST_CASE("a saga that was undone could not have been under a definition that goes on") {
  Recorder order{test::order_document()};
  order.answer(0, Outcome::success());
  order.answer(1, Outcome::rejected("NO"));
  order.undo(0);
  CHECK(order.divergence_from(test::order_with("/steps/1/on_failure", "skip")) ==
        "the saga issued release of step reserve-stock at inventory; it would have issued schedule "
        "of step arrange-shipping at shipping");
}

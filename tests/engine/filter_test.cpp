#include "skald/filter.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "definition_fixture.hpp"
#include "property.hpp"
#include "skald/expansion.hpp"

using namespace skald;
using namespace std::chrono_literals;

namespace {

const Definition& order() {
  static const Definition definition = make_definition(test::order_document());
  return definition;
}

Saga running_saga() {
  Saga saga;
  saga.id = SagaId::make(Time(1000s), 1, 2);
  saga.type = "place-order";
  saga.key = "order-42";
  saga.status = Status::running;
  saga.started_at = Time(1000s);
  saga.input = JsonText::parse(
      R"({"customer": "c-7", "total": 10.5, "vip": true, "none": null, "a b": 1, "x=y": 2,
          "items": [{"sku": "A"}, {"sku": "B"}], "a/b": 3, "big": 18446744073709551615})");
  saga.steps.resize(order().steps.size());
  saga.steps[0].status = StepStatus::succeeded;
  saga.steps[0].output = JsonText::parse(R"({"id": 7})");
  saga.steps[1].status = StepStatus::dispatched;
  saga.steps[1].of(Direction::action).made = 3;
  return saga;
}

bool clause_holds(const char* clause, const Saga& saga = running_saga()) {
  SagaFilter filter;
  filter.where.push_back(WhereClause::parse(clause));
  return matches(filter, order(), saga);
}

std::string refusal_of_clause(const char* clause) {
  try {
    (void)WhereClause::parse(clause);
  } catch (const Refused& refused) {
    CHECK(refused.code() == Refused::Code::invalid);
    return refused.what();
  }
  return {};
}

bool at_step(const Saga& saga, const char* step) {
  SagaFilter filter;
  filter.steps = {"nobody", step};
  return matches(filter, order(), saga);
}

}  // namespace

TEST_CASE("a where clause is a place, an operator and a JSON value") {
  const WhereClause clause = WhereClause::parse(R"( input./customer = "c-7" )");
  CHECK(clause.pointer == "/input/customer");
  CHECK(clause.op == WhereClause::Op::equal);
  CHECK(clause.value.text() == "\"c-7\"");
  CHECK(WhereClause::parse("input=null").pointer == "/input");
  CHECK(WhereClause::parse("output./total>=10").op == WhereClause::Op::greater_equal);
  CHECK(WhereClause::parse("output./total<10").op == WhereClause::Op::less);
  CHECK(WhereClause::parse("steps.charge-payment.output./id exists").pointer ==
        "/steps/charge-payment/output/id");
  CHECK(WhereClause::parse("steps.v1.output.output./id != 1").pointer ==
        "/steps/v1.output/output/id");
  CHECK(WhereClause::parse("input./a./b = 1").pointer == "/input/a./b");
}

TEST_CASE("a clause that is none is refused with the mend") {
  CHECK(refusal_of_clause("input./customer = c-7") ==
        "where 'input./customer = c-7': the value is not JSON (invalid JSON at byte 0: expected a "
        "value, found 'c'); a text needs double quotes, as in input./customer = \"c-7\"");
  CHECK(refusal_of_clause("input.customer = 5") ==
        "where 'input.customer = 5': \"input.customer\" is no place in a saga; begin with input, "
        "output or steps.<name>.output, then a JSON Pointer as in input./customer");
  CHECK(refusal_of_clause("input./customer") ==
        "where 'input./customer': an operator is missing; use =, !=, <, <=, >, >= or exists");
  CHECK(refusal_of_clause("input./a~2 = 1") ==
        "where 'input./a~2 = 1': \"/a~2\" is no JSON Pointer; \"~\" is written as ~0");
  CHECK(refusal_of_clause("input./n =") ==
        "where 'input./n =': a value is missing after the operator");
  for (const char* clause :
       {"", "  ", "= 5", "key = 1", "steps.output = 1", "steps..output = 1",
        "steps.charge.input = 1", "steps.Charge.output = 1", "input./a == 5", "input./a like 5",
        "input./a exists 5", "input./a = 5 6", "inputs = 1"}) {
    CAPTURE(clause);
    CHECK(refusal_of_clause(clause).find("where '") == 0);
  }
}

TEST_CASE("a value of the saga is compared with the clause's") {
  CHECK(clause_holds(R"(input./customer = "c-7")"));
  CHECK_FALSE(clause_holds(R"(input./customer = "c-8")"));
  CHECK(clause_holds(R"(input./customer != "c-8")"));
  CHECK(clause_holds(R"(input./customer < "c-8")"));
  CHECK(clause_holds("input./total = 1.05e1"));
  CHECK(clause_holds("input./total > 10"));
  CHECK(clause_holds("input./total >= 10.5"));
  CHECK_FALSE(clause_holds("input./total < 10.5"));
  CHECK(clause_holds("input./total <= 10.5"));
  CHECK(clause_holds("input./vip = true"));
  CHECK(clause_holds("input./none = null"));
  CHECK(clause_holds(R"(input./items/1/sku = "B")"));
  CHECK(clause_holds(R"(input./items/0 = {"sku": "A"})"));
  CHECK(clause_holds("input./a~1b = 3"));
  CHECK(clause_holds("steps.reserve-stock.output./id = 7"));
  CHECK(clause_holds("input./big > -1"));
  CHECK(clause_holds("input./big != -1"));
}

TEST_CASE("values of different types have no order") {
  CHECK_FALSE(clause_holds("input./customer > 5"));
  CHECK_FALSE(clause_holds("input./customer <= 5"));
  CHECK_FALSE(clause_holds("input./vip >= true"));
}

TEST_CASE("a missing value differs from every value, and holds in no other comparison") {
  for (const char* place : {"input./gone", "input./items/2", "input./items/01", "input./items/x",
                            "input./customer/deeper", "output", "output./total",
                            "steps.charge-payment.output./id", "steps.nobody.output"}) {
    CAPTURE(place);
    const std::string text = place;
    CHECK_FALSE(clause_holds((text + " exists").c_str()));
    CHECK_FALSE(clause_holds((text + " = null").c_str()));
    CHECK_FALSE(clause_holds((text + " < 5").c_str()));
    CHECK(clause_holds((text + " != null").c_str()));
  }
  CHECK(clause_holds("input./none exists"));
  CHECK(clause_holds("input exists"));
}

TEST_CASE("an empty filter chooses every saga") {
  CHECK(SagaFilter{}.empty());
  CHECK(SagaFilter{}.by_summary_only());
  CHECK(matches(SagaFilter{}, order(), running_saga()));
  SagaFilter filter;
  filter.attempts_ge = 1;
  CHECK_FALSE(filter.empty());
  filter = {};
  filter.error_codes = {"X"};
  CHECK_FALSE(filter.empty());
}

TEST_CASE("a list holds when any of its values does, and all conditions must hold") {
  SagaFilter filter;
  filter.statuses = {Status::stuck, Status::running};
  CHECK(matches(filter, order(), running_saga()));
  filter.types = {"other", "place-order"};
  CHECK(matches(filter, order(), running_saga()));
  filter.keys = {"order-42"};
  CHECK(matches(filter, order(), running_saga()));
  filter.keys = {"order-4"};
  CHECK_FALSE(matches(filter, order(), running_saga()));
  filter.keys.clear();
  filter.statuses = {Status::stuck};
  CHECK_FALSE(matches(filter, order(), running_saga()));
}

TEST_CASE("a saga without a key matches no key") {
  Saga saga = running_saga();
  saga.key.reset();
  SagaFilter filter;
  filter.keys = {""};
  CHECK_FALSE(matches(filter, order(), saga));
}

TEST_CASE("times of start bound from the first moment to before the last") {
  SagaFilter filter;
  filter.started_after = Time(1000s);
  CHECK(matches(filter, order(), running_saga()));
  filter.started_after = Time(1000s) + 1ms;
  CHECK_FALSE(matches(filter, order(), running_saga()));
  filter = {};
  filter.started_before = Time(1000s);
  CHECK_FALSE(matches(filter, order(), running_saga()));
  filter.started_before = Time(1000s) + 1ms;
  CHECK(matches(filter, order(), running_saga()));
}

TEST_CASE("attempts are counted in each direction by itself") {
  SagaFilter filter;
  filter.attempts_ge = 3;
  CHECK(matches(filter, order(), running_saga()));
  filter.attempts_ge = 4;
  CHECK_FALSE(matches(filter, order(), running_saga()));
  Saga saga = running_saga();
  saga.steps[0].of(Direction::compensate).made = 4;
  CHECK(matches(filter, order(), saga));
}

TEST_CASE("a saga is at the steps that are under way, failed or stuck") {
  Saga saga = running_saga();
  CHECK(at_step(saga, "charge-payment"));
  CHECK_FALSE(at_step(saga, "reserve-stock"));
  CHECK_FALSE(at_step(saga, "arrange-shipping"));
  for (const StepStatus status : {StepStatus::waiting, StepStatus::retry_wait, StepStatus::rejected,
                                  StepStatus::failed, StepStatus::unknown}) {
    saga.steps[1].status = status;
    CHECK(at_step(saga, "charge-payment"));
  }
  for (const StepStatus status :
       {StepStatus::pending, StepStatus::succeeded, StepStatus::skipped, StepStatus::cancelled}) {
    saga.steps[1].status = status;
    CHECK_FALSE(at_step(saga, "charge-payment"));
  }
  for (const auto& [status, expected] :
       std::vector<std::pair<CompensationStatus, bool>>{{CompensationStatus::none, false},
                                                        {CompensationStatus::pending, false},
                                                        {CompensationStatus::dispatched, true},
                                                        {CompensationStatus::retry_wait, true},
                                                        {CompensationStatus::compensated, false},
                                                        {CompensationStatus::stuck, true},
                                                        {CompensationStatus::skipped, false}}) {
    saga.steps[0].compensation = status;
    CHECK(at_step(saga, "reserve-stock") == expected);
  }
  saga.stuck = Stuck{.step = 0, .error = {}};
  CHECK(at_step(saga, "reserve-stock"));
}

TEST_CASE("the name of a list stands for the steps of all its elements") {
  const auto parsed = std::make_shared<const Definition>(parse_definition(R"({
    "saga": "parcels", "version": 1, "steps": [
      {"name": "pack", "for_each": {"in": "/input/items", "step":
        {"participant": "p", "action": "a", "compensation": "none"}}},
      {"name": "packed", "participant": "p", "action": "b", "compensation": "none"}]})"));
  const Json input{{"items", {1, 2}}};
  const auto expanded = effective_definition(parsed, JsonText::of(input));
  const Definition& definition = *std::get<DefinitionPtr>(expanded);
  Saga saga = running_saga();
  saga.steps.clear();
  saga.steps.resize(definition.steps.size());
  const auto at = [&](const char* name) {
    SagaFilter filter;
    filter.steps = {name};
    return matches(filter, definition, saga);
  };
  CHECK_FALSE(at("pack"));
  saga.steps[*definition.find("pack.1")].status = StepStatus::dispatched;
  CHECK(at("pack"));
  CHECK(at("pack.1"));
  CHECK_FALSE(at("pack.0"));
  CHECK_FALSE(at("pac"));
  saga.steps[*definition.find("pack.1")].status = StepStatus::succeeded;
  saga.steps[*definition.find("packed")].status = StepStatus::dispatched;
  CHECK_FALSE(at("pack"));
}

TEST_CASE("an error code is the saga's own") {
  SagaSummary summary;
  SagaFilter filter;
  filter.error_codes = {"CARD_DECLINED"};
  CHECK_FALSE(matches_summary(filter, summary));
  summary.error_code = "CARD_DECLINED";
  CHECK(matches_summary(filter, summary));
  CHECK(filter.by_summary_only());
}

TEST_CASE("any text is a clause or is refused, and a clause reads any saga") {
  test::check_property("where", [] {
    const auto place =
        *rc::gen::element<std::string>("input", "output", "steps.charge-payment.output");
    const auto rest = *rc::gen::container<std::string>(
        rc::gen::elementOf(std::string("./~01ab=!<> \"exists\x80")));
    try {
      const WhereClause clause = WhereClause::parse(place + rest);
      SagaFilter filter;
      filter.where.push_back(clause);
      (void)matches(filter, order(), running_saga());
      RC_CLASSIFY(true, "taken");
    } catch (const Refused& refused) {
      RC_ASSERT(refused.code() == Refused::Code::invalid);
    }
  });
}

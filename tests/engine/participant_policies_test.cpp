// The policies of participants in definitions and configurations.
#include "skald/participant_policies.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "definition_fixture.hpp"
#include "skald/definition_builder.hpp"

using namespace skald;
using namespace skald::test;
using namespace std::chrono_literals;

namespace {

const Json all_policies = Json::parse(R"({
  "breaker": {"failures": 3, "failure_rate": 0.5, "window": "1m", "min_calls": 10, "delay": "5s",
              "max_delay": "1m", "multiplier": 3, "probes": 2, "successes": 4},
  "bulkhead": {"max_in_flight": 20, "max_waiting": 1000},
  "rate_limit": {"rate": "100/s", "burst": 50},
  "retry_budget": {"ratio": 0.1, "min_per_second": 2, "window": "20s"}})");

struct PolicyMistake {
  const char* settings;
  const char* refusal;
};

}  // namespace

TEST_CASE("a definition states the policies of its participants, and its normal form does, too") {
  const Definition definition = make_definition(order_with("/participants/payment", all_policies));
  const ParticipantPolicies& policies = definition.participants.at("payment");
  CHECK(policies.breaker->failures == 3);
  CHECK(policies.breaker->failure_rate == 0.5);
  CHECK(policies.breaker->max_delay == 1min);
  CHECK(policies.breaker->successes == 4);
  CHECK(policies.bulkhead == BulkheadPolicy{20, 1000});
  CHECK(policies.rate_limit == RateLimitPolicy{{100, 1s}, 50});
  CHECK(policies.retry_budget == RetryBudgetPolicy{0.1, 2, 20s});
  CHECK(policies_json(policies) == all_policies);
  const Definition again = parse_definition(definition.normal_form());
  CHECK(again.digest() == definition.digest());
  CHECK(again.participants == definition.participants);
}

TEST_CASE("a definition without policies keeps the digest that it always had") {
  const Definition definition = make_definition(order_document());
  CHECK(definition.participants.empty());
  CHECK(definition.digest().to_string() ==
        "5ed2e4a6555ddce4e4d564cc7f3d8307f68f52f2cba3fbbd9b377329eedb995d");
  CHECK(make_definition(order_with("/participants/payment", {{"timeout", "30s"}})).digest() ==
        definition.digest());
  CHECK(make_definition(order_with("/participants/payment", {{"breaker", Json::object()}}))
            .digest() != definition.digest());
}

TEST_CASE("what is not stated of a policy has a value that is worth having") {
  const auto policies = parse_policies(
      Json::parse(R"({"a": {"breaker": {}, "retry_budget": {}, "rate_limit": {"rate": "100/s"}},
                      "b": {"breaker": {"failure_rate": 1}, "rate_limit": {"rate": "10/m"}}})"),
      "");
  CHECK(policies.at("a").breaker == BreakerPolicy{});
  CHECK(policies.at("a").retry_budget == RetryBudgetPolicy{});
  CHECK(policies.at("a").rate_limit->burst == 100);
  CHECK_FALSE(policies.at("a").bulkhead);
  CHECK(policies.at("b").breaker->failures == 0);
  CHECK(policies.at("b").rate_limit->burst == 1);
}

TEST_CASE("a policy that contradicts itself is refused with its place and the mend") {
  for (const auto& [settings, refusal] : {
           PolicyMistake{R"({"breaker": {"delay": "10s", "max_delay": "5s"}})",
                         R"(.breaker.max_delay: must be at least the delay, 10s, is "5s")"},
           PolicyMistake{R"({"breaker": {"multiplier": 2}})",
                         R"(.breaker.multiplier: means nothing without "max_delay"; )"
                         "give it or remove this"},
           PolicyMistake{R"({"breaker": {"window": "1m"}})",
                         R"(.breaker.window: means nothing without "failure_rate"; )"
                         "give it or remove this"},
           PolicyMistake{R"({"breaker": {"min_calls": 5}})",
                         R"(.breaker.min_calls: means nothing without "failure_rate"; )"
                         "give it or remove this"},
           PolicyMistake{R"({"breaker": {"failures": 0}})",
                         ".breaker.failures: must be >= 1, is 0"},
           PolicyMistake{R"({"breaker": {"failure_rate": 2}})",
                         ".breaker.failure_rate: must be <= 1, is 2"},
           PolicyMistake{R"({"breaker": {"failure_rate": 0}})",
                         ".breaker.failure_rate: must be >= 0.001, is 0"},
           PolicyMistake{R"({"breaker": {"probes": 0}})", ".breaker.probes: must be >= 1, is 0"},
           PolicyMistake{R"({"breaker": {"failure": 3}})",
                         R"(.breaker.failure: unknown key; did you mean "failures"?)"},
           PolicyMistake{R"({"breaker": true})", ".breaker: must be an object, is true"},
           PolicyMistake{R"({"bulkhead": {}})",
                         ".bulkhead.max_in_flight: is missing; give how many commands may be under "
                         "way at once"},
           PolicyMistake{R"({"bulkhead": {"max_in_flight": 0}})",
                         ".bulkhead.max_in_flight: must be >= 1, is 0"},
           PolicyMistake{R"({"bulkhead": {"max_in_flight": 1, "max_waiting": -1}})",
                         ".bulkhead.max_waiting: must be >= 0, is -1"},
           PolicyMistake{R"({"rate_limit": {"burst": 5}})",
                         R"(.rate_limit.rate: is missing; give a rate such as "100/s")"},
           PolicyMistake{
               R"({"rate_limit": {"rate": "fast"}})",
               R"(.rate_limit.rate: must be a rate such as "100/s", "10/m" or "3/250ms": )"
               R"(1 to 1000000 per at most a day, is "fast")"},
           PolicyMistake{R"({"rate_limit": {"rate": "1/s", "burst": 0}})",
                         ".rate_limit.burst: must be >= 1, is 0"},
           PolicyMistake{R"({"retry_budget": {"ratio": 1.5}})",
                         ".retry_budget.ratio: must be <= 1, is 1.5"},
           PolicyMistake{R"({"retry_budget": {"min_per_second": -1}})",
                         ".retry_budget.min_per_second: must be >= 0, is -1"},
           PolicyMistake{R"({"retry_budget": {"window": "2d"}})",
                         R"(.retry_budget.window: must be at most "1d", is "2d")"},
       }) {
    CHECK(refusal_of(order_with("/participants/payment", Json::parse(settings))) ==
          std::string("participants.payment") + refusal);
  }
}

TEST_CASE("a configuration names participants that no definition needs to know, and nothing else") {
  CHECK(parse_policies(Json::parse(R"({"anyone": {}})"), "participants").at("anyone").empty());
  CHECK_THROWS_WITH_AS(
      (void)parse_policies(Json::parse(R"({"a": {"timeout": "5s"}})"), "participants"),
      "participants.a.timeout: unknown key", DefinitionError);
  CHECK_THROWS_WITH_AS((void)parse_policies(Json::parse("[]"), "participants"),
                       "participants: must be an object of participants by name, is []",
                       DefinitionError);
  CHECK_THROWS_AS((void)parse_policies(Json::parse(R"({"A b": {}})"), "participants"),
                  DefinitionError);
}

TEST_CASE("a definition built in C++ states policies by the same rules") {
  ParticipantPolicies policies;
  policies.breaker = BreakerPolicy{};
  policies.rate_limit = RateLimitPolicy{{10, 1s}, 10};
  DefinitionBuilder builder("order", 1);
  builder.policies("payment", policies)
      .step("charge")
      .participant("payment")
      .action("charge")
      .no_compensation();
  CHECK(builder.build().participants.at("payment") == policies);
  policies.breaker->failures = 0;
  builder.policies("payment", policies);
  CHECK_THROWS_WITH_AS((void)builder.build(),
                       "participants.payment.breaker.failures: must be >= 1, is 0",
                       DefinitionError);
}

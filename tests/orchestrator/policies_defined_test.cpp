// Which policies hold: configuration over definitions, the newest version of a type, and no two
// types that disagree.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "scripted_channel.hpp"
#include "skald/policies_in_force.hpp"

using namespace skald;
using skald::testing::Engine;
using namespace std::chrono_literals;

namespace {

std::string saga_of(const char* type, int version, const char* inventory) {
  return fmt::format(R"({{"saga": "{}", "version": {}, "participants": {{"inventory": {}}},
    "steps": [{{"name": "reserve", "participant": "inventory", "action": "reserve",
                "compensation": "none"}}]}})",
                     type, version, inventory);
}

constexpr const char* one_at_a_time = R"({"bulkhead": {"max_in_flight": 1}})";
constexpr const char* two_at_a_time = R"({"bulkhead": {"max_in_flight": 2}})";

PoliciesByName configured(std::uint32_t max_in_flight) {
  PoliciesByName participants;
  participants["inventory"].bulkhead = BulkheadPolicy{max_in_flight, {}};
  return participants;
}

std::size_t sent_of(Engine& engine, int starts) {
  for (int i = 0; i < starts; ++i) (void)engine.start();
  return engine.channel.sent.size();
}

}  // namespace

TEST_CASE("what is configured wins over what definitions state") {
  Engine engine{saga_of("order", 1, one_at_a_time).c_str(), configured(2)};
  CHECK(sent_of(engine, 5) == 2);
}

TEST_CASE("of a type the newest version counts, whichever was defined last") {
  Engine engine{saga_of("order", 2, two_at_a_time).c_str()};
  CHECK(engine.define(saga_of("order", 1, one_at_a_time).c_str()).empty());
  CHECK(sent_of(engine, 5) == 2);
  CHECK(engine.define(saga_of("order", 3, one_at_a_time).c_str()).empty());
  (void)engine.start();
  engine.tell(Engine::reply(engine.channel.take(), Outcome::success()));
  CHECK(engine.channel.sent.size() == 1);
}

TEST_CASE("two types that state different policies are refused, with both names and the mend") {
  Engine engine{saga_of("order", 1, one_at_a_time).c_str()};
  CHECK(engine.define(saga_of("refund", 3, two_at_a_time).c_str()) ==
        "order v1 and refund v3 state a different bulkhead for participant inventory, which has "
        "one for all sagas; state the same in both, or put participants.inventory.bulkhead into "
        "the engine's configuration, which overrules definitions");
  CHECK(engine.store->definitions().size() == 1);
  CHECK(engine.define(saga_of("refund", 3, one_at_a_time).c_str()).empty());
  CHECK(engine.define(saga_of("audit", 1, R"({"breaker": {}})").c_str()).empty());
  CHECK(engine.define(saga_of("again", 1, "{}").c_str()).empty());
}

TEST_CASE("a configured policy settles what definitions disagree about") {
  Engine engine{saga_of("order", 1, one_at_a_time).c_str(), configured(3)};
  CHECK(engine.define(saga_of("refund", 1, two_at_a_time).c_str()).empty());
  CHECK(sent_of(engine, 5) == 2);  // Of three places one is kept for what undoes.
}

TEST_CASE("definitions in the store that disagree are said in the log, and the first holds") {
  Engine engine{saga_of("order", 1, two_at_a_time).c_str()};
  engine.store->put_definition(
      std::make_shared<const Definition>(parse_definition(saga_of("b", 1, one_at_a_time))));
  engine.crash();
  REQUIRE(engine.log.size() == 1);
  CHECK(engine.log[0].find("b v1 and order v1 state a different bulkhead") == 0);
  CHECK(sent_of(engine, 5) == 1);
}

TEST_CASE("a configured policy that contradicts itself stops the engine before it starts") {
  CHECK_THROWS_WITH_AS(Engine(saga_of("order", 1, "{}").c_str(), configured(0)),
                       "participants.inventory.bulkhead.max_in_flight: must be >= 1, is 0",
                       DefinitionError);
}

TEST_CASE("each policy says where it comes from") {
  const auto order = std::make_shared<const Definition>(parse_definition(
      saga_of("order", 4, R"({"breaker": {}, "bulkhead": {"max_in_flight": 1}})")));
  const auto resolved = resolve_policies(configured(3), {order});
  const PoliciesInForce& inventory = resolved.by_participant.at("inventory");
  CHECK(inventory.sources.at("bulkhead") == "configuration");
  CHECK(inventory.sources.at("breaker") == "order v4");
  CHECK(inventory.policies.bulkhead->max_in_flight == 3);
  CHECK(resolved.conflicts.empty());
}

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "samples.hpp"
#include "store_conformance.hpp"

namespace skald::test {
namespace {

void check_definitions(StoreFixture& fixture) {
  const auto order = definition("order", 1);
  const auto changed = definition("order", 1, "warehouse");
  REQUIRE(order->digest() != changed->digest());
  fixture.store().put_definition(definition("order", 10));
  fixture.store().put_definition(order);
  fixture.store().put_definition(definition("invoice", 3));
  SUBCASE("definitions are kept and listed by type and version") {
    fixture.store().put_definition(order);
    fixture.reopen();
    const auto all = fixture.store().definitions();
    REQUIRE(all.size() == 3);
    CHECK(all[0]->type == "invoice");
    CHECK(all[1]->version == 1);
    CHECK(all[2]->version == 10);
    const auto found = fixture.store().definition(order->digest());
    REQUIRE(found != nullptr);
    CHECK(*found == *order);
    CHECK(found->digest() == order->digest());
    CHECK(fixture.store().definition(changed->digest()) == nullptr);
  }
  SUBCASE("a definition that no saga has used may be replaced") {
    fixture.store().put_definition(changed);
    fixture.reopen();
    CHECK(fixture.store().definitions().size() == 3);
    CHECK(fixture.store().definition(changed->digest()) != nullptr);
  }
  SUBCASE("a definition that sagas have used is fixed for good") {
    SagaSummary saga = summary(1);
    saga.definition = order->digest();
    fixture.store().commit(start(saga));
    fixture.store().put_definition(order);
    const auto change = [&] { fixture.store().put_definition(changed); };
    CHECK_THROWS_AS(change(), Refused);
    fixture.reopen();
    CHECK_THROWS_AS(change(), Refused);
    CHECK(fixture.store().definition(order->digest()) != nullptr);
    CHECK(fixture.store().definition(changed->digest()) == nullptr);
  }
  SUBCASE("a definition is dropped once no saga uses it, and can be stored anew") {
    SagaSummary saga = ended(summary(1), Status::completed);
    saga.definition = order->digest();
    fixture.store().commit(start(saga));
    CHECK_FALSE(fixture.store().drop_definition(changed->digest()));
    const auto drop = [&] { return fixture.store().drop_definition(order->digest()); };
    CHECK_THROWS_WITH_AS(static_cast<void>(drop()), doctest::Contains(saga.id.to_string().c_str()),
                         Refused);
    CHECK(fixture.store().definition(order->digest()) != nullptr);
    PurgeSlice everything;
    everything.ended_before = Time(Duration(2'000'000'000'000));
    CHECK(fixture.store().purge(everything).sagas == 1);
    CHECK(drop());
    CHECK_FALSE(drop());
    fixture.reopen();
    CHECK(fixture.store().definition(order->digest()) == nullptr);
    CHECK(fixture.store().definitions().size() == 2);
    fixture.store().put_definition(changed);
    CHECK(fixture.store().definition(changed->digest()) != nullptr);
  }
  SUBCASE("a definition that could not be read back is never stored") {
    // The document is within the limits; its normal form, where every step states its defaults, is
    // not. Refused where it is made or where it is stored.
    const std::vector<std::string> documents{long_normal_form(), deep_normal_form()};
    for (const std::string& document : documents) {
      try {
        fixture.store().put_definition(
            std::make_shared<const Definition>(parse_definition(document)));
        FAIL_CHECK("it was stored");
      } catch (const Refused& refused) {
        CHECK(refused.code() == Refused::Code::invalid);
      } catch (const DefinitionError& refused) {
        CHECK(std::string(refused.what()).size() < 1000);
      }
    }
    fixture.reopen();
    CHECK(fixture.store().definitions().size() == 3);
    CHECK(fixture.store().unusable_definitions().empty());
  }
}

}  // namespace

void check_definition_conformance(const MakeStoreFixture& make) {
  const auto fixture = make();
  check_definitions(*fixture);
}

}  // namespace skald::test

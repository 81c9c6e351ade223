#include "skald/bulkhead.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "property.hpp"

using namespace skald;

TEST_CASE("a fifth of the places, rounded up, is kept from three places on") {
  CHECK(reserved_share(1) == 0);
  CHECK(reserved_share(2) == 0);
  CHECK(reserved_share(3) == 1);
  CHECK(reserved_share(5) == 1);
  CHECK(reserved_share(6) == 2);
  CHECK(reserved_share(100) == 20);
}

TEST_CASE("actions leave the reserve free, and what undoes may take any place") {
  const BulkheadPolicy policy{5, {}};
  BulkheadState state;
  for (int i = 0; i < 4; ++i) {
    REQUIRE(policy.admits(state, CommandClass::first_try));
    state = BulkheadPolicy::issued(state, CommandClass::first_try);
  }
  CHECK_FALSE(policy.admits(state, CommandClass::first_try));
  CHECK_FALSE(policy.admits(state, CommandClass::later_try));
  CHECK(policy.admits(state, CommandClass::undoing));
  const BulkheadState undoing{0, 4};
  CHECK(policy.admits(undoing, CommandClass::undoing));
  CHECK(policy.admits(undoing, CommandClass::first_try));
  CHECK_FALSE(policy.admits({0, 5}, CommandClass::first_try));
}

TEST_CASE("never more in flight than the limit, and a place that is free is given to someone") {
  test::check_property("in flight", [] {
    const BulkheadPolicy policy{*rc::gen::inRange(1U, 12U), {}};
    BulkheadState state;
    std::vector<CommandClass> in_flight;
    for (int i = 0; i < 80; ++i) {
      if (*rc::gen::inRange(0, 3) > 0) {
        const auto command = *rc::gen::element(CommandClass::undoing, CommandClass::first_try,
                                               CommandClass::later_try);
        if (!policy.admits(state, command)) continue;
        state = BulkheadPolicy::issued(state, command);
        in_flight.push_back(command);
      } else if (!in_flight.empty()) {
        const auto which = *rc::gen::inRange<std::size_t>(0, in_flight.size());
        state = BulkheadPolicy::ended(state, in_flight[which]);
        in_flight.erase(in_flight.begin() + static_cast<std::ptrdiff_t>(which));
      }
      RC_ASSERT(state.in_flight() == in_flight.size());
      RC_ASSERT(in_flight.size() <= policy.max_in_flight);
      RC_ASSERT(policy.admits(state, CommandClass::undoing) ==
                (in_flight.size() < policy.max_in_flight));
    }
    if (in_flight.empty()) RC_ASSERT(policy.admits(state, CommandClass::first_try));
  });
}

#include "waiting_lines.hpp"

#include <doctest/doctest.h>

using namespace skald;

namespace {

constexpr auto first = CommandClass::first_try;

SagaId saga(std::uint64_t n) { return SagaId::make(Time{}, n, n); }

std::vector<SagaId> order(const WaitingLines& lines, const std::string& participant) {
  std::vector<SagaId> order;
  if (const auto* all = lines.of(participant)) {
    for (const LinePlace& place : (*all)[static_cast<std::size_t>(first)])
      order.push_back(place.saga);
  }
  return order;
}

}  // namespace

TEST_CASE("in a line the higher priority goes first, and of equals who came first") {
  WaitingLines lines;
  lines.join(saga(1), "a", first, 4);
  lines.join(saga(2), "a", first, 4);
  lines.join(saga(3), "a", first, 9);
  lines.join(saga(4), "a", first, 0);
  lines.join(saga(5), "b", first, 0);
  CHECK(order(lines, "a") == std::vector<SagaId>{saga(3), saga(1), saga(2), saga(4)});
  CHECK(lines.waiting("a") == 4);
  CHECK(lines.place(saga(6), "a", first, 9) < lines.place(saga(1), "a", first, 4));
}

TEST_CASE("a saga that is refused again keeps its place, in every line that it joins again") {
  WaitingLines lines;
  lines.join(saga(1), "a", first, 4);
  lines.join(saga(1), "b", first, 4);
  lines.join(saga(2), "a", first, 4);
  lines.leave(saga(1));
  CHECK_FALSE(lines.waits(saga(1)));
  CHECK(lines.of("b") == nullptr);
  lines.join(saga(1), "a", first, 4);
  lines.join(saga(1), "a", first, 4);
  CHECK(order(lines, "a") == std::vector<SagaId>{saga(1), saga(2)});
  lines.leave(saga(1));
  lines.leave(saga(2));
  lines.join(saga(1), "a", first, 4);
  lines.join(saga(2), "a", first, 4);
  CHECK(order(lines, "a") == std::vector<SagaId>{saga(2), saga(1)});
}

TEST_CASE("a batch that is rolled back leaves the lines as they were") {
  WaitingLines lines;
  lines.join(saga(1), "a", first, 4);
  lines.join(saga(2), "a", first, 4);
  lines.seal();
  lines.committed();
  lines.leave(saga(1));
  lines.join(saga(1), "a", first, 4);
  lines.leave(saga(1));
  lines.join(saga(3), "a", first, 9);
  lines.join(saga(3), "b", CommandClass::undoing, 9);
  lines.rolled_back();
  CHECK(order(lines, "a") == std::vector<SagaId>{saga(1), saga(2)});
  CHECK(lines.of("b") == nullptr);
  CHECK_FALSE(lines.waits(saga(3)));
}

TEST_CASE("a batch that is rolled back takes the one after it along, and a committed one stays") {
  WaitingLines lines;
  lines.join(saga(1), "a", first, 4);
  lines.seal();
  lines.join(saga(2), "a", first, 4);
  lines.leave(saga(1));
  lines.rolled_back();
  CHECK(order(lines, "a").empty());

  lines.join(saga(3), "a", first, 4);
  lines.join(saga(4), "a", first, 4);
  lines.seal();
  lines.join(saga(5), "a", first, 4);
  lines.committed();
  lines.leave_for_good(saga(3));
  lines.rolled_back();
  CHECK(order(lines, "a") == std::vector<SagaId>{saga(4)});
}

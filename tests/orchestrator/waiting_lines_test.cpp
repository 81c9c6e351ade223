#include "admission/waiting_lines.hpp"

#include <doctest/doctest.h>

using namespace skald;

namespace {

constexpr auto first = CommandClass::first_try;

SagaId numbered(std::uint64_t n) { return SagaId::make(Time{}, n, n); }

std::vector<SagaId> order_in(const WaitingLines& lines, const std::string& participant) {
  std::vector<SagaId> order_in;
  if (const auto* all = lines.of(participant)) {
    for (const LinePlace& place : (*all)[static_cast<std::size_t>(first)])
      order_in.push_back(place.saga);
  }
  return order_in;
}

}  // namespace

TEST_CASE("in a line the higher priority goes first, and of equals who came first") {
  WaitingLines lines;
  lines.join(numbered(1), "a", first, 4);
  lines.join(numbered(2), "a", first, 4);
  lines.join(numbered(3), "a", first, 9);
  lines.join(numbered(4), "a", first, 0);
  lines.join(numbered(5), "b", first, 0);
  CHECK(order_in(lines, "a") ==
        std::vector<SagaId>{numbered(3), numbered(1), numbered(2), numbered(4)});
  CHECK(lines.waiting("a") == 4);
  CHECK(lines.place(numbered(6), "a", first, 9) < lines.place(numbered(1), "a", first, 4));
}

TEST_CASE("a saga that is refused again keeps its place, in every line that it joins again") {
  WaitingLines lines;
  lines.join(numbered(1), "a", first, 4);
  lines.join(numbered(1), "b", first, 4);
  lines.join(numbered(2), "a", first, 4);
  lines.leave(numbered(1));
  CHECK_FALSE(lines.waits(numbered(1)));
  CHECK(lines.of("b") == nullptr);
  lines.join(numbered(1), "a", first, 4);
  lines.join(numbered(1), "a", first, 4);
  CHECK(order_in(lines, "a") == std::vector<SagaId>{numbered(1), numbered(2)});
  lines.leave(numbered(1));
  lines.leave(numbered(2));
  lines.join(numbered(1), "a", first, 4);
  lines.join(numbered(2), "a", first, 4);
  CHECK(order_in(lines, "a") == std::vector<SagaId>{numbered(2), numbered(1)});
}

TEST_CASE("a batch that is rolled back leaves the lines as they were") {
  WaitingLines lines;
  lines.join(numbered(1), "a", first, 4);
  lines.join(numbered(2), "a", first, 4);
  lines.seal();
  lines.committed();
  lines.leave(numbered(1));
  lines.join(numbered(1), "a", first, 4);
  lines.leave(numbered(1));
  lines.join(numbered(3), "a", first, 9);
  lines.join(numbered(3), "b", CommandClass::undoing, 9);
  lines.rolled_back();
  CHECK(order_in(lines, "a") == std::vector<SagaId>{numbered(1), numbered(2)});
  CHECK(lines.of("b") == nullptr);
  CHECK_FALSE(lines.waits(numbered(3)));
}

TEST_CASE("a batch that is rolled back takes the one after it along, and a committed one stays") {
  WaitingLines lines;
  lines.join(numbered(1), "a", first, 4);
  lines.seal();
  lines.join(numbered(2), "a", first, 4);
  lines.leave(numbered(1));
  lines.rolled_back();
  CHECK(order_in(lines, "a").empty());

  lines.join(numbered(3), "a", first, 4);
  lines.join(numbered(4), "a", first, 4);
  lines.seal();
  lines.join(numbered(5), "a", first, 4);
  lines.committed();
  lines.leave_for_good(numbered(3));
  lines.rolled_back();
  CHECK(order_in(lines, "a") == std::vector<SagaId>{numbered(4)});
}

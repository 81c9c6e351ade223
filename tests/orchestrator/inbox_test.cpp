// The hand-over to the coordinator's thread: order, portions, limits.
#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <thread>

#include "orchestrator/inbox.hpp"

using namespace skald;

namespace {

Arrival numbered(std::uint64_t number) { return UnwaitArrival{{}, number}; }

std::vector<std::uint64_t> numbers(std::span<const Arrival> arrivals) {
  std::vector<std::uint64_t> found;
  for (const Arrival& arrival : arrivals) found.push_back(std::get<UnwaitArrival>(arrival).token);
  return found;
}

Arrival start() { return StartArrival{}; }

}  // namespace

TEST_CASE(
    "what arrived is taken in order, in portions, and the rest of it before what came later") {
  Inbox inbox(10);
  for (const std::uint64_t n : {1U, 2U, 3U}) inbox.push(numbered(n));
  CHECK(numbers(inbox.take(2, {})->arrivals) == std::vector<std::uint64_t>{1, 2});
  inbox.push(numbered(4));
  CHECK(inbox.size() == 2);
  CHECK(numbers(inbox.take(2, {})->arrivals) == std::vector<std::uint64_t>{3});
  CHECK(numbers(inbox.take(2, {})->arrivals) == std::vector<std::uint64_t>{4});
  CHECK(inbox.take(2, Duration{0})->arrivals.empty());
}

TEST_CASE("what was not taken when an inbox is drained is all there, in order") {
  Inbox inbox(10);
  for (const std::uint64_t n : {1U, 2U, 3U}) inbox.push(numbered(n));
  CHECK(numbers(inbox.take(1, {})->arrivals) == std::vector<std::uint64_t>{1});
  inbox.push(numbered(4));
  inbox.close();
  CHECK(inbox.push(numbered(5)) == Inbox::Pushed::closed);
  CHECK(numbers(inbox.drain()) == std::vector<std::uint64_t>{2, 3, 4});
  CHECK_FALSE(inbox.take(1, {}));
}

TEST_CASE("what an inbox is emptied of ends, and whoever waits for it may push again") {
  Inbox inbox(10);
  int ended = 0;
  const auto pushes_again = [&](void*) {
    if (inbox.push(RoomArrival{}) == Inbox::Pushed::closed) ++ended;
  };
  for (int i = 0; i < 2; ++i) {
    StartArrival one;
    one.answer = [kept = std::shared_ptr<void>(&inbox, pushes_again)](const auto&) {};
    inbox.push(std::move(one));
    if (i == 0) (void)inbox.take(0, {});  // In hand, and not taken.
  }
  inbox.close();
  inbox.discard();
  CHECK(ended == 2);
  CHECK(inbox.size() == 0);
  CHECK_FALSE(inbox.take(1, {}));
}

TEST_CASE(
    "a start beyond the limit is not taken and left whole, and room comes with the next take") {
  Inbox inbox(2);
  CHECK(inbox.try_push(start()) == Inbox::Pushed::taken);
  CHECK(inbox.try_push(start()) == Inbox::Pushed::taken);
  StartArrival third;
  third.type = "third";
  Arrival kept{std::move(third)};
  CHECK(inbox.try_push(std::move(kept)) == Inbox::Pushed::full);
  CHECK(std::get<StartArrival>(kept).type == "third");
  CHECK(inbox.push(numbered(1)) == Inbox::Pushed::taken);  // No start: not limited.
  // Those that were taken in hand but not handed out still count.
  CHECK(inbox.take(1, {})->arrivals.size() == 1);
  CHECK(inbox.try_push(std::move(kept)) == Inbox::Pushed::taken);
  CHECK(inbox.try_push(start()) == Inbox::Pushed::full);
}

TEST_CASE("starts at one go wait for room, and closing ends the wait") {
  Inbox inbox(2);
  std::vector<StartArrival> starts(5);
  std::size_t taken = 0;
  std::jthread pusher([&] { taken = inbox.push_starts(starts); });
  std::size_t seen = 0;
  while (seen < 3) seen += inbox.take(1, {})->arrivals.size();
  inbox.close();
  pusher.join();
  while (const auto rest = inbox.take(10, {})) seen += rest->arrivals.size();
  CHECK(taken == seen);
  CHECK(taken >= 3);
}

TEST_CASE("reports of a channel arrive as what they are, in order") {
  Inbox inbox(1);
  const SagaId id = SagaId::make({}, 1, 2);
  std::vector<ChannelReport> reports;
  reports.emplace_back(Reply{id, {0, Direction::action, 1}, {}, Outcome::success(), 9});
  reports.emplace_back(CommandConfirmed{7, id, {0, Direction::action, 1}});
  reports.emplace_back(CommandSent{id, {1, Direction::action, 1}});
  inbox.push_reports(reports);
  const auto portion = *inbox.take(10, {});
  const auto taken = portion.arrivals;
  REQUIRE(taken.size() == 3);
  CHECK(std::get<ReplyArrival>(taken[0]).reply.receipt == 9);
  CHECK(std::get<ConfirmedArrival>(taken[1]).position == 7);
  CHECK(std::get<SentArrival>(taken[2]).attempt.step == 1);
}

TEST_CASE(
    "who waits for many is content with fewer at a nudge, at the end of patience and at the end") {
  Inbox inbox(10);
  inbox.push(numbered(1));
  SUBCASE("a nudge") {
    inbox.nudge();
    CHECK(numbers(inbox.take(9, {}, 5)->arrivals) == std::vector<std::uint64_t>{1});
    inbox.nudge();
    CHECK(inbox.take(9, {}, 5)->arrivals.empty());
  }
  SUBCASE("patience") {
    CHECK(numbers(inbox.take(9, Duration{1}, 5)->arrivals) == std::vector<std::uint64_t>{1});
  }
  SUBCASE("the end") {
    inbox.close();
    CHECK(numbers(inbox.take(9, {}, 5)->arrivals) == std::vector<std::uint64_t>{1});
    CHECK_FALSE(inbox.take(9, {}, 5));
  }
  SUBCASE("as many come, and wake it") {
    std::thread sender([&inbox] {
      for (std::uint64_t i = 2; i <= 5; ++i) inbox.push(numbered(i));
    });
    CHECK(inbox.take(9, {}, 5)->arrivals.size() == 5);
    sender.join();
  }
}

TEST_CASE("a portion that is kept stays as it was while others are taken") {
  Inbox inbox(10);
  std::vector<Portion> kept;
  for (std::uint64_t i = 1; i <= 8; ++i) {
    inbox.push(numbered(i));
    kept.push_back(*inbox.take(1, {}));
  }
  for (std::uint64_t i = 1; i <= 8; ++i) {
    CHECK(numbers(kept[i - 1].arrivals) == std::vector<std::uint64_t>{i});
  }
}

TEST_CASE("whoever waits awake because answers come fast ends as one who sleeps does") {
  Inbox inbox(10);
  // Answers at once to everything that is taken, so that waits are short.
  constexpr std::uint64_t rounds = 2'000;
  std::atomic<std::uint64_t> taken{0};
  std::jthread answerer([&] {
    for (std::uint64_t n = 0; n < rounds; ++n) {
      while (taken < n) std::this_thread::yield();
      inbox.push(numbered(n));
    }
  });
  for (std::uint64_t n = 0; n < rounds; ++n) {
    CHECK(numbers(inbox.take(10, {})->arrivals) == std::vector<std::uint64_t>{n});
    ++taken;
  }
  answerer.join();
  SUBCASE("by its patience") { CHECK(inbox.take(10, Duration{20})->arrivals.empty()); }
  SUBCASE("by a nudge") {
    std::jthread other([&] { inbox.nudge(); });
    CHECK(inbox.take(10, {})->arrivals.empty());
  }
  SUBCASE("by its close") {
    std::jthread other([&] { inbox.close(); });
    CHECK_FALSE(inbox.take(10, {}));
  }
  SUBCASE("with no fewer than it asked for") {
    std::jthread other([&] {
      for (const std::uint64_t n : {1U, 2U, 3U}) inbox.push(numbered(n));
    });
    CHECK(numbers(inbox.take(10, {}, 3)->arrivals) == std::vector<std::uint64_t>{1, 2, 3});
  }
}

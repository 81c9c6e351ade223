#include "participant_desk.hpp"

#include <doctest/doctest.h>

#include <future>

using namespace skald;

namespace {

Task task(std::uint64_t tag, const std::string& action) {
  Task made;
  made.delivery = {1, tag};
  made.command.command.action = action;
  return made;
}

std::vector<Task> tasks(const std::vector<std::pair<std::uint64_t, std::string>>& wanted) {
  std::vector<Task> made;
  for (const auto& [tag, action] : wanted) made.push_back(task(tag, action));
  return made;
}

std::vector<std::uint64_t> tags(const std::vector<Task>& taken) {
  std::vector<std::uint64_t> found;
  for (const Task& one : taken) found.push_back(one.delivery.tag);
  return found;
}

using Tags = std::vector<std::uint64_t>;

struct AtTheDesk {
  ParticipantDesk desk{[](const Task& t) { return t.command.command.action == "alone"; }, [] {},
                       [] {}};
  std::stop_source stop;
  std::vector<Task> take() { return desk.take_tasks(stop.get_token()); }
};

}  // namespace

TEST_CASE_FIXTURE(AtTheDesk, "what comes during a transaction makes the next one") {
  desk.put_tasks(tasks({{1, "shared"}, {2, "shared"}}));
  const auto first = take();
  CHECK(tags(first) == Tags{1, 2});
  auto second = std::async(std::launch::async, [this] { return take(); });
  desk.put_tasks(tasks({{3, "shared"}}));
  desk.put_tasks(tasks({{4, "shared"}}));
  desk.end_transaction(first);
  const auto taken = second.get();
  CHECK(tags(taken) == Tags{3, 4});
}

TEST_CASE_FIXTURE(AtTheDesk, "work that stands alone does not wait for a transaction") {
  desk.put_tasks(tasks({{1, "shared"}, {2, "alone"}, {3, "shared"}, {4, "alone"}}));
  const auto first = take();
  CHECK_MESSAGE((tags(first) == Tags{1, 3}), "all that can share one transaction");
  const auto second = take();
  CHECK(tags(second) == Tags{2});
  desk.end_transaction(second);
  desk.put_tasks(tasks({{5, "shared"}}));
  CHECK_MESSAGE(tags(take()) == Tags{4}, "the first transaction is not over yet");
  desk.end_transaction(first);
  CHECK(tags(take()) == Tags{5});
}

TEST_CASE_FIXTURE(AtTheDesk, "one who waits for tasks wakes up to stop") {
  auto taken = std::async(std::launch::async, [this] { return take(); });
  stop.request_stop();
  CHECK(taken.get().empty());
}

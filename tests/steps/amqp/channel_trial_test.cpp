#include "channel_trial.hpp"

#include <doctest/doctest.h>

#include "amqp_failure.hpp"

using namespace skald;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// A trial on a clock that is moved by hand.
struct TrialBench {
  TrialBench() { trial.opened(now); }

  // A connection is lost and another is set up.
  void reopen() { trial.opened(now); }
  void pass(milliseconds time) { now += time; }
  // What the check says: `nothing`, or why the channel is given up.
  std::string check(std::optional<milliseconds> owed_for = {}) {
    try {
      const auto owed_since =
          owed_for ? std::optional(now - *owed_for) : std::optional<ChannelTrial::Moment>{};
      wait = trial.check(owed_since, now, "amqp://broker");
      return "nothing";
    } catch (const SuspectChannel& suspect) {
      reported = suspect.reported();
      return suspect.what();
    }
  }
  // Moves the clock, as the refusals go on, until the channel is given up.
  milliseconds refused_for() {
    const auto began = now;
    for (;;) {
      trial.refused(now);
      if (check() != "nothing") return std::chrono::duration_cast<milliseconds>(now - began);
      pass(milliseconds{100});
    }
  }

  ChannelTrial::Moment now{std::chrono::hours{1}};
  ChannelTrial trial{AmqpOptions{}};
  milliseconds wait{0};
  bool reported = false;
};

constexpr const char* refused = "amqp://broker refused a message on a new channel; opening another";
constexpr const char* silent =
    "amqp://broker has confirmed nothing for 2s on a new channel; opening another";

}  // namespace

TEST_CASE_FIXTURE(TrialBench, "the first channel is not on trial") {
  trial.refused(now);
  CHECK(check(seconds{20}) == "nothing");
}

TEST_CASE_FIXTURE(TrialBench, "a channel after a loss that refuses a message is given up at once") {
  reopen();
  CHECK(check() == "nothing");
  trial.confirmed();
  trial.refused(now);
  CHECK(check() == refused);
  CHECK_FALSE(reported);
}

TEST_CASE_FIXTURE(TrialBench,
                  "a channel after a loss that owes a confirm for too long is given up") {
  reopen();
  CHECK(check(milliseconds{1'500}) == "nothing");
  CHECK(wait == milliseconds{500});
  CHECK(check(seconds{2}) == silent);
}

TEST_CASE_FIXTURE(TrialBench, "channels are given up ever less often, and an outage is told once") {
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 9; ++i) {
    reopen();
    waits.push_back(refused_for().count());
    CHECK(reported == (i > 0));
  }
  CHECK(waits ==
        std::vector<std::int64_t>{0, 500, 1'000, 2'000, 4'000, 8'000, 16'000, 30'000, 30'000});
}

TEST_CASE_FIXTURE(TrialBench, "a channel that refuses no more is kept, and has passed in the end") {
  reopen();
  CHECK(refused_for() == milliseconds{0});
  reopen();
  trial.refused(now);
  CHECK(check() == "nothing");
  CHECK(wait == milliseconds{500});
  // The next refusal would come within a second.
  pass(seconds{1});
  trial.confirmed();
  CHECK(check() == "nothing");
  CHECK(wait == seconds{9});
  CHECK_FALSE(trial.outage_ended());
  pass(seconds{9});
  CHECK(check() == "nothing");
  CHECK(trial.outage_ended());
  CHECK_FALSE(trial.outage_ended());
  // From now on a refusal is the queue's own affair, until the next loss.
  trial.refused(now);
  CHECK(check(seconds{20}) == "nothing");
  reopen();
  trial.refused(now);
  CHECK(check() == refused);
  CHECK_FALSE(reported);
}

TEST_CASE_FIXTURE(TrialBench, "a channel on which nothing was published stays on trial") {
  reopen();
  pass(std::chrono::hours{1});
  CHECK(check() == "nothing");
  CHECK_FALSE(trial.outage_ended());
  CHECK(check(seconds{3}) == silent);
}

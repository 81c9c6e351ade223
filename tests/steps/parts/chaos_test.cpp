#include "skald/chaos.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <map>
#include <mutex>

#include "channel_conformance.hpp"
#include "skald/error.hpp"
#include "skald/in_process_channel.hpp"

namespace skald::test {
namespace {

using Kind = RecordingListener::Kind;

constexpr std::uint64_t sagas = 200;

/// Sagas of one command each, through a spoilt in-process channel.
struct Storm {
  explicit Storm(const ChaosOptions& options) : channel(inner, options) {
    inner.handle("inventory", "reserve", [this](const HandlerCall& call) {
      const std::lock_guard lock(mutex);
      ++calls[call.saga()];
      return Outcome::success();
    });
    channel.open("test", listener);
  }
  void send_all() {
    std::vector<Command> commands;
    for (std::uint64_t n = 1; n <= sagas; ++n) {
      commands.push_back(make_command(n, "inventory", "reserve"));
    }
    channel.send(std::move(commands));
    REQUIRE(listener.wait_for(Kind::sent, sagas));
    REQUIRE(listener.wait_for(Kind::confirmed, sagas));
  }
  [[nodiscard]] std::uint64_t called() {
    const std::lock_guard lock(mutex);
    std::uint64_t all = 0;
    for (const auto& [saga, times] : calls) all += times;
    return all;
  }
  [[nodiscard]] std::size_t replies(OutcomeKind kind) {
    std::size_t found = 0;
    for (const auto& entry : listener.entries()) {
      found += entry.kind == Kind::replied && entry.outcome.kind == kind ? 1 : 0;
    }
    return found;
  }

  RecordingListener listener;
  InProcessChannel inner;
  std::mutex mutex;
  std::map<SagaId, std::uint64_t> calls;
  ChaosChannel channel;
};

std::string refusal_of(const char* text) {
  try {
    static_cast<void>(ChaosOptions::parse(text));
  } catch (const Refused& refused) {
    return refused.what();
  }
  return "not refused";
}

TEST_CASE("without rates the chaos channel changes nothing") {
  Storm storm{{}};
  storm.send_all();
  REQUIRE(storm.listener.wait_for(Kind::replied, sagas));
  storm.channel.close();
  CHECK(storm.called() == sagas);
  CHECK(storm.listener.count(Kind::sent) == sagas);
  CHECK(storm.listener.count(Kind::confirmed) == sagas);
  CHECK(storm.replies(OutcomeKind::success) == sagas);
  CHECK(storm.channel.counts().commands == sagas);
}

TEST_CASE("what fails never reaches its participant, and what is lost is never answered") {
  ChaosOptions options;
  options.fail = 0.3;
  options.lose = 0.3;
  Storm storm{options};
  storm.send_all();
  const auto spoilt = [&] {
    const ChaosCounts counts = storm.channel.counts();
    return counts.failed + counts.lost_commands;
  };
  REQUIRE(storm.listener.wait_for(Kind::replied, storm.channel.counts().failed));
  storm.channel.close();
  const ChaosCounts counts = storm.channel.counts();
  CHECK(counts.failed > 30);
  CHECK(counts.failed < 90);
  CHECK(counts.lost_commands > 5);
  CHECK(counts.lost_replies > 5);
  CHECK(storm.called() == sagas - spoilt());
  CHECK(storm.replies(OutcomeKind::failed) == counts.failed);
  CHECK(storm.replies(OutcomeKind::success) == storm.called() - counts.lost_replies);
  CHECK(storm.listener.count(Kind::sent) == sagas);
}

TEST_CASE("commands and replies that come twice are one command to the engine") {
  ChaosOptions options;
  options.duplicate = 1;
  Storm storm{options};
  storm.send_all();
  REQUIRE(storm.listener.wait_for(Kind::replied, 4 * sagas));
  storm.channel.close();
  CHECK(storm.listener.count(Kind::sent) == sagas);
  CHECK(storm.listener.count(Kind::confirmed) == sagas);
  CHECK(storm.channel.counts().repeated_commands == sagas);
  CHECK(storm.channel.counts().repeated_replies == 2 * sagas);
}

TEST_CASE("an unknown answer hides what the participant did") {
  ChaosOptions options;
  options.unknown = 1;
  Storm storm{options};
  storm.send_all();
  REQUIRE(storm.listener.wait_for(Kind::replied, sagas));
  storm.channel.close();
  CHECK(storm.called() == sagas);
  CHECK(storm.replies(OutcomeKind::unknown) == sagas);
}

TEST_CASE("a slow reply comes late, and one that is held back at the close never") {
  ChaosOptions options;
  options.slow = 1;
  SUBCASE("late") {
    options.slow_max = Duration{20};
    Storm storm{options};
    storm.send_all();
    CHECK(storm.listener.wait_for(Kind::replied, sagas));
    CHECK(storm.channel.counts().slowed == sagas);
  }
  SUBCASE("never") {
    options.slow_max = std::chrono::hours{24 * 365};
    Storm storm{options};
    storm.send_all();
    storm.channel.close();
    CHECK(storm.listener.count(Kind::replied) < sagas / 10);
  }
}

TEST_CASE("the same seed spoils the same attempts, another seed others") {
  const auto spoilt_by = [](std::uint64_t seed) {
    ChaosOptions options;
    options.fail = 0.5;
    options.seed = seed;
    Storm storm{options};
    storm.send_all();
    REQUIRE(storm.listener.wait_for(Kind::replied, sagas));
    storm.channel.close();
    std::map<SagaId, OutcomeKind> fates;
    for (const auto& entry : storm.listener.entries()) {
      if (entry.kind == Kind::replied) fates[entry.saga] = entry.outcome.kind;
    }
    return fates;
  };
  const auto first = spoilt_by(7);
  const auto second = spoilt_by(7);
  CHECK(first.size() == sagas);
  CHECK(second.size() == sagas);
  for (const auto& [saga, kind] : first) {
    CAPTURE(saga.to_string());
    CHECK(second.at(saga) == kind);
  }
  CHECK(first != spoilt_by(8));
}

TEST_CASE("chaos is stated in words, and a wrong word is named with its mend") {
  const ChaosOptions options =
      ChaosOptions::parse("fail=0.1,lose=0.05,unknown=1,duplicate=0.5,slow=0.2:3s,seed=7");
  CHECK(options.fail == 0.1);
  CHECK(options.lose == 0.05);
  CHECK(options.slow_max == Duration{3'000});
  CHECK(options.describe() == "fail=0.1,lose=0.05,unknown=1,duplicate=0.5,slow=0.2:3s,seed=7");
  CHECK(ChaosOptions::parse("seed=9").describe() == "seed=9");
  CHECK(refusal_of("fail=2") == "chaos: fail=2: must be a share from 0 to 1, as in 0.05");
  CHECK(refusal_of("fail=nan").find("share") != std::string::npos);
  CHECK(refusal_of("slow=0.1:soon").find("slow=0.1:3s") != std::string::npos);
  CHECK(refusal_of("frail=0.1").find("known are fail") != std::string::npos);
  CHECK(refusal_of("fail=0.1,").find("must be like") != std::string::npos);
  CHECK(refusal_of("seed=-1").find("whole number") != std::string::npos);
}

TEST_CASE("a chaotic handler fails before it acts, or hides that it has acted") {
  int acted = 0;
  const Handler plain = [&acted](const HandlerCall&) {
    ++acted;
    return Outcome::success();
  };
  const Command command = make_command(1, "inventory", "reserve");
  const HandlerCall call(command, {});
  ChaosOptions options;
  CHECK(chaotic(plain, options)(call).kind == OutcomeKind::success);
  options.unknown = 1;
  CHECK(chaotic(plain, options)(call).kind == OutcomeKind::unknown);
  CHECK(acted == 2);
  options.fail = 1;
  CHECK(chaotic(plain, options)(call) == Outcome::failed("CHAOS"));
  CHECK(acted == 2);
}

}  // namespace
}  // namespace skald::test

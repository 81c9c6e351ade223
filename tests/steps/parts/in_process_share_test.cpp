// A participant of the in-process channel holds no more threads than its share.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "channel_conformance.hpp"
#include "skald/error.hpp"
#include "skald/in_process_channel.hpp"

namespace skald::test {
namespace {

using Kind = RecordingListener::Kind;

/// Handlers that hang until it is opened, and how many of them do.
class Gate {
 public:
  ~Gate() { open(); }
  Handler handler() {
    return [this](const HandlerCall&) {
      std::unique_lock lock(mutex_);
      most_ = std::max(most_, ++inside_);
      changed_.notify_all();
      changed_.wait(lock, [this] { return open_; });
      --inside_;
      return Outcome::success();
    };
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void wait_for(std::size_t inside) {
    std::unique_lock lock(mutex_);
    REQUIRE(
        changed_.wait_for(lock, RecordingListener::patience, [&] { return inside_ >= inside; }));
  }
  std::size_t most() {
    const std::lock_guard lock(mutex_);
    return most_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  std::size_t inside_ = 0;
  std::size_t most_ = 0;
};

/// What a channel warns of.
class Warnings {
 public:
  Logger logger() {
    return [this](LogLevel level, std::string_view line) {
      const std::lock_guard lock(mutex_);
      if (level == LogLevel::warning) lines_.emplace_back(line);
      changed_.notify_all();
    };
  }
  /// The first that has this text.
  std::string wait_for(const std::string& text) {
    std::unique_lock lock(mutex_);
    std::string found;
    REQUIRE(changed_.wait_for(lock, RecordingListener::patience, [&] {
      for (const std::string& line : lines_) {
        if (line.find(text) != std::string::npos) found = line;
      }
      return !found.empty();
    }));
    return found;
  }
  std::size_t count(const std::string& text) {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::count_if(
        lines_.begin(), lines_.end(),
        [&](const std::string& line) { return line.find(text) != std::string::npos; }));
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

std::vector<Command> commands(const std::string& participant, std::uint64_t from,
                              std::uint64_t to) {
  std::vector<Command> all;
  for (std::uint64_t n = from; n <= to; ++n) all.push_back(make_command(n, participant, "act"));
  return all;
}

const Handler quick = [](const HandlerCall&) { return Outcome::success(); };

TEST_CASE("handlers of one participant that hang leave a thread to the others") {
  Gate gate;
  RecordingListener listener;
  std::size_t expected = 0;
  InProcessOptions options{.threads = 4};
  SUBCASE("by default all threads but one are its share") { expected = 3; }
  SUBCASE("a share of one for all") {
    options.share = 1;
    expected = 1;
  }
  SUBCASE("a share of its own goes before it") {
    options.share = 1;
    options.shares = {{"hung", 2}};
    expected = 2;
  }
  InProcessChannel channel(options);
  channel.handle("hung", "act", gate.handler());
  channel.handle("quick", "act", quick);
  channel.open("test", listener);
  channel.send(commands("hung", 1, 100));
  gate.wait_for(expected);
  channel.send(commands("quick", 101, 400));
  CHECK(listener.wait_for(Kind::replied, 300));
  CHECK(gate.most() == expected);
  gate.open();
  CHECK(listener.wait_for(Kind::replied, 400));
  CHECK(gate.most() == expected);
  channel.close();
}

TEST_CASE("a participant that is alone, or whose share says so, has all threads") {
  Gate gate;
  RecordingListener listener;
  InProcessChannel channel({.threads = 3});
  channel.handle("hung", "act", gate.handler());
  SUBCASE("alone") {}
  SUBCASE("by its share, cut at what there is") {
    channel.handle("quick", "act", quick);
    channel.share("hung", 100);
  }
  channel.open("test", listener);
  channel.send(commands("hung", 1, 10));
  gate.wait_for(3);
  gate.open();
  CHECK(listener.wait_for(Kind::replied, 10));
  channel.close();
}

TEST_CASE("participants take turns, and each is served in order") {
  Gate gate;
  RecordingListener listener;
  std::vector<std::pair<std::string, std::uint64_t>> order;
  const Handler note = [&order](const HandlerCall& call) {
    order.emplace_back(call.participant(), call.input()["number"].get<std::uint64_t>());
    return Outcome::success();
  };
  InProcessChannel channel({.threads = 1});
  channel.handle("gate", "act", gate.handler());
  for (const char* name : {"a", "b", "c"}) channel.handle(name, "act", note);
  channel.open("test", listener);
  channel.send(commands("gate", 1, 1));
  gate.wait_for(1);
  constexpr std::uint64_t each = 200;
  channel.send(commands("a", 1'001, 1'000 + each));
  channel.send(commands("b", 2'001, 2'000 + each));
  channel.send(commands("c", 3'001, 3'000 + each));
  gate.open();
  REQUIRE(listener.wait_for(Kind::replied, 3 * each + 1));
  channel.close();
  REQUIRE(order.size() == 3 * each);
  std::map<std::string, std::uint64_t> served;
  std::map<std::string, std::uint64_t> last;
  for (const auto& [name, number] : order) {
    CHECK(number > last[name]);
    last[name] = number;
    ++served[name];
    const auto [fewest, most] = std::minmax({served["a"], served["b"], served["c"]});
    if (most < each) CHECK(most - fewest <= 16);
  }
}

// The thread that hangs had taken more than one command at a time.
TEST_CASE("commands behind a handler that hangs do not wait for a moment without other work") {
  Gate gate;
  Gate start;
  RecordingListener listener;
  constexpr std::uint64_t last = 200;
  constexpr std::uint64_t fed_max = 500'000;
  std::atomic<std::uint64_t> fed{last};
  std::atomic<std::uint64_t> early{0};
  InProcessChannel channel({.threads = 2, .shares = {{"gate", 2}, {"p", 2}}});
  channel.handle("gate", "act", start.handler());
  channel.handle("p", "act", [&](const HandlerCall& call) {
    const auto number = call.input()["number"].get<std::uint64_t>();
    if (number == 1) return gate.handler()(call);
    if (number <= last) ++early;
    // The other thread only: there is always something else to do.
    if (early < last - 1 && fed < fed_max) channel.send(commands("p", fed + 1, fed + 1));
    ++fed;
    return Outcome::success();
  });
  channel.open("test", listener);
  channel.send(commands("gate", 1'000'001, 1'000'002));
  start.wait_for(2);
  channel.send(commands("p", 1, last));
  start.open();
  gate.wait_for(1);
  REQUIRE(listener.wait_for(Kind::replied, last + 1));
  while (early < last - 1 && fed < fed_max) std::this_thread::yield();
  CHECK(early == last - 1);
  CHECK(fed < fed_max);
  gate.open();
  channel.close();
}

TEST_CASE("only a participant that hangs has no room") {
  Gate gate;
  RecordingListener listener;
  InProcessChannel channel({.threads = 2, .queue_limit = 8});
  channel.handle("hung", "act", gate.handler());
  channel.handle("quick", "act", quick);
  channel.open("test", listener);
  channel.send(commands("hung", 1, 1));
  gate.wait_for(1);
  channel.send(commands("hung", 2, 9));
  CHECK_FALSE(channel.has_room("hung"));
  CHECK(channel.has_room("quick"));
  channel.send(commands("quick", 101, 107));
  CHECK(listener.wait_for(Kind::replied, 7));
  CHECK(channel.has_room("quick"));
  CHECK_FALSE(channel.has_room("hung"));
  SUBCASE("until half of its commands are gone") {
    gate.open();
    CHECK(listener.wait_for(Kind::room, 1));
    CHECK(listener.wait_for(Kind::replied, 16));
  }
  SUBCASE("until they are withdrawn") {
    for (const Command& command : commands("hung", 2, 9)) {
      channel.withdraw(command.id.saga, command.attempt);
    }
    CHECK(listener.wait_for(Kind::room, 1));
    gate.open();
    CHECK(listener.wait_for(Kind::replied, 8));
  }
  CHECK(channel.has_room("hung"));
  channel.close();
}

TEST_CASE("a retry finds the run that hangs although its participant's share is used up") {
  Gate gate;
  RecordingListener listener;
  InProcessChannel channel({.threads = 2});
  channel.handle("hung", "act", gate.handler());
  channel.handle("quick", "act", quick);
  channel.open("test", listener);
  const Command first = make_command(1, "hung", "act", 1);
  const Command second = make_command(1, "hung", "act", 2);
  channel.send({first});
  gate.wait_for(1);
  channel.send({second});
  CHECK(listener.wait_for(Kind::sent, 2));  // Its time runs.
  gate.open();
  CHECK(listener.reply_to(first).kind == OutcomeKind::success);
  CHECK(listener.reply_to(second).kind == OutcomeKind::success);
  channel.close();
  CHECK(gate.most() == 1);
}

TEST_CASE("a share that hangs is told of, once for each participant") {
  Gate gate;
  RecordingListener listener;
  Warnings warnings;
  InProcessChannel channel(
      {.threads = 3, .share = 1, .hung_after = Duration{1}, .log = warnings.logger()});
  channel.handle("payments", "refund", gate.handler());
  channel.handle("stock", "reserve", gate.handler());
  channel.handle("quick", "act", quick);
  channel.open("test", listener);
  channel.send({make_command(1, "payments", "refund"), make_command(2, "payments", "refund")});
  const std::string line = warnings.wait_for("payments");
  CHECK(line.find("participant payments: all 1 thread of its share is in handlers that do not "
                  "return (refund for ") == 0);
  CHECK(line.find("and 1 commands wait") != std::string::npos);
  CHECK(line.find("InProcessOptions") != std::string::npos);
  channel.send({make_command(3, "stock", "reserve")});
  static_cast<void>(warnings.wait_for("participant stock"));
  CHECK(warnings.count("participant payments") == 1);
  gate.open();
  channel.close();
}

TEST_CASE("a share that can never work is refused, with what to do") {
  RecordingListener listener;
  InProcessChannel channel({.threads = 2});
  channel.handle("payments", "refund", quick);
  CHECK_THROWS_WITH_AS(channel.share("payments", 0),
                       "the share of payments is 0 threads, and its commands would never run: give "
                       "it 1 or more",
                       ChannelError);
  channel.share("payment", 1);
  CHECK_THROWS_WITH_AS(channel.open("test", listener),
                       doctest::Contains("participant payment has a share of the threads and no "
                                         "handler: register one, or mend the name"),
                       ChannelError);
  InProcessChannel another({.threads = 2, .shares = {{"payments", 0}}});
  CHECK_THROWS_AS(another.open("test", listener), ChannelError);
  InProcessChannel third({.threads = 2});
  third.handle("payments", "refund", quick);
  third.open("test", listener);
  CHECK_THROWS_WITH_AS(third.share("payments", 1), doctest::Contains("the channel is open"),
                       ChannelError);
  third.close();
}

// Seconds for so many participants with 20 commands each.
double time_for(std::size_t participants) {
  constexpr std::uint64_t each = 20;
  Gate gate;
  RecordingListener listener;
  InProcessChannel channel({.threads = 2, .share = 1});
  channel.handle("gate", "act", gate.handler());
  channel.handle("gate-2", "act", gate.handler());
  for (std::size_t p = 0; p < participants; ++p) channel.handle(std::to_string(p), "act", quick);
  channel.open("test", listener);
  channel.send({make_command(1, "gate", "act"), make_command(2, "gate-2", "act")});
  gate.wait_for(2);
  const auto began = std::chrono::steady_clock::now();
  std::vector<Command> all;
  for (std::uint64_t n = 0; n < each * participants; ++n) {
    all.push_back(make_command(10 + n, std::to_string(n % participants), "act"));
  }
  channel.send(all);
  gate.open();
  REQUIRE(listener.wait_for(Kind::replied, all.size() + 2));
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - began;
  channel.close();
  return taken.count();
}

TEST_CASE("a thousand participants cost no more for each command than a hundred") {
  double few = 1e9;
  double many = 1e9;
  for (int i = 0; i < 3; ++i) few = std::min(few, time_for(100));
  for (int i = 0; i < 3; ++i) many = std::min(many, time_for(1'000));
  MESSAGE("100 participants: ", few, " s, 1,000: ", many, " s");
  CHECK(many < few * 40);  // Ten times as many commands; a hundred if it were quadratic.
}

}  // namespace
}  // namespace skald::test

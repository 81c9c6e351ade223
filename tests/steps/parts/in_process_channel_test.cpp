#include "skald/in_process_channel.hpp"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <latch>
#include <nlohmann/json.hpp>
#include <thread>

#include "channel_conformance.hpp"
#include "skald/error.hpp"

namespace skald::test {
namespace {

using Kind = RecordingListener::Kind;
constexpr std::size_t threads = 2;

// Held: every thread of the pool sits in a handler of its own participant.
class InProcessFixture final : public ChannelFixture {
 public:
  InProcessFixture() {
    channel_.share("gate", threads);
    channel_.handle("gate", "keep", [this](const HandlerCall&) {
      kept_.count_down();
      open_.wait(false);
      return Outcome::success();
    });
  }
  ~InProcessFixture() override { release(); }
  Channel& channel() override { return channel_; }
  void handle(const std::string& participant, const std::string& action, Handler handler) override {
    channel_.handle(participant, action, std::move(handler));
  }
  void open(ChannelListener& listener) override { channel_.open("test", listener); }
  void open_held(ChannelListener& listener) override {
    channel_.open("test", quiet_gate_.behind(listener));
    channel_.send(
        {make_command(1'000'001, "gate", "keep"), make_command(1'000'002, "gate", "keep")});
    kept_.wait();
  }
  void release() override {
    open_ = true;
    open_.notify_all();
  }
  std::size_t queue_limit() const override { return 8; }

 private:
  // Keeps the gate's own commands out of what the suite sees.
  class WithoutGate final : public ChannelListener {
   public:
    ChannelListener& behind(ChannelListener& listener) {
      listener_ = &listener;
      return *this;
    }
    void sent(const SagaId& saga, const AttemptRef& attempt) override {
      if (!is_gate(saga)) listener_->sent(saga, attempt);
    }
    void confirmed(Position position, const SagaId& saga, const AttemptRef& attempt) override {
      if (!is_gate(saga)) listener_->confirmed(position, saga, attempt);
    }
    void replied(Reply reply) override {
      if (!is_gate(reply.saga)) listener_->replied(std::move(reply));
    }
    void unusable(QuarantinedMessage message, std::uint64_t receipt) override {
      listener_->unusable(std::move(message), receipt);
    }
    void room() override { listener_->room(); }

   private:
    static bool is_gate(const SagaId& saga) {
      return saga == make_command(1'000'001, "", "").id.saga ||
             saga == make_command(1'000'002, "", "").id.saga;
    }
    ChannelListener* listener_ = nullptr;
  };

  std::latch kept_{threads};
  std::atomic<bool> open_{false};
  WithoutGate quiet_gate_;
  InProcessChannel channel_{{.threads = threads, .queue_limit = 8}};
};

TEST_CASE("the in-process channel is a channel") {
  check_channel_conformance([] { return std::make_unique<InProcessFixture>(); });
}

TEST_CASE("a retry is answered by the run it found under way") {
  std::atomic<int> runs{0};
  std::atomic<bool> proceed{false};
  RecordingListener listener;
  InProcessChannel channel({.threads = threads});
  channel.handle("payment", "charge", [&](const HandlerCall&) {
    proceed.wait(false);
    return Outcome::success({{"run", ++runs}});
  });
  channel.open("test", listener);
  const Command first = make_command(1, "payment", "charge", 1);
  const Command second = make_command(1, "payment", "charge", 2);
  channel.send({first});
  REQUIRE(listener.wait_for(Kind::sent, 1));
  channel.send({second});
  REQUIRE(listener.wait_for(Kind::sent, 2));
  // The one free thread answers this only after the second attempt has joined the first.
  const Command probe = make_command(2, "payment", "other", 1);
  channel.send({probe});
  CHECK(listener.reply_to(probe).error.code == "UNKNOWN_ACTION");
  proceed = true;
  proceed.notify_all();
  CHECK(listener.reply_to(first).output.value()["run"] == 1);
  CHECK(listener.reply_to(second).output.value()["run"] == 1);
  channel.close();
  CHECK(runs == 1);
}

TEST_CASE("a handler is told to stop when its attempt is withdrawn, and only then") {
  RecordingListener listener;
  InProcessChannel channel({.threads = threads});
  channel.handle("payment", "charge", [](const HandlerCall& call) {
    std::atomic<bool> stopped{false};
    const std::stop_callback wake(call.stop(), [&] {
      stopped = true;
      stopped.notify_all();
    });
    stopped.wait(false);
    return Outcome::unknown("STOPPED");
  });
  channel.handle("payment", "look", [](const HandlerCall& call) {
    return Outcome::success({{"stopped", call.stop().stop_requested()}});
  });
  channel.open("test", listener);
  const Command command = make_command(1, "payment", "charge");
  channel.send({command});
  REQUIRE(listener.wait_for(Kind::sent, 1));
  channel.withdraw(command.id.saga, command.attempt);
  CHECK(listener.reply_to(command).error.code == "STOPPED");
  for (std::uint64_t n = 2; n < 10; ++n) {
    const Command next = make_command(n, "payment", "look");
    channel.send({next});
    CHECK(listener.reply_to(next).output.value()["stopped"] == false);
  }
  channel.close();
}

TEST_CASE("close asks handlers to stop, waits for them, and drops what is queued") {
  std::atomic<int> calls{0};
  RecordingListener listener;
  InProcessChannel channel({.threads = threads});
  channel.handle("payment", "charge", [&](const HandlerCall& call) {
    ++calls;
    std::atomic<bool> stopped{false};
    const std::stop_callback wake(call.stop(), [&] {
      stopped = true;
      stopped.notify_all();
    });
    stopped.wait(false);
    return Outcome::unknown("STOPPED");
  });
  channel.open("test", listener);
  std::vector<Command> commands;
  for (std::uint64_t n = 1; n <= 50; ++n) commands.push_back(make_command(n, "payment", "charge"));
  channel.send(std::move(commands));
  REQUIRE(listener.wait_for(Kind::sent, threads));
  channel.close();
  CHECK(calls == threads);
  CHECK(listener.count(Kind::replied) == threads);
  CHECK(listener.count(Kind::confirmed) == threads);

  SUBCASE("and the channel can be opened again") {
    const Command again = make_command(3, "payment", "unheard-of");
    channel.open("test", listener);
    channel.send({again});
    CHECK(listener.reply_to(again).error.code == "UNKNOWN_ACTION");
    channel.close();
  }
}

TEST_CASE("a slow handler holds up nobody while a thread is free") {
  std::atomic<bool> proceed{false};
  RecordingListener listener;
  InProcessChannel channel({.threads = threads});
  channel.handle("slow", "act", [&](const HandlerCall&) {
    proceed.wait(false);
    return Outcome::success();
  });
  channel.handle("quick", "act", [](const HandlerCall&) { return Outcome::success(); });
  channel.open("test", listener);
  std::vector<Command> commands{make_command(1, "slow", "act")};
  for (std::uint64_t n = 2; n <= 300; ++n) commands.push_back(make_command(n, "quick", "act"));
  channel.send(std::move(commands));
  CHECK(listener.wait_for(Kind::replied, 299));
  proceed = true;
  proceed.notify_all();
  CHECK(listener.wait_for(Kind::replied, 300));
  channel.close();
}

TEST_CASE("handlers are registered once, and before the engine starts") {
  RecordingListener listener;
  InProcessChannel channel;
  const auto nothing = [](const HandlerCall&) { return Outcome::success(); };
  channel.handle("payment", "charge", nothing);
  CHECK_THROWS_AS(channel.handle("payment", "charge", nothing), ChannelError);
  channel.open("test", listener);
  CHECK_THROWS_AS(channel.handle("payment", "refund", nothing), ChannelError);
  CHECK_THROWS_AS(channel.open("test", listener), ChannelError);
  channel.close();
}

// Many keys, each with several attempts, withdrawals in between: whatever the threads do, one run
// per key at a time, and every attempt that was not withdrawn is answered once.
TEST_CASE("under pressure every attempt is answered once and keys never overlap") {
  constexpr std::uint64_t keys = 64;
  constexpr std::uint32_t attempts = 60;
  std::array<std::atomic<int>, keys + 1> running{};
  std::atomic<int> overlaps{0};
  RecordingListener listener;
  InProcessChannel channel({.threads = 4, .queue_limit = 100'000});
  channel.handle("payment", "charge", [&](const HandlerCall& call) {
    auto& mine = running[call.input()["number"].get<std::size_t>()];
    if (++mine != 1) ++overlaps;
    std::this_thread::yield();
    --mine;
    return Outcome::success();
  });
  channel.open("test", listener);
  std::size_t sent = 0;
  for (std::uint32_t attempt = 1; attempt <= attempts; ++attempt) {
    std::vector<Command> commands;
    for (std::uint64_t n = 1; n <= keys; ++n) {
      commands.push_back(make_command(n, "payment", "charge", attempt));
    }
    const Command withdrawn = commands[attempt % keys];
    sent += commands.size();
    channel.send(std::move(commands));
    channel.withdraw(withdrawn.id.saga, withdrawn.attempt);
  }
  REQUIRE(listener.wait_for(Kind::confirmed, sent - attempts));
  channel.close();
  CHECK(overlaps == 0);
  CHECK(listener.count(Kind::replied) == listener.count(Kind::confirmed));
  CHECK(listener.count(Kind::sent) >= listener.count(Kind::replied));
}

}  // namespace
}  // namespace skald::test

// RabbitMQ 3.10 can leave a channel that was opened after a loss without confirms. A proxy does the
// same: what happens to commands then.
#include <doctest/doctest.h>

#include <atomic>
#include <set>

#include "amqp_bench.hpp"
#include "confirm_thief.hpp"
#include "log_lines.hpp"

using namespace skald;
using namespace skald::test;

namespace {

struct SuspectBench {
  AmqpOptions through_proxy() const {
    AmqpOptions options = direct;
    options.host = "127.0.0.1";
    options.port = thief.port();
    // Longer than a test waits: what is found must be found by the trial.
    options.confirm_timeout = Duration{120'000};
    options.trial_confirm_timeout = Duration{300};
    return options;
  }
  void send(std::uint64_t first, std::uint64_t last) {
    std::vector<Command> commands;
    for (; first <= last; ++first) commands.push_back(command_for(first, "inventory"));
    channel.send(std::move(commands));
  }
  void await_confirms(std::size_t count) {
    notes.await([count](const auto& page) { return page.confirmed.size() >= count; },
                "a confirm of each");
  }
  // The second channel and the third behave so, and the fourth well.
  void check(ConfirmThief::Mode mode, const char* reason) {
    channel.open("engine-a", notes);
    Participant inventory(direct, "inventory");
    send(1, 20);
    await_confirms(20);
    thief.spoil(2, 3, mode);
    thief.proxy().cut();
    send(21, 60);
    await_confirms(60);
    CHECK(log.count(reason, LogLevel::warning) == 1);
    CHECK(log.count(reason) == 2);
    CHECK(thief.channels() == 4);
    CHECK(thief.spoilt() > 0);
    // Each is confirmed once, and has come at least once.
    const auto page = notes.page();
    CHECK(std::set<Position>(page.confirmed.begin(), page.confirmed.end()).size() == 60);
    CHECK(page.confirmed.size() == 60);
    std::set<std::string> came;
    while (came.size() < 60) {
      const Delivered command = inventory.receive();
      inventory.connection.ack(command.tag, false);
      came.insert(command.message.properties.message_id);
    }
  }

  AmqpOptions direct = Broker::shared().options(unique_prefix());
  ConfirmThief thief{direct.port};
  LogLines log;
  Notes notes;
  AmqpChannel channel{through_proxy(), log.logger()};
};

}  // namespace

TEST_CASE_FIXTURE(SuspectBench,
                  "a channel that refuses commands after a reconnect is opened anew") {
  check(ConfirmThief::Mode::refuse, "refused a message on a new channel");
}

TEST_CASE_FIXTURE(SuspectBench,
                  "a channel that confirms no command after a reconnect is opened anew") {
  check(ConfirmThief::Mode::swallow, "has confirmed nothing for 300ms on a new channel");
}

#include "skald/amqp_queues.hpp"

#include <doctest/doctest.h>

#include <thread>

#include "amqp_bench.hpp"

using namespace skald;
using namespace skald::test;

TEST_CASE("the queues of participants are counted, and those that are missing left out") {
  const AmqpOptions options = Broker::shared().options(unique_prefix());
  Notes notes;
  AmqpChannel channel(options);
  channel.open("engine-a", notes);
  {
    const Participant inventory(options, "inventory");
    const auto queues = command_queues(options, {"nobody", "inventory", "nowhere"});
    REQUIRE(queues.size() == 1);
    CHECK(queues.at("inventory").consumers == 1);
    CHECK(queues.at("inventory").messages == 0);
  }
  channel.send({command_for(1, "inventory"), command_for(2, "inventory")});
  notes.await([](const auto& page) { return page.confirmed.size() == 2; }, "two confirms");
  // The broker's counts lag behind a little.
  const auto until = std::chrono::steady_clock::now() + patience;
  QueueState seen;
  while ((seen.messages != 2 || seen.consumers != 0) && std::chrono::steady_clock::now() < until) {
    seen = command_queues(options, {"inventory"}).at("inventory");
    std::this_thread::yield();
  }
  CHECK(seen.messages == 2);
  CHECK(seen.consumers == 0);
}

TEST_CASE("a broker that is away cannot be asked for queues") {
  AmqpOptions options = Broker::shared().options(unique_prefix());
  options.port = 1;
  CHECK_THROWS_AS(static_cast<void>(command_queues(options, {"inventory"})), ChannelError);
}

#include <doctest/doctest.h>

#include "amqp_bench.hpp"

using namespace skald;
using namespace skald::test;

namespace {

std::string refusal_of(const AmqpOptions& options) {
  Notes notes;
  AmqpChannel channel(options, [](LogLevel, std::string_view) {});
  try {
    channel.open("engine-a", notes);
  } catch (const ChannelError& error) {
    return error.what();
  }
  return "not refused";
}

bool says(const std::string& sentence, const char* part) {
  return sentence.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a refused login is said at once, without the password") {
  AmqpOptions options = Broker::shared().options(unique_prefix());
  options.password = "s3cret-not-it";
  const std::string sentence = refusal_of(options);
  INFO(sentence);
  CHECK(says(sentence, "refused logging in"));
  CHECK(says(sentence, "check the user and the password"));
  CHECK_FALSE(says(sentence, "s3cret"));
}

TEST_CASE("a vhost that is not there is said at once") {
  AmqpOptions options = Broker::shared().options(unique_prefix());
  options.vhost = "no-such-place";
  const std::string sentence = refusal_of(options);
  INFO(sentence);
  CHECK(says(sentence, "no-such-place"));
  CHECK(says(sentence, "check the vhost"));
}

TEST_CASE("queues that exist with other arguments are named") {
  AmqpOptions options = Broker::shared().options(unique_prefix());
  CHECK(refusal_of(options) == "not refused");
  options.queue_type = QueueType::classic;
  const std::string sentence = refusal_of(options);
  INFO(sentence);
  CHECK(says(sentence, (options.prefix + ".dead").c_str()));
  CHECK(says(sentence, "x-queue-type"));
  CHECK(says(sentence, "the queue type that it was made with"));
}

TEST_CASE("classic queues do when both sides want them") {
  AmqpOptions options = Broker::shared().options(unique_prefix());
  options.queue_type = QueueType::classic;
  Notes notes;
  AmqpChannel channel(options);
  channel.open("engine-a", notes);
  Participant inventory(options, "inventory");
  channel.send({command_for(1, "inventory")});
  inventory.answer(inventory.receive(), Outcome::success());
  notes.await([](const auto& page) { return !page.replies.empty(); }, "the reply");
}

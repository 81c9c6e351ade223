#include "engine_rabbitmq.hpp"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "child.hpp"
#include "engine_inside.hpp"
#include "raw_rabbitmq.hpp"
#include "skald/amqp_channel.hpp"
#include "skald/amqp_queues.hpp"
#include "skald/participant_amqp.hpp"

namespace skald::bench {
namespace {

constexpr int steps = 6;
constexpr std::uint16_t kit_prefetch = 256;

AmqpOptions options_of(const std::string& url, const std::string& prefix) {
  AmqpOptions options = AmqpOptions::parse(url);
  options.prefix = prefix;
  return options;
}

std::vector<std::string> participant_arguments(const Setting& setting, Answerer answerer,
                                               const std::string& prefix) {
  return {"--participant", answerer == Answerer::bare ? "bare" : "kit",
          "--rabbitmq",    setting.rabbitmq,
          "--prefix",      prefix,
          "--directory",   setting.directory,
          "--queue",       to_string(QueueKind::quorum)};
}

// A command that came earlier would come back, and its retry would wait for longer than is
// measured.
void say_ready_once_served(const AmqpOptions& amqp) {
  constexpr int looks = 1'000;
  for (int i = 0; i < looks; ++i) {
    const auto queues = command_queues(amqp, {participant_name});
    const auto ours = queues.find(participant_name);
    if (ours != queues.end() && ours->second.consumers > 0) return say_ready();
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
}

}  // namespace

Row engine_rabbitmq(const Setting& setting, Answerer answerer, int in_flight) {
  const auto samples = setting.repeat([&] {
    const std::string prefix = fresh_prefix();
    const Child participant(participant_arguments(setting, answerer, prefix));
    AmqpChannel channel(options_of(setting.rabbitmq, prefix));
    return closed_loop(setting, channel, steps, in_flight);
  });
  const char* who = answerer == Answerer::bare ? "bare participant" : "participant kit";
  return make_row(fmt::format("engine over RabbitMQ, {} steps, {}", steps, who), "sagas", steps,
                  samples, raw_rabbitmq_name(QueueKind::quorum, 512));
}

Row engine_rabbitmq_alone(const Setting& setting) {
  const auto samples = setting.repeat([&] {
    const std::string prefix = fresh_prefix();
    const Child participant(participant_arguments(setting, Answerer::bare, prefix));
    AmqpChannel channel(options_of(setting.rabbitmq, prefix));
    return one_at_a_time(setting, channel, steps);
  });
  return make_row(fmt::format("engine over RabbitMQ, {} steps, one saga alone", steps), "sagas",
                  steps, samples, raw_rabbitmq_name(QueueKind::quorum, 1));
}

void kit_participant(const std::string& url, const std::string& prefix,
                     const std::string& directory) {
  Participant participant(participant_name, directory + "/" + prefix + ".db");
  for (const char* action : {"act", "undo"}) {
    participant.handle(action, [](const HandlerCall&, sqlite3*) { return Outcome::success(); });
  }
  const AmqpOptions amqp = options_of(url, prefix);
  const std::jthread herald([&amqp] { say_ready_once_served(amqp); });
  ServeOptions options;
  options.prefetch = kit_prefetch;
  serve_over_amqp(participant, amqp, std::stop_token{}, options);
}

}  // namespace skald::bench

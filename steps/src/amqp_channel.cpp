#include "skald/amqp_channel.hpp"

#include <fmt/format.h>

#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <stop_token>
#include <thread>

#include "amqp_consumer.hpp"
#include "amqp_publisher.hpp"

namespace skald {

namespace {

// How long a broker is given to take note of the end.
constexpr std::chrono::milliseconds goodbye_limit{800};
// How often the watchdog looks while the time passes that a call may be blocked for.
constexpr int looks_per_limit = 16;

std::chrono::milliseconds left_until(std::chrono::steady_clock::time_point deadline) {
  return std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
}

void log_to_stderr(LogLevel level, std::string_view line) {
  if (level < LogLevel::warning) return;
  fmt::print(stderr, "skald: {}: {}\n", level == LogLevel::error ? "error" : "warning", line);
}

}  // namespace

class AmqpChannel::Running {
 public:
  Running(const AmqpOptions& options, const std::string& engine, ChannelListener& listener,
          const Logger& log)
      : publisher(options, engine, listener, log,
                  [this](Forward dead, const std::optional<UnusableMessage>& problem) {
                    consumer.forwarded(std::move(dead), problem);
                  }),
        consumer(options, engine, listener, log, publisher),
        log_(log),
        blocked_limit_(2 * options.heartbeat) {}

  ~Running() { stop(); }

  // The sentence of the broker's refusal, if it refuses before `deadline`.
  std::optional<std::string> start(std::chrono::steady_clock::time_point deadline) {
    watchdog_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
    // One after the other: the broker fails when two connections declare a new queue at once.
    consumer.start();
    auto refusal = consumer.session().first_refusal(left_until(deadline));
    if (refusal) return refusal;
    publisher.start();
    return publisher.session().first_refusal(left_until(deadline));
  }

  void stop() {
    consumer.session().ask_to_stop();
    publisher.session().ask_to_stop();
    const auto deadline = std::chrono::steady_clock::now() + goodbye_limit;
    publisher.session().stop(deadline);
    consumer.session().stop(deadline);
    watchdog_ = {};
  }

  AmqpPublisher publisher;
  AmqpConsumer consumer;

 private:
  // Cuts off a connection whose thread is stuck in a call: the broker has stopped reading.
  void watch(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    const auto interval = blocked_limit_ / looks_per_limit;
    while (!stopped.wait_for(lock, stop, interval, [&] { return stop.stop_requested(); })) {
      for (AmqpSession* session : {&publisher.session(), &consumer.session()}) {
        // By the next look the limit would have passed.
        if (session->guard().cut_if_blocked(blocked_limit_ - interval)) {
          log_(LogLevel::warning, "cut the connection off: the broker reads nothing any more");
        }
      }
    }
  }

  const Logger& log_;
  const std::chrono::milliseconds blocked_limit_;
  std::jthread watchdog_;
};

AmqpChannel::AmqpChannel(AmqpOptions options, Logger log)
    : options_(std::move(options)), log_(log ? std::move(log) : Logger(log_to_stderr)) {}

AmqpChannel::~AmqpChannel() { close(); }

void AmqpChannel::open(const std::string& engine_id, ChannelListener& listener) {
  engine_id_ = engine_id;
  running_ = std::make_unique<Running>(options_, engine_id, listener, log_);
  const auto deadline = std::chrono::steady_clock::now() + options_.connect_timeout;
  try {
    if (const auto refusal = running_->start(deadline)) throw ChannelError(*refusal);
  } catch (...) {  // Thrown on.
    close();       // No thread of it may call the listener of an open() that failed.
    throw;
  }
}

void AmqpChannel::send(std::vector<Command> commands) {
  running_->publisher.send(std::move(commands));
}

void AmqpChannel::withdraw(const SagaId& saga, const AttemptRef& attempt) {
  running_->publisher.withdraw(saga, attempt);
}

void AmqpChannel::receipt(const std::vector<std::uint64_t>& receipts) {
  running_->consumer.receipt(receipts);
}

bool AmqpChannel::has_room(const std::string&) const { return running_->publisher.has_room(); }

bool AmqpChannel::caught_up() const { return running_ && running_->consumer.caught_up(); }

Reconsidered AmqpChannel::reconsider(const QuarantinedMessage& message) const {
  return reconsider_message(message, engine_id_, options_.limits);
}

void AmqpChannel::close() {
  if (running_) running_->stop();
}

}  // namespace skald

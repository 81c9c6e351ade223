#include "amqp_consumer.hpp"

#include <fmt/format.h>

#include <utility>

#include "amqp_failure.hpp"
#include "skald/crash_point.hpp"
#include "skald/text.hpp"

namespace skald {

namespace {

constexpr const char* reply_consumer = "replies";
constexpr const char* dead_consumer = "dead";
// Dead commands of other engines that may be under way at once.
constexpr std::uint16_t dead_prefetch = 64;
// Deliveries between two rounds of acknowledgements.
constexpr int delivery_burst = 256;

// A receipt is the number of the connection, from 1, and below it the delivery tag.
constexpr int tag_bits = 40;
constexpr std::uint64_t tag_mask = (std::uint64_t{1} << tag_bits) - 1;

// Why a dead letter that says it is of this engine goes to nobody; nothing when it can.
std::optional<UnusableMessage> unforwardable(const WireMessage& message,
                                             const std::string& engine) {
  if (engine.empty()) {
    return UnusableMessage{"BAD_HEADERS", "a dead letter that no engine of Skald sent"};
  }
  if (const auto problem = name_problem(engine)) {
    return UnusableMessage{"BAD_HEADERS", fmt::format("the engine in app_id {}", *problem)};
  }
  if (message.headers_left_out > 0) {
    return UnusableMessage{
        "TOO_LARGE",
        fmt::format("a dead letter of engine '{}' with {} headers, more than are read",
                    escape_controls(engine), message.headers.size() + message.headers_left_out)};
  }
  return std::nullopt;
}

}  // namespace

AmqpConsumer::AmqpConsumer(const AmqpOptions& options, const std::string& engine,
                           ChannelListener& listener, const Logger& log, AmqpPublisher& publisher)
    : options_(options),
      topology_(options),
      engine_(engine),
      listener_(listener),
      log_(log),
      publisher_(publisher),
      session_(options, "replies to " + engine, log) {}

void AmqpConsumer::start() {
  session_.start([this](AmqpConnection& connection) { work(connection); });
}

void AmqpConsumer::receipt(const std::vector<std::uint64_t>& receipts) {
  {
    const std::lock_guard lock(mutex_);
    receipts_.insert(receipts_.end(), receipts.begin(), receipts.end());
  }
  session_.wake();
}

void AmqpConsumer::forwarded(Forward dead, const std::optional<UnusableMessage>& problem) {
  if (problem) {
    pass_on_unusable(*problem, dead.message, dead.receipt);
  } else {
    receipt({dead.receipt});
  }
}

void AmqpConsumer::work(AmqpConnection& connection) {
  ++connection_number_;
  book_ = AckBook{};
  const auto queue = topology_.declare_for_engine(connection, engine_);
  backlog_ = queue.waiting;
  if (queue.limits_deliveries) warn_of_delivery_limit();
  connection.consume(topology_.reply_queue(engine_), reply_consumer, options_.prefetch);
  connection.consume(topology_.dead(), dead_consumer, dead_prefetch);
  session_.set_up();
  if (backlog_ == 0) count_down_backlog();
  try {
    serve(connection);
  } catch (const UnreadableDelivery& unreadable) {
    // Kept and rejected at one go: no receipt could come back over this connection.
    pass_on_unusable({"BAD_HEADERS", unreadable.what()}, {}, 0);
    connection.reject_and_hang_up(unreadable.tag());
    throw;
  }
}

// Once: a policy, which is the cure, cannot be seen from here.
void AmqpConsumer::warn_of_delivery_limit() {
  if (std::exchange(warned_of_limit_, true)) return;
  log_(LogLevel::warning,
       fmt::format("the queue '{0}' was made by RabbitMQ 3, and RabbitMQ 4 drops from it what was "
                   "delivered 20 times in vain; unless a policy sets its delivery-limit to -1 "
                   "already, set one (docs/wire.md, \"RabbitMQ 4\")",
                   topology_.reply_queue(engine_)));
}

void AmqpConsumer::serve(AmqpConnection& connection) {
  for (;;) {
    session_.clear_wake();
    const bool stopping = session_.stopping();
    const bool more = !stopping && take(connection);
    acknowledge(connection);
    if (stopping) return;
    if (!more) session_.wait(connection, no_hurry);
  }
}

// What is overdue waits for the replies that queued up while no engine ran.
void AmqpConsumer::count_down_backlog() {
  if (caught_up_) return;
  if (backlog_ > 0) --backlog_;
  if (backlog_ > 0) return;
  caught_up_ = true;
  listener_.caught_up();
}

// True when there may be more.
bool AmqpConsumer::take(AmqpConnection& connection) {
  for (int taken = 0; taken < delivery_burst; ++taken) {
    auto event = connection.next();
    if (!event) return false;
    auto* delivered = std::get_if<Delivered>(&*event);
    if (delivered == nullptr) continue;
    book_.delivered(delivered->tag);
    const std::uint64_t receipt = (connection_number_ << tag_bits) | delivered->tag;
    take_delivery(*delivered, receipt);
  }
  return true;
}

// One message's trouble is its own: whatever goes wrong with it, the next one is taken.
void AmqpConsumer::take_delivery(Delivered& delivered, std::uint64_t receipt) {
  const bool is_reply = delivered.consumer == reply_consumer;
  try {
    if (is_reply) {
      take_reply(delivered, receipt);
    } else {
      take_dead_command(delivered, receipt);
    }
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    pass_on_unusable({"INTERNAL", fmt::format("reading it failed: {}; please report this with "
                                              "what is kept of it",
                                              error.what())},
                     delivered.message, receipt);
  }
  if (is_reply) count_down_backlog();
}

void AmqpConsumer::take_reply(Delivered& delivered, std::uint64_t receipt) {
  pass_on(decode_reply(delivered.message, options_.limits), delivered.message, receipt);
}

void AmqpConsumer::take_dead_command(Delivered& delivered, std::uint64_t receipt) {
  const std::string sender(sending_engine(delivered.message));
  if (const auto problem = unforwardable(delivered.message, sender)) {
    pass_on_unusable(*problem, delivered.message, receipt);
  } else if (sender == engine_) {
    pass_on(decode_dead_command(delivered.message, options_.limits), delivered.message, receipt);
  } else {
    publisher_.forward({forward_dead_command(delivered.message), sender, receipt});
  }
}

void AmqpConsumer::pass_on(DecodedReply decoded, const WireMessage& message,
                           std::uint64_t receipt) {
  if (auto* reply = std::get_if<Reply>(&decoded)) {
    reply->receipt = receipt;
    listener_.replied(std::move(*reply));
  } else if (const auto* lost = std::get_if<LostCommand>(&decoded)) {
    log_(LogLevel::warning,
         fmt::format("a command of saga {} died in its queue ({}); its attempt times out",
                     lost->id.saga.to_string(), lost->reason));
    book_.settle(receipt & tag_mask);
  } else {
    pass_on_unusable(std::get<UnusableMessage>(decoded), message, receipt);
  }
}

void AmqpConsumer::pass_on_unusable(const UnusableMessage& problem, const WireMessage& message,
                                    std::uint64_t receipt) {
  QuarantinedMessage kept;
  kept.at = std::chrono::floor<Duration>(std::chrono::system_clock::now());
  kept.channel = "amqp";
  kept.reason = problem.reason;
  kept.detail = clean_text(problem.detail);
  NamedCommand named = named_command(message);
  kept.saga = std::move(named.saga);
  kept.step = std::move(named.step);
  kept.headers = describe_metadata(message);
  kept.body = message.body.substr(0, options_.limits.body_bytes);
  listener_.unusable(std::move(kept), receipt);
}

void AmqpConsumer::acknowledge(AmqpConnection& connection) {
  std::vector<std::uint64_t> receipts;
  {
    const std::lock_guard lock(mutex_);
    receipts.swap(receipts_);
  }
  for (const std::uint64_t receipt : receipts) {
    if (receipt >> tag_bits == connection_number_) book_.settle(receipt & tag_mask);
  }
  for (const Ack& due : book_.take_due()) {
    crash_point(CrashPoint::amqp_before_ack);
    connection.ack(due.tag, due.multiple);
    crash_point(CrashPoint::amqp_acked);
  }
}

}  // namespace skald

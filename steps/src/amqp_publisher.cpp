#include "amqp_publisher.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "amqp_failure.hpp"
#include "skald/crash_point.hpp"
#include "skald/text.hpp"

namespace skald {

namespace {

using Steady = std::chrono::steady_clock;

// Publishes between two looks at what the broker has to say.
constexpr std::size_t publish_burst = 64;
// How long a shutdown waits for confirms of what was published last.
constexpr std::chrono::milliseconds last_confirms{300};

Time wall_clock() { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }

}  // namespace

AmqpPublisher::AmqpPublisher(const AmqpOptions& options, const std::string& engine,
                             ChannelListener& listener, const Logger& log, Forwarded forwarded)
    : options_(options),
      topology_(options),
      engine_(engine),
      reply_queue_(topology_.reply_queue(engine)),
      listener_(listener),
      log_(log),
      forwarded_(std::move(forwarded)),
      probe_(topology_.commands_exchange()),
      trial_(options),
      session_(options, "commands of " + engine, log) {}

void AmqpPublisher::start() {
  session_.start([this](AmqpConnection& connection) { work(connection); });
}

void AmqpPublisher::send(std::vector<Command> commands) {
  {
    const std::lock_guard lock(mutex_);
    for (Command& command : commands) waiting_.push_back({std::move(command), nullptr});
    held_ += commands.size();
    if (held_ >= options_.outgoing_limit) full_ = true;
  }
  session_.wake();
}

void AmqpPublisher::forward(Forward dead) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({{}, std::make_unique<Forward>(std::move(dead))});
    ++held_;
  }
  session_.wake();
}

void AmqpPublisher::withdraw(const SagaId& saga, const AttemptRef& attempt) {
  std::size_t forgotten = 0;
  {
    const std::lock_guard lock(mutex_);
    forgotten += std::erase_if(waiting_, [&](const Outgoing& o) { return o.is(saga, attempt); });
    forgotten += std::erase_if(
        put_off_, [&](const PutOff& entry) { return entry.outgoing.is(saga, attempt); });
    for (Unconfirmed& entry : unconfirmed_) {
      if (entry.outgoing.is(saga, attempt)) entry.outgoing.withdrawn = true;
    }
  }
  leave(forgotten);
}

void AmqpPublisher::work(AmqpConnection& connection) {
  blocked_ = false;
  topology_.declare_for_engine(connection, engine_);
  probe_.check(connection, session_.peer());
  connection.select_confirms();
  session_.set_up();
  trial_.opened(Steady::now());
  for (;;) {
    first_unconfirmed_ = 1;
    forget_refusals();
    try {
      serve(connection);
      return;
    } catch (const MessageRefused& refused) {
      // Confirms that came before it tell which messages it was not.
      while (const auto event = connection.next_read()) on(*event);
      const bool was_ours = isolate_culprit(refused.words());
      recall_unconfirmed();
      if (!was_ours) throw;
      connection.reopen_channel();
      connection.select_confirms();
    } catch (const ChannelError&) {
      recall_unconfirmed();
      throw;
    }
  }
}

void AmqpPublisher::serve(AmqpConnection& connection) {
  for (;;) {
    session_.clear_wake();
    // Asked after the clearing, or a stop that falls between the two would not wake the wait.
    if (session_.stopping()) break;
    take(connection);
    const auto due = std::min(bring_back_put_off(), confirm_due());
    if (!publish_some(connection)) session_.wait(connection, due);
  }
  finish(connection);
}

void AmqpPublisher::finish(AmqpConnection& connection) {
  const auto deadline = Steady::now() + last_confirms;
  for (;;) {
    session_.clear_wake();
    take(connection);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Steady::now());
    if (unconfirmed_.empty() || left.count() <= 0) return;
    session_.wait(connection, left);
  }
}

void AmqpPublisher::take(AmqpConnection& connection) {
  while (const auto event = connection.next()) on(*event);
}

void AmqpPublisher::on(const AmqpEvent& event) {
  if (const auto* confirmed = std::get_if<Confirmed>(&event)) {
    on(*confirmed);
  } else if (const auto* returned = std::get_if<Returned>(&event)) {
    on(*returned);
  } else if (const auto* blocked = std::get_if<Blocked>(&event)) {
    blocked_ = true;
    log_(LogLevel::warning,
         fmt::format("the broker takes no commands for now: {}", escape_controls(blocked->reason)));
  } else if (std::holds_alternative<Unblocked>(event)) {
    blocked_ = false;
    unblocked_at_ = Steady::now();
    log_(LogLevel::info, "the broker takes commands again");
  }
}

bool AmqpPublisher::publish_some(AmqpConnection& connection) {
  if (blocked_) return false;
  const std::size_t due = publishable();
  // A lone command goes at once; for several, one packet is cheaper on both sides than many.
  std::optional<HeldWrites> held;
  if (due > 1) held.emplace(connection.socket());
  std::size_t published = 0;
  while (published < due && publish_one(connection)) ++published;
  return published > 0;
}

std::size_t AmqpPublisher::publishable() const {
  const std::lock_guard lock(mutex_);
  if (suspects_ > 0) return unconfirmed_.empty() && !waiting_.empty() ? 1 : 0;
  const std::size_t unconfirmed = std::min(unconfirmed_.size(), options_.unconfirmed_limit);
  return std::min({waiting_.size(), options_.unconfirmed_limit - unconfirmed, publish_burst});
}

bool AmqpPublisher::publish_one(AmqpConnection& connection) {
  Outgoing* outgoing = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty() || unconfirmed_.size() >= options_.unconfirmed_limit) return false;
    unconfirmed_.push_back({std::move(waiting_.front()), Steady::now()});
    waiting_.pop_front();
    // Only this thread removes entries, and a deque's elements stay where they are.
    outgoing = &unconfirmed_.back().outgoing;
  }
  try {
    publish(connection, *outgoing);
  } catch (const UnsendableMessage& unsendable) {
    Outgoing newest = take_back_newest();
    ++newest.refused;
    refuse(std::move(newest), unsendable.what());
  }
  return true;
}

void AmqpPublisher::publish(AmqpConnection& connection, Outgoing& outgoing) {
  if (outgoing.forward) {
    connection.publish("", topology_.reply_queue(outgoing.forward->engine), true,
                       outgoing.forward->message);
    return;
  }
  const Command& command = outgoing.command;
  std::string why_not;
  const auto message =
      encode_command(command, engine_, reply_queue_, wall_clock(), options_.limits, why_not);
  if (!message) throw UnsendableMessage(why_not);
  // Said before, because the reply may be here before publish() returns.
  listener_.sent(command.id.saga, command.attempt);
  ++outgoing.published;
  crash_point(CrashPoint::amqp_before_publish);
  connection.publish(topology_.commands_exchange(), command.participant, true, *message);
  crash_point(CrashPoint::amqp_published);
}

}  // namespace skald

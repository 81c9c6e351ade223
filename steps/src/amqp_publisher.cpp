#include "amqp_publisher.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "skald/crash_point.hpp"

namespace skald {

namespace {

using Steady = std::chrono::steady_clock;

// Publishes between two looks at what the broker has to say.
constexpr int publish_burst = 64;
// Before a command that the broker could not keep is published again.
constexpr std::chrono::milliseconds put_off_delay{250};
// How long a shutdown waits for confirms of what was published last.
constexpr std::chrono::milliseconds last_confirms{300};
constexpr std::chrono::milliseconds no_hurry{60'000};

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
  connection.select_confirms();
  first_unconfirmed_ = 1;
  forget_refusals();
  session_.set_up();
  try {
    for (;;) {
      session_.clear_wake();
      // Asked after the clearing, or a stop that falls between the two would not wake the wait.
      if (session_.stopping()) break;
      take(connection);
      const auto due = std::min(bring_back_put_off(), confirm_due());
      if (!publish_some(connection)) session_.wait(connection, due);
    }
    finish(connection);
  } catch (const ChannelError&) {
    recall_unconfirmed();
    throw;
  }
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
  while (const auto event = connection.next()) {
    if (const auto* confirmed = std::get_if<Confirmed>(&*event)) {
      on(*confirmed);
    } else if (const auto* returned = std::get_if<Returned>(&*event)) {
      on(*returned);
    } else if (const auto* blocked = std::get_if<Blocked>(&*event)) {
      blocked_ = true;
      log_(LogLevel::warning,
           fmt::format("the broker takes no commands for now: {}", blocked->reason));
    } else if (std::holds_alternative<Unblocked>(*event)) {
      blocked_ = false;
      unblocked_at_ = Steady::now();
      log_(LogLevel::info, "the broker takes commands again");
    }
  }
}

bool AmqpPublisher::publish_some(AmqpConnection& connection) {
  int published = 0;
  while (!blocked_ && published < publish_burst && publish_one(connection)) ++published;
  return published > 0;
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
  publish(connection, *outgoing);
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
  if (!message) {
    refuse(why_not);
    return;
  }
  // Said before, because the reply may be here before publish() returns.
  listener_.sent(command.id.saga, command.attempt);
  ++outgoing.published;
  crash_point(CrashPoint::amqp_before_publish);
  connection.publish(topology_.commands_exchange(), command.participant, true, *message);
  crash_point(CrashPoint::amqp_published);
}

// The newest entry can never be sent: trying again would not help either.
void AmqpPublisher::refuse(const std::string& why_not) {
  Outgoing outgoing;
  {
    const std::lock_guard lock(mutex_);
    outgoing = std::move(unconfirmed_.back().outgoing);
    unconfirmed_.pop_back();
  }
  const Command& command = outgoing.command;
  Outcome outcome = Outcome::failed("NOT_SENDABLE", "the command cannot be sent: " + why_not);
  outcome.final_failure = true;
  listener_.replied({command.id.saga, command.attempt, {}, std::move(outcome), 0});
  std::vector<Outgoing> settled;
  settled.push_back(std::move(outgoing));
  report(std::move(settled));
}

void AmqpPublisher::on(const Confirmed& confirmed) {
  std::vector<Outgoing> done;
  {
    const std::lock_guard lock(mutex_);
    if (confirmed.tag < first_unconfirmed_) return;
    const std::size_t last =
        std::min<std::uint64_t>(confirmed.tag - first_unconfirmed_ + 1, unconfirmed_.size());
    for (std::size_t i = confirmed.multiple ? 0 : last - 1; i < last; ++i) {
      if (!unconfirmed_[i].settled) settle(unconfirmed_[i], confirmed.taken, done);
    }
    while (!unconfirmed_.empty() && unconfirmed_.front().settled) {
      unconfirmed_.pop_front();
      ++first_unconfirmed_;
    }
  }
  report(std::move(done));
}

// Under the mutex.
void AmqpPublisher::settle(Unconfirmed& entry, bool taken, std::vector<Outgoing>& confirmed) {
  entry.settled = true;
  if (taken || entry.returned) {
    if (entry.returned && entry.outgoing.forward) {
      --held_;  // its message has been given away already
      return;
    }
    confirmed.push_back(std::move(entry.outgoing));
  } else if (entry.outgoing.withdrawn) {
    --held_;
  } else {
    put_off(std::move(entry.outgoing));
  }
}

// Under the mutex.
void AmqpPublisher::put_off(Outgoing outgoing) {
  const auto now = Steady::now();
  if (!outgoing.refused_since) outgoing.refused_since = now;
  if (now - *outgoing.refused_since > options_.confirm_timeout) refused_too_long_ = true;
  put_off_.push_back({std::move(outgoing), now + put_off_delay});
}

void AmqpPublisher::report(std::vector<Outgoing> confirmed) {
  for (Outgoing& outgoing : confirmed) {
    if (outgoing.forward) {
      forwarded_(std::move(*outgoing.forward), true);
    } else {
      const Command& command = outgoing.command;
      listener_.confirmed(command.position, command.id.saga, command.attempt);
    }
  }
  leave(confirmed.size());
}

// What a command that came back stands for. One that was published before, on a connection that was
// lost or to a broker that said it could not keep it, may have been carried out all the same.
Outcome AmqpPublisher::nobody_there(const Outgoing& outgoing) {
  const Command& command = outgoing.command;
  const std::string message = fmt::format("no participant '{}' is there", command.participant);
  const bool may_have_arrived = outgoing.published > 1 || command.sent_before;
  if (!may_have_arrived) return Outcome::failed("NO_PARTICIPANT", message);
  return Outcome::unknown("NO_PARTICIPANT",
                          message + " any more, and it was sent once before that");
}

void AmqpPublisher::on(const Returned& returned) {
  std::unique_ptr<Forward> unwanted;
  std::optional<Reply> reply;
  const std::string& message_id = returned.message.properties.message_id;
  const auto command_id = CommandId::parse(message_id);
  {
    const std::lock_guard lock(mutex_);
    const auto found =
        std::find_if(unconfirmed_.begin(), unconfirmed_.end(), [&](const Unconfirmed& entry) {
          if (entry.returned || entry.settled) return false;
          const Outgoing& outgoing = entry.outgoing;
          if (outgoing.forward) {
            return outgoing.forward->message.properties.message_id == message_id;
          }
          return command_id && outgoing.command.id == *command_id;
        });
    if (found == unconfirmed_.end()) return;
    found->returned = true;
    if (found->outgoing.forward) {
      unwanted = std::make_unique<Forward>(std::move(*found->outgoing.forward));
    } else {
      const Command& command = found->outgoing.command;
      reply = Reply{command.id.saga, command.attempt, {}, nobody_there(found->outgoing), 0};
    }
  }
  if (unwanted) forwarded_(std::move(*unwanted), false);
  if (reply) listener_.replied(std::move(*reply));
}

void AmqpPublisher::recall_unconfirmed() {
  std::vector<Outgoing> answered;
  std::size_t forgotten = 0;
  {
    const std::lock_guard lock(mutex_);
    for (auto entry = unconfirmed_.rbegin(); entry != unconfirmed_.rend(); ++entry) {
      if (entry->settled) continue;
      if (entry->returned && !entry->outgoing.forward) {
        answered.push_back(std::move(entry->outgoing));
      } else if (entry->returned || entry->outgoing.withdrawn) {
        ++forgotten;
      } else {
        waiting_.push_front(std::move(entry->outgoing));
      }
    }
    unconfirmed_.clear();
  }
  report(std::move(answered));
  leave(forgotten);
}

std::chrono::milliseconds AmqpPublisher::bring_back_put_off() {
  const auto now = Steady::now();
  const std::lock_guard lock(mutex_);
  while (!put_off_.empty() && put_off_.front().due <= now) {
    waiting_.push_front(std::move(put_off_.front().outgoing));
    put_off_.pop_front();
  }
  if (put_off_.empty()) return no_hurry;
  return std::chrono::ceil<std::chrono::milliseconds>(put_off_.front().due - now);
}

// How long the broker may take for the oldest confirm that it owes. A connection on which confirms
// stay away would fill up with commands that nobody waits for any more.
std::chrono::milliseconds AmqpPublisher::confirm_due() {
  const std::lock_guard lock(mutex_);
  // RabbitMQ 3.10 goes on refusing on a channel that has met a full quorum queue, even when there
  // is room again; a new one is told the truth.
  if (refused_too_long_) {
    throw ConnectionLost(
        fmt::format("{} has refused to keep a command for {}; asking on another "
                    "connection",
                    options_.describe(), format_duration(options_.confirm_timeout)));
  }
  if (blocked_ || unconfirmed_.empty()) return no_hurry;
  const auto owed_since = std::max(unconfirmed_.front().published_at, unblocked_at_);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(
      owed_since + options_.confirm_timeout - Steady::now());
  if (left.count() > 0) return left;
  throw ConnectionLost(fmt::format("{} has confirmed nothing for {}; giving the connection up",
                                   options_.describe(), format_duration(options_.confirm_timeout)));
}

void AmqpPublisher::forget_refusals() {
  refused_too_long_ = false;
  const std::lock_guard lock(mutex_);
  for (Outgoing& outgoing : waiting_) outgoing.refused_since.reset();
  for (PutOff& entry : put_off_) entry.outgoing.refused_since.reset();
}

void AmqpPublisher::leave(std::size_t count) {
  bool room = false;
  {
    const std::lock_guard lock(mutex_);
    held_ -= count;
    if (full_ && held_ <= options_.outgoing_limit / 2) {
      full_ = false;
      room = true;
    }
  }
  if (room) listener_.room();
}

}  // namespace skald

// What became of published commands: confirmed, refused by the broker, returned, or in doubt.
#include <fmt/format.h>

#include <algorithm>

#include "amqp_publisher.hpp"

namespace skald {

namespace {

using Steady = std::chrono::steady_clock;

// Before a command that the broker could not keep is published again.
constexpr std::chrono::milliseconds put_off_delay{250};

}  // namespace

void AmqpPublisher::on(const Confirmed& confirmed) {
  if (confirmed.taken) {
    trial_.confirmed();
  } else {
    trial_.refused(Steady::now());
  }
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
    if (suspects_ > 0 && unconfirmed_.empty()) --suspects_;
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
      forwarded_(std::move(*outgoing.forward), std::nullopt);
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
  if (unwanted) {
    std::string detail = fmt::format("engine '{}' has no reply queue", unwanted->engine);
    forwarded_(std::move(*unwanted), UnusableMessage{"UNKNOWN_ENGINE", std::move(detail)});
  }
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

// Since when the oldest confirm is owed.
std::optional<Steady::time_point> AmqpPublisher::owed_since() const {
  const std::lock_guard lock(mutex_);
  if (unconfirmed_.empty()) return std::nullopt;
  return std::max(unconfirmed_.front().published_at, unblocked_at_);
}

// How long the broker may take for the oldest confirm that it owes. A connection on which confirms
// stay away would fill up with commands that nobody waits for any more.
std::chrono::milliseconds AmqpPublisher::confirm_due() {
  // RabbitMQ 3.10 goes on refusing on a channel that has met a full quorum queue, even when there
  // is room again; a new one is told the truth.
  if (refused_too_long_) {
    throw ConnectionLost(
        fmt::format("{} has refused to keep a command for {}; asking on another "
                    "connection",
                    session_.peer(), format_duration(options_.confirm_timeout)));
  }
  if (blocked_) return no_hurry;
  const auto now = Steady::now();
  const auto owed = owed_since();
  const auto trial_due = trial_.check(owed, now, session_.peer());
  if (trial_.outage_ended()) {
    log_(LogLevel::info, fmt::format("{} confirms commands again", session_.peer()));
  }
  if (!owed) return trial_due;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(*owed + options_.confirm_timeout - now);
  if (left.count() > 0) return std::min(left, trial_due);
  throw ConnectionLost(fmt::format("{} has confirmed nothing for {}; giving the connection up",
                                   session_.peer(), format_duration(options_.confirm_timeout)));
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

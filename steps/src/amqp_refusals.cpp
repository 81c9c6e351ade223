// Messages that can never be sent, and how the one is found over which the broker closes a channel.
#include <fmt/format.h>

#include <algorithm>

#include "amqp_publisher.hpp"
#include "skald/text.hpp"

namespace skald {

namespace {

constexpr const char* not_sendable = "NOT_SENDABLE";

}  // namespace

AmqpPublisher::Outgoing AmqpPublisher::take_back_newest() {
  const std::lock_guard lock(mutex_);
  Outgoing outgoing = std::move(unconfirmed_.back().outgoing);
  unconfirmed_.pop_back();
  return outgoing;
}

// It can never be sent: trying again would not help either.
void AmqpPublisher::refuse(Outgoing outgoing, const std::string& why_not) {
  if (outgoing.forward) {
    const UnusableMessage problem{not_sendable,
                                  fmt::format("it cannot be forwarded to engine '{}': {}",
                                              escape_controls(outgoing.forward->engine), why_not)};
    forwarded_(std::move(*outgoing.forward), problem);
    leave(1);
    return;
  }
  const Command& command = outgoing.command;
  log_(LogLevel::warning, fmt::format("command {} cannot be sent: {}",
                                      escape_controls(command.id.to_string()), why_not));
  const std::string message = clean_text("the command cannot be sent: " + why_not);
  // One that was published with another outcome, now or in an earlier life, may have arrived then.
  const bool may_have_arrived = command.sent_before || outgoing.published > outgoing.refused;
  Outcome outcome = may_have_arrived ? Outcome::unknown(not_sendable, message)
                                     : Outcome::failed(not_sendable, message);
  outcome.final_failure = !may_have_arrived;
  listener_.replied({command.id.saga, command.attempt, {}, std::move(outcome), 0});
  std::vector<Outgoing> settled;
  settled.push_back(std::move(outgoing));
  report(std::move(settled));
}

// The broker has closed the channel over one of the unconfirmed messages. If there is only one, it
// has failed; otherwise they will be published one by one. False when there is none to blame.
bool AmqpPublisher::isolate_culprit(const std::string& words) {
  std::vector<Outgoing> culprit;
  std::size_t open = 0;
  {
    const std::lock_guard lock(mutex_);
    Unconfirmed* last = nullptr;
    for (Unconfirmed& entry : unconfirmed_) {
      // What came back was taken: only its confirm is missing.
      if (entry.settled || entry.returned) continue;
      ++entry.outgoing.refused;
      ++open;
      last = &entry;
    }
    suspects_ = open > 1 ? open : 0;
    if (open == 1) {
      culprit.push_back(std::move(last->outgoing));
      last->settled = true;
    }
  }
  if (!culprit.empty()) refuse(std::move(culprit.front()), words);
  return open > 0;
}

}  // namespace skald

#include "reply_publisher.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "amqp_failure.hpp"
#include "skald/crash_point.hpp"
#include "skald/text.hpp"

namespace skald {
namespace {

using Steady = std::chrono::steady_clock;

// Before a reply that the broker could not keep is published again.
constexpr std::chrono::milliseconds put_off_delay{250};

}  // namespace

void ReplyPublisher::work(AmqpConnection& connection) {
  blocked_ = false;
  // What the last connection did not confirm is published again, before anything newer.
  recall_unconfirmed();
  probe_.check(connection, session_.peer());
  connection.select_confirms();
  session_.set_up();
  trial_.opened(Steady::now());
  for (;;) {
    refused_since_.reset();
    try {
      serve(connection);
      return;
    } catch (const MessageRefused& refused) {
      take_back_unsent();
      // Confirms that came before it tell which replies it was not.
      std::vector<DeliveryRef> answered;
      while (const auto event = connection.next_read()) on(*event, answered);
      if (!answered.empty()) desk_.settle(answered);
      if (!isolate_culprit(refused.words())) throw;
      connection.reopen_channel();
      connection.select_confirms();
    }
  }
}

void ReplyPublisher::serve(AmqpConnection& connection) {
  for (;;) {
    session_.clear_wake();
    const bool stopping = session_.stopping();
    take_news(connection);
    publish_letters(connection);
    if (stopping) return;
    if (publishable() == 0) session_.wait(connection, next_look());
  }
}

// One that publish() failed over before it was sent has no tag, and no confirm is meant for it.
void ReplyPublisher::take_back_unsent() {
  if (unconfirmed_.empty() || unconfirmed_.back().tag != 0) return;
  unpublished_.push_front(std::move(unconfirmed_.back().letter));
  unconfirmed_.pop_back();
}

void ReplyPublisher::recall_unconfirmed() {
  while (!unconfirmed_.empty()) {
    Unconfirmed& last = unconfirmed_.back();
    if (!last.settled) unpublished_.push_front(std::move(last.letter));
    unconfirmed_.pop_back();
  }
}

void ReplyPublisher::take_news(AmqpConnection& connection) {
  std::vector<DeliveryRef> answered;
  while (const auto event = connection.next()) on(*event, answered);
  if (!answered.empty()) desk_.settle(answered);
}

void ReplyPublisher::on(const AmqpEvent& event, std::vector<DeliveryRef>& answered) {
  if (const auto* confirmed = std::get_if<Confirmed>(&event)) take_confirm(*confirmed, answered);
  if (std::holds_alternative<Blocked>(event)) blocked_ = true;
  if (std::holds_alternative<Unblocked>(event)) {
    blocked_ = false;
    unblocked_at_ = Steady::now();
  }
}

// Until when there is nothing to do. Throws when a confirm is overdue: without it the commands that
// were answered would never be acknowledged, and the prefetch would be used up.
std::chrono::milliseconds ReplyPublisher::next_look() {
  const Moment now = Steady::now();
  const auto left_until = [now](Moment moment) {
    return std::chrono::ceil<std::chrono::milliseconds>(moment - now);
  };
  if (blocked_) return no_hurry;
  if (refused_since_ && left_until(*refused_since_ + options_.confirm_timeout).count() <= 0) {
    throw ConnectionLost(
        fmt::format("{} has refused to keep replies for {}; asking on another "
                    "connection",
                    session_.peer(), format_duration(options_.confirm_timeout)));
  }
  std::optional<Moment> owed_since;
  if (!unconfirmed_.empty()) {
    owed_since = std::max(unconfirmed_.front().published_at, unblocked_at_);
  }
  auto look = trial_.check(owed_since, now, session_.peer());
  if (trial_.outage_ended()) {
    log_(LogLevel::info, fmt::format("{} confirms replies again", session_.peer()));
  }
  if (!unpublished_.empty() && (suspects_ == 0 || unconfirmed_.empty())) {
    look = std::min(look, left_until(publish_not_before_));
  }
  if (!owed_since) return look;
  const auto left = left_until(*owed_since + options_.confirm_timeout);
  if (left.count() > 0) return std::min(look, left);
  throw ConnectionLost(fmt::format("{} has confirmed nothing for {}; giving the connection up",
                                   session_.peer(), format_duration(options_.confirm_timeout)));
}

std::size_t ReplyPublisher::publishable() const {
  if (blocked_ || Steady::now() < publish_not_before_) return 0;
  if (suspects_ > 0) return unconfirmed_.empty() && !unpublished_.empty() ? 1 : 0;
  return unpublished_.size();
}

void ReplyPublisher::publish_letters(AmqpConnection& connection) {
  for (Letter& letter : desk_.take_letters()) unpublished_.push_back(std::move(letter));
  // A lone reply goes at once; for several, one packet is cheaper on both sides than many.
  std::optional<HeldWrites> held;
  const std::size_t due = publishable();
  if (due > 1) held.emplace(connection.socket());
  for (std::size_t i = 0; i < due; ++i) publish_one(connection);
}

void ReplyPublisher::publish_one(AmqpConnection& connection) {
  // Noted first: if publishing throws, the letter is published again.
  unconfirmed_.push_back({0, std::move(unpublished_.front()), Steady::now()});
  unpublished_.pop_front();
  Unconfirmed& next = unconfirmed_.back();
  crash_point(CrashPoint::participant_before_reply);
  try {
    next.tag = connection.publish("", next.letter.reply_to, false, next.letter.message);
  } catch (const UnsendableMessage& unsendable) {
    Letter letter = std::move(next.letter);
    unconfirmed_.pop_back();
    shorten(std::move(letter), unsendable.what());
    return;
  }
  crash_point(CrashPoint::participant_replied);
}

void ReplyPublisher::take_confirm(const Confirmed& confirmed, std::vector<DeliveryRef>& answered) {
  auto entry = unconfirmed_.begin();
  if (!confirmed.multiple) {
    entry = std::lower_bound(entry, unconfirmed_.end(), confirmed.tag,
                             [](const Unconfirmed& e, std::uint64_t tag) { return e.tag < tag; });
  }
  if (confirmed.taken) {
    trial_.confirmed();
  } else {
    trial_.refused(Steady::now());
  }
  for (; entry != unconfirmed_.end() && entry->tag <= confirmed.tag; ++entry) {
    if (std::exchange(entry->settled, true)) continue;
    if (confirmed.taken) {
      answered.push_back(entry->letter.delivery);
      refused_since_.reset();
    } else {
      unpublished_.push_back(std::move(entry->letter));
      publish_not_before_ = Steady::now() + put_off_delay;
      if (!refused_since_) refused_since_ = Steady::now();
    }
  }
  while (!unconfirmed_.empty() && unconfirmed_.front().settled) unconfirmed_.pop_front();
  if (suspects_ > 0 && unconfirmed_.empty()) --suspects_;
}

// The broker has closed the channel over one of the unconfirmed replies. If there is only one, it
// is shortened; otherwise they are published one by one. False when there is none to blame.
bool ReplyPublisher::isolate_culprit(const std::string& words) {
  const std::size_t waiting = unpublished_.size();
  recall_unconfirmed();
  const std::size_t open = unpublished_.size() - waiting;
  suspects_ = open > 1 ? open : 0;
  if (open != 1) return open > 0;
  Letter culprit = std::move(unpublished_.front());
  unpublished_.pop_front();
  // It is the size that a broker refuses: fewer headers alone would not do.
  if (culprit.form == LetterForm::whole) culprit.form = LetterForm::few_headers;
  shorten(std::move(culprit), words);
  return true;
}

// The next shorter form goes out instead; there is an end to them.
void ReplyPublisher::shorten(Letter letter, const std::string& why_not) {
  const std::string id = escape_controls(letter.message.properties.correlation_id);
  switch (letter.form) {
    case LetterForm::whole:
      letter.form = LetterForm::few_headers;
      letter.message = with_few_headers(letter.message);
      break;
    case LetterForm::few_headers:
      letter.form = LetterForm::brief;
      letter.message = short_reply(letter.message, why_not);
      break;
    case LetterForm::brief:
      log_(LogLevel::error,
           fmt::format("the reply to {} cannot be published: {}; it is given up, and the attempt "
                       "times out at the engine",
                       id, why_not));
      desk_.settle({letter.delivery});
      return;
  }
  log_(LogLevel::warning,
       fmt::format("the reply to {} cannot be published: {}; a shorter one is", id, why_not));
  unpublished_.push_front(std::move(letter));
}

}  // namespace skald

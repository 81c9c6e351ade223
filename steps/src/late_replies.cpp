#include "late_replies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "skald/text.hpp"

namespace skald {
namespace {

// Between two looks for what another process has completed.
constexpr Duration look_interval{500};
// Sent and not yet confirmed.
constexpr std::size_t under_way_max = 256;

}  // namespace

LateReplies::LateReplies(Participant& participant, ParticipantDesk& desk, const Logger& log,
                         MakeReply make)
    : participant_(participant), desk_(desk), log_(log), make_(std::move(make)) {}

void LateReplies::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

void LateReplies::stop() { thread_ = {}; }

void LateReplies::work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    try {
      forget_confirmed();
      send_due();
      failing_ = false;
    } catch (const ParticipantError& error) {
      if (!std::exchange(failing_, true)) {
        log_(LogLevel::warning,
             fmt::format("late replies of {} cannot be read, and are tried again: {}",
                         escape_controls(participant_.name()), error.what()));
      }
    }
    participant_.wait_for_completion(stop, look_interval);
  }
}

void LateReplies::send_due() {
  for (const LateReply& reply : participant_.late_replies(under_way_max)) {
    DeliveryRef delivery;
    {
      const std::lock_guard lock(mutex_);
      if (is_under_way(reply.call)) continue;
      delivery = {no_connection, ++last_tag_};
      under_way_.emplace(delivery.tag, reply.call);
    }
    // Of the command's headers, a reply needs those only that name it.
    WireMessage command;
    command.properties.message_id = reply.call.to_string();
    command.properties.correlation_id = reply.call.idempotency_key();
    desk_.put_letter({delivery, reply.reply_to, make_(command, reply.outcome)});
  }
}

bool LateReplies::is_under_way(const CommandId& call) {
  return std::any_of(under_way_.begin(), under_way_.end(),
                     [&call](const auto& entry) { return entry.second == call; }) ||
         std::find(confirmed_.begin(), confirmed_.end(), call) != confirmed_.end();
}

void LateReplies::confirmed(const DeliveryRef& delivery) {
  const std::lock_guard lock(mutex_);
  const auto found = under_way_.find(delivery.tag);
  if (found == under_way_.end()) return;
  confirmed_.push_back(std::move(found->second));
  under_way_.erase(found);
}

void LateReplies::forget_confirmed() {
  std::vector<CommandId> calls;
  {
    const std::lock_guard lock(mutex_);
    calls = confirmed_;
  }
  if (calls.empty()) return;
  participant_.forget_late_replies(calls);
  const std::lock_guard lock(mutex_);
  confirmed_.erase(confirmed_.begin(),
                   confirmed_.begin() + static_cast<std::ptrdiff_t>(calls.size()));
}

}  // namespace skald

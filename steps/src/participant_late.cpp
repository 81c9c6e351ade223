// Replies that come later than the handler's `pending`, and serving inside the engine's process.
#include <utility>

#include "skald/participant.hpp"

namespace skald {

/// The channel that late replies go through. Its handler owns the link, so that it ends with it.
class Participant::InProcessLink {
 public:
  explicit InProcessLink(InProcessChannel& channel) : channel_(channel) {}
  /// When the channel is closed, the next attempt is answered with what is remembered.
  void send(const LateReply& reply) {
    static_cast<void>(channel_.complete(reply.call, reply.outcome));
  }

 private:
  InProcessChannel& channel_;
};

bool Participant::complete(const CommandId& call, const Outcome& outcome,
                           const std::function<void(sqlite3*)>& record) {
  std::unique_lock lock(mutex_);
  const Completion completion = barrier_.complete(call, outcome, record);
  lock.unlock();
  if (!completion.reply.reply_to.empty()) {
    const std::lock_guard completing(completions_mutex_);
    ++completions_;
    completed_.notify_all();
  } else if (const auto link = in_process_.lock()) {
    link->send(completion.reply);
  }
  return completion.settled;
}

std::vector<LateReply> Participant::late_replies(std::size_t limit) {
  const std::lock_guard lock(mutex_);
  return barrier_.late_replies(limit);
}

void Participant::forget_late_replies(const std::vector<CommandId>& calls) {
  const std::lock_guard lock(mutex_);
  barrier_.forget_late_replies(calls);
}

void Participant::wait_for_completion(const std::stop_token& stop, Duration patience) {
  std::unique_lock lock(completions_mutex_);
  static_cast<void>(completed_.wait_for(lock, stop, patience,
                                        [this] { return completions_ != completions_seen_; }));
  completions_seen_ = completions_;
}

void serve_in_process(Participant& participant, InProcessChannel& channel) {
  auto link = std::make_shared<Participant::InProcessLink>(channel);
  participant.in_process_ = link;
  // For all actions: the barrier answers resolve actions that nobody registered.
  channel.handle_others(participant.name(),
                        [&participant, link = std::move(link)](const HandlerCall& call) {
                          return participant.answer(call);
                        });
}

}  // namespace skald

#include <doctest/doctest.h>

#include <algorithm>
#include <utility>

#include "channel_conformance.hpp"

namespace skald::test {

void RecordingListener::sent(const SagaId& saga, const AttemptRef& attempt) {
  record({Kind::sent, saga, attempt, 0, {}, 0});
}

void RecordingListener::confirmed(Position position, const SagaId& saga,
                                  const AttemptRef& attempt) {
  record({Kind::confirmed, saga, attempt, position, {}, 0});
}

void RecordingListener::replied(Reply reply) {
  record({Kind::replied, reply.saga, reply.attempt, 0, std::move(reply.outcome), reply.receipt});
}

void RecordingListener::unusable(QuarantinedMessage, std::uint64_t receipt) {
  record({Kind::unusable, {}, {}, 0, {}, receipt});
}

void RecordingListener::room() { record({Kind::room, {}, {}, 0, {}, 0}); }

void RecordingListener::record(Entry entry) {
  const std::lock_guard lock(mutex_);
  ++counts_[static_cast<std::size_t>(entry.kind)];
  entries_.push_back(std::move(entry));
  changed_.notify_all();
}

std::vector<RecordingListener::Entry> RecordingListener::entries() const {
  const std::lock_guard lock(mutex_);
  return entries_;
}

std::size_t RecordingListener::count(Kind kind) const {
  const std::lock_guard lock(mutex_);
  return counts_[static_cast<std::size_t>(kind)];
}

std::vector<RecordingListener::Entry> RecordingListener::of(const Command& command) const {
  std::vector<Entry> found = entries();
  std::erase_if(found, [&](const Entry& entry) {
    return entry.saga != command.id.saga || entry.attempt.attempt != command.attempt.attempt ||
           entry.attempt.direction != command.attempt.direction;
  });
  return found;
}

Outcome RecordingListener::reply_to(const Command& command) {
  const auto answers = [&](const Entry& entry) {
    return entry.kind == Kind::replied && entry.saga == command.id.saga &&
           entry.attempt.attempt == command.attempt.attempt &&
           entry.attempt.direction == command.attempt.direction;
  };
  std::unique_lock lock(mutex_);
  const bool came =
      changed_.wait_for(lock, patience, [&] { return std::ranges::any_of(entries_, answers); });
  REQUIRE_MESSAGE(came, "no reply to " << command.id.to_string());
  return std::ranges::find_if(entries_, answers)->outcome;
}

bool RecordingListener::wait_for(Kind kind, std::size_t count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience,
                           [&] { return counts_[static_cast<std::size_t>(kind)] >= count; });
}

}  // namespace skald::test

#include "in_process_pool.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace skald {

void InProcessChannel::Pool::enqueue(InProcessParticipant& participant, WaitingCommand&& command) {
  participant.queue.push(std::move(command));
  if (participant.queue.size() >= setting_.queue_limit) participant.full = true;
  line_up(participant);
}

// After every change of its queue or its threads.
void InProcessChannel::Pool::line_up(InProcessParticipant& participant) {
  if (participant.queue.size() == 0) {
    waiting_.remove(participant);  // It leaves the turns when its turn comes.
    return;
  }
  waiting_.add(participant);
  if (participant.in_turn || !participant.has_thread_left()) return;
  turns_.push_back(&participant);
  participant.in_turn = true;
}

void InProcessChannel::Pool::note_room(InProcessParticipant& participant) {
  if (!participant.full || participant.queue.size() > setting_.queue_limit / 2) return;
  participant.full = false;
  room_due_ = true;
}

InProcessParticipant* InProcessChannel::Pool::clear_hand(Worker& self) {
  for (std::size_t i = 0; i < self.size; ++i) {
    const auto found = in_hand_.find(run_key(self.hand[i].command()));
    if (found != in_hand_.end() && found->second == &self.hand[i]) in_hand_.erase(found);
  }
  self.size = 0;
  InProcessParticipant* const participant = std::exchange(self.participant, nullptr);
  if (participant == nullptr) return nullptr;
  const bool was_at_share = !participant->has_thread_left();
  --participant->threads;
  line_up(*participant);
  return was_at_share ? participant : nullptr;
}

bool InProcessChannel::Pool::take(Worker& self) {
  if (!joins_.empty()) {
    std::move(joins_.begin(), joins_.end(), std::back_inserter(self.joining));
    joins_.clear();
    return true;
  }
  self.taken_at = Clock::now();
  put_back_overdue(self.taken_at);
  while (!turns_.empty()) {
    InProcessParticipant& participant = *turns_.front();
    turns_.pop_front();
    participant.in_turn = false;
    if (participant.queue.size() == 0 || !participant.has_thread_left()) continue;
    take_from(self, participant);
    return true;
  }
  return take_over(self);
}

void InProcessChannel::Pool::take_from(Worker& self, InProcessParticipant& participant) {
  // A short queue is shared out one by one, so that no command waits behind another in a hand
  // while a thread is free.
  const std::size_t share = participant.queue.size() / (2 * participant.share);
  for (std::size_t left = std::clamp<std::size_t>(share, 1, hand_limit); left > 0; --left) {
    take_next(self, participant);
  }
  if (self.size > 0) hold(self, participant);
  note_room(participant);
  line_up(participant);
}

void InProcessChannel::Pool::take_next(Worker& self, InProcessParticipant& participant) {
  WaitingCommand next = participant.queue.pop();
  const auto running = in_hand_.find(run_key(next.command));
  if (running != in_hand_.end() && running->second->is_open()) {
    self.joining.push_back(std::move(next));
  } else {
    place(self, std::move(next), {});
  }
}

void InProcessChannel::Pool::hold(Worker& self, InProcessParticipant& participant) {
  self.participant = &participant;
  ++participant.threads;
}

void InProcessChannel::Pool::place(Worker& self, WaitingCommand&& command,
                                   std::vector<Command>&& awaiting) {
  Run& run = self.hand[self.size++];
  run.place(std::move(command), std::move(awaiting));
  in_hand_.insert_or_assign(run_key(run.command()), &run);
}

// The run that is left behind keeps its key, which is not moved from; its worker passes it by.
bool InProcessChannel::Pool::take_over(Worker& self) {
  for (auto& other : workers_) {
    InProcessParticipant* const participant = other->participant;
    if (participant == nullptr || !participant->has_thread_left()) continue;
    for (std::size_t i = 0; i < other->size; ++i) {
      Run& run = other->hand[i];
      if (!run.take_away()) continue;
      place(self, std::move(run.waiting), std::move(run.later));
      hold(self, *participant);
      return true;
    }
  }
  return false;
}

// What the worker has not begun, in its order, to the head of the queue.
void InProcessChannel::Pool::put_back(Worker& worker) {
  InProcessParticipant& participant = *worker.participant;
  for (std::size_t i = worker.size; i-- > 0;) {
    Run& run = worker.hand[i];
    if (!run.take_away()) continue;
    in_hand_.erase(run_key(run.command()));
    for (; !run.later.empty(); run.later.pop_back()) {
      participant.queue.push_front({std::move(run.later.back()), true});
    }
    participant.queue.push_front(std::move(run.waiting));
  }
  line_up(participant);
}

// Without it, commands behind a handler that hangs would wait for a moment at which nothing else
// is to be done.
void InProcessChannel::Pool::put_back_overdue(Clock::time_point now) {
  if (now - looked_at_ <= hand_time_max) return;
  looked_at_ = now;
  for (auto& worker : workers_) {
    if (worker->size > 1 && now - worker->taken_at > hand_time_max) put_back(*worker);
  }
}

// The engine may well be waiting for a handler that hangs: the later attempt's time runs, too.
void InProcessChannel::Pool::join_runs(Worker& self) {
  for (WaitingCommand& attempt : self.joining) {
    if (attempt.announced) continue;
    listener_.sent(attempt.command.id.saga, attempt.command.attempt);
    attempt.announced = true;
  }
  const std::lock_guard lock(mutex_);
  for (WaitingCommand& attempt : self.joining) {
    const auto running = in_hand_.find(run_key(attempt.command));
    if (running != in_hand_.end() && running->second->await(attempt.command)) continue;
    InProcessParticipant& participant = registry_.find(attempt.command.participant);
    enqueue(participant, std::move(attempt));
    work_.notify_one();
  }
  self.joining.clear();
}

bool InProcessChannel::Pool::withdraw_from_hand(Run& run, const AttemptRef& attempt) {
  const auto same = [&](const Command& command) { return command.attempt == attempt; };
  if (std::erase_if(run.later, same) > 0) return true;
  if (!same(run.command()) || !run.take_away()) return false;
  std::vector<Command> later = std::move(run.later);
  in_hand_.erase(run_key(run.command()));
  for (Command& next : later) {
    InProcessParticipant& participant = registry_.find(next.participant);
    enqueue(participant, {std::move(next), true});
    work_.notify_one();
  }
  return true;
}

void InProcessChannel::Pool::withdraw_from_queues(const SagaId& saga, const AttemptRef& attempt) {
  const auto same = [&](const WaitingCommand& waiting) {
    return waiting.command.attempt == attempt && waiting.command.id.saga == saga;
  };
  if (std::erase_if(joins_, same) > 0) return;
  for (InProcessParticipant* participant : waiting_.all()) {
    if (!participant->queue.remove(saga, attempt)) continue;
    note_room(*participant);
    if (room_due_) work_.notify_one();
    line_up(*participant);
    return;
  }
}

}  // namespace skald

#include "in_process_pool.hpp"

#include <algorithm>
#include <utility>

#include "skald/crash_point.hpp"

namespace skald {

InProcessChannel::Pool::Pool(std::size_t threads, std::size_t queue_limit, Registry& registry,
                             ChannelListener& listener)
    : queue_limit_(queue_limit), registry_(registry), listener_(listener) {
  for (std::size_t i = 0; i < threads; ++i) workers_.push_back(std::make_unique<Worker>());
  try {
    for (auto& worker : workers_) threads_.emplace_back([this, &worker] { work(*worker); });
  } catch (...) {  // Thrown on.
    close();       // The threads that there are would wait for work for ever, and be waited for.
    throw;
  }
}

InProcessChannel::Pool::~Pool() { close(); }

void InProcessChannel::Pool::send(std::vector<Command> commands) {
  std::size_t wake = 0;
  {
    const std::lock_guard lock(mutex_);
    if (closing_) return;
    for (Command& command : commands) {
      InProcessParticipant& participant = registry_.find(command.participant);
      enqueue(participant, {std::move(command), false});
    }
    wake = std::min(idle_, commands.size());
  }
  for (; wake > 0; --wake) work_.notify_one();
}

void InProcessChannel::Pool::enqueue(InProcessParticipant& participant, WaitingCommand&& command) {
  if (participant.queue.size() == 0) turns_.push_back(&participant);
  participant.queue.push(std::move(command));
  if (participant.queue.size() >= queue_limit_) participant.full = true;
  ++queued_;
}

void InProcessChannel::Pool::work(Worker& self) {
  std::unique_lock lock(mutex_);
  while (!closing_) {
    clear_hand(self);
    if (!take(self) && !room_due_) {
      ++idle_;
      work_.wait(lock);
      --idle_;
      continue;
    }
    const bool room = std::exchange(room_due_, false);
    lock.unlock();
    if (room) listener_.room();
    if (!self.joining.empty()) join_runs(self);
    for (std::size_t i = 0; i < self.size; ++i) perform(self, self.hand[i]);
    tell(self);
    lock.lock();
  }
  clear_hand(self);
}

void InProcessChannel::Pool::clear_hand(Worker& self) {
  for (std::size_t i = 0; i < self.size; ++i) {
    const auto found = in_hand_.find(run_key(self.hand[i].command()));
    if (found != in_hand_.end() && found->second == &self.hand[i]) in_hand_.erase(found);
  }
  self.size = 0;
}

bool InProcessChannel::Pool::take(Worker& self) {
  if (queued_ == 0) return take_over(self);
  // A short queue is shared out one by one, so that no command waits behind another in a hand
  // while a thread is free.
  const std::size_t share = std::clamp<std::size_t>(queued_ / (2 * workers_.size()), 1, hand_limit);
  for (std::size_t i = 0; i < share && queued_ > 0; ++i) take_next(self);
  return true;
}

void InProcessChannel::Pool::take_next(Worker& self) {
  if (turn_ >= turns_.size()) turn_ = 0;
  InProcessParticipant& participant = *turns_[turn_];
  WaitingCommand next = participant.queue.pop();
  --queued_;
  if (participant.queue.size() == 0) {
    turns_.erase(turns_.begin() + static_cast<std::ptrdiff_t>(turn_));
  } else {
    ++turn_;
  }
  note_room(participant);
  const auto running = in_hand_.find(run_key(next.command));
  if (running != in_hand_.end() && running->second->is_open()) {
    self.joining.push_back(std::move(next));
  } else {
    place(self, std::move(next), {});
  }
}

void InProcessChannel::Pool::note_room(InProcessParticipant& participant) {
  if (!participant.full || participant.queue.size() > queue_limit_ / 2) return;
  participant.full = false;
  room_due_ = true;
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
    for (std::size_t i = 0; i < other->size; ++i) {
      Run& run = other->hand[i];
      if (!run.take_away()) continue;
      place(self, std::move(run.waiting), std::move(run.later));
      return true;
    }
  }
  return false;
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

void InProcessChannel::Pool::perform(Worker& self, Run& run) {
  // In this order: close() sets the flag first and then looks for runs that have begun.
  if (!run.begin() || closing_) return;
  const Command& command = run.command();
  if (!run.waiting.announced) {
    self.reports.emplace_back(CommandSent{command.id.saga, command.attempt});
  }
  // With what the run before it came to: under load, one hand-over for each run.
  tell(self);
  Outcome outcome = answer(run);
  if (!run.finish()) {
    reply(self, command, std::move(outcome));
    return;
  }
  std::vector<Command> later;
  {
    const std::lock_guard lock(mutex_);
    later.swap(run.later);
  }
  reply(self, command, outcome);
  for (const Command& attempt : later) reply(self, attempt, outcome);
}

Outcome InProcessChannel::Pool::answer(const Run& run) {
  const Command& command = run.command();
  const InProcessParticipant& participant = registry_.find(command.participant);
  if (registry_.is_nobody(participant)) {
    const std::string message = "no participant " + command.participant + " in this process";
    // It may have been there in an earlier life of the engine, and have acted.
    return command.sent_before ? Outcome::unknown("NO_PARTICIPANT", message)
                               : Outcome::failed("NO_PARTICIPANT", message);
  }
  const auto found = participant.handlers.find(command.action);
  const Handler& handler = found == participant.handlers.end() ? participant.others : found->second;
  if (!handler) {
    return Outcome::failed("UNKNOWN_ACTION",
                           command.participant + " has no action " + command.action);
  }
  return call_handler(handler, HandlerCall(command, run.stop.get_token()));
}

void InProcessChannel::Pool::reply(Worker& self, const Command& command, Outcome outcome) {
  crash_point(CrashPoint::in_process_before_reply);
  self.reports.emplace_back(Reply{command.id.saga, command.attempt, {}, std::move(outcome), 0});
  self.reports.emplace_back(CommandConfirmed{command.position, command.id.saga, command.attempt});
}

void InProcessChannel::Pool::tell(Worker& self) {
  if (self.reports.empty()) return;
  const bool replies = self.reports.front().index() != 0 || self.reports.size() > 1;
  listener_.reported(self.reports);
  self.reports.clear();
  if (replies) crash_point(CrashPoint::in_process_replied);
}

void InProcessChannel::Pool::withdraw(const SagaId& saga, const AttemptRef& attempt) {
  std::stop_source stop(std::nostopstate);
  {
    const std::lock_guard lock(mutex_);
    const auto found = in_hand_.find({saga, attempt.step, attempt.direction});
    if (found != in_hand_.end()) {
      Run& run = *found->second;
      if (withdraw_from_hand(run, attempt)) return;
      if (run.command().attempt == attempt && run.is_running()) {
        run.stop_used = true;
        stop = run.stop;
      }
    }
    for (std::size_t i = 0; i < turns_.size() && !stop.stop_possible(); ++i) {
      if (!turns_[i]->queue.remove(saga, attempt)) continue;
      --queued_;
      note_room(*turns_[i]);
      if (room_due_) work_.notify_one();
      if (turns_[i]->queue.size() == 0) {
        turns_.erase(turns_.begin() + static_cast<std::ptrdiff_t>(i));
      }
      break;
    }
  }
  // Outside the lock, since the handler's stop callbacks run here.
  if (stop.stop_possible()) stop.request_stop();
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

bool InProcessChannel::Pool::complete(const CommandId& id, Outcome outcome) {
  // Until close() has taken this lock, the listener is there.
  const std::lock_guard reporting(complete_mutex_);
  if (closing_) return false;
  listener_.replied(
      Reply{id.saga, {no_step, id.direction, id.attempt}, id.step, std::move(outcome), 0});
  return true;
}

void InProcessChannel::Pool::close() {
  const std::lock_guard closing(close_mutex_);
  std::vector<std::stop_source> running;
  {
    const std::scoped_lock lock(complete_mutex_, mutex_);
    closing_ = true;
    for (InProcessParticipant* participant : turns_) participant->queue.clear();
    registry_.each([](InProcessParticipant& participant) { participant.full = false; });
    turns_.clear();
    queued_ = 0;
    for (auto& worker : workers_) {
      for (std::size_t i = 0; i < worker->size; ++i) {
        if (worker->hand[i].is_running()) running.push_back(worker->hand[i].stop);
      }
    }
  }
  for (auto& stop : running) stop.request_stop();
  work_.notify_all();
  threads_.clear();
}

}  // namespace skald

#include "in_process_pool.hpp"

#include <algorithm>
#include <utility>

#include "skald/crash_point.hpp"

namespace skald {

InProcessChannel::Pool::Pool(const Setting& setting, Registry& registry, ChannelListener& listener,
                             const Logger& log)
    : setting_(setting), registry_(registry), listener_(listener), log_(log) {
  for (std::size_t i = 0; i < setting_.threads; ++i) workers_.push_back(std::make_unique<Worker>());
  try {
    for (auto& worker : workers_) threads_.emplace_back([this, &worker] { work(*worker); });
    watcher_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
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
      // A later attempt of a key in hand needs no thread of its participant's share, which may be
      // used up by the very run that it waits for.
      if (command.attempt.attempt > 1) {
        const auto running = in_hand_.find(run_key(command));
        if (running != in_hand_.end() && running->second->is_open()) {
          joins_.push_back({std::move(command), false});
          continue;
        }
      }
      InProcessParticipant& participant = registry_.find(command.participant);
      enqueue(participant, {std::move(command), false});
    }
    wake = std::min(idle_, commands.size());
  }
  for (; wake > 0; --wake) work_.notify_one();
}

void InProcessChannel::Pool::work(Worker& self) {
  std::unique_lock lock(mutex_);
  while (!closing_) {
    const InProcessParticipant* const freed = clear_hand(self);
    const bool took = take(self);
    if (!took && !room_due_) {
      ++idle_;
      work_.wait(lock);
      --idle_;
      continue;
    }
    // An idle thread may have found nothing before, for want of the place that is free now.
    const bool place_left = freed != nullptr && idle_ > 0 && freed->has_thread_left();
    const bool room = std::exchange(room_due_, false);
    lock.unlock();
    if (place_left) work_.notify_one();
    if (room) listener_.room();
    if (!self.joining.empty()) join_runs(self);
    perform_hand(self);
    lock.lock();
  }
  static_cast<void>(clear_hand(self));
}

void InProcessChannel::Pool::perform_hand(Worker& self) {
  for (std::size_t i = 0; i < self.size; ++i) {
    const Clock::time_point now = Clock::now();
    if (i > 0 && now - self.taken_at > hand_time_max) {
      const std::lock_guard lock(mutex_);
      put_back(self);
      break;
    }
    self.hand[i].began.store(now, std::memory_order_relaxed);
    perform(self, self.hand[i]);
  }
  tell(self);
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
    if (!stop.stop_possible()) withdraw_from_queues(saga, attempt);
  }
  // Outside the lock, since the handler's stop callbacks run here.
  if (stop.stop_possible()) stop.request_stop();
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
    for (InProcessParticipant* participant : waiting_.all()) participant->queue.clear();
    registry_.each([](InProcessParticipant& participant) { participant.full = false; });
    turns_.clear();
    joins_.clear();
    for (auto& worker : workers_) {
      for (std::size_t i = 0; i < worker->size; ++i) {
        if (worker->hand[i].is_running()) running.push_back(worker->hand[i].stop);
      }
    }
  }
  for (auto& stop : running) stop.request_stop();
  work_.notify_all();
  threads_.clear();
  watcher_ = {};
  // Also of what a worker that was about to stop had put back.
  registry_.each([](InProcessParticipant& participant) { participant.forget_commands(); });
  waiting_.clear();
}

}  // namespace skald

// The threads of the in-process channel and the commands between send() and their replies.
//
// One lock guards queues, hands and the table of keys in hand. Participants take turns; under load
// a worker takes a handful of one participant's commands per lock. A participant holds no more
// threads than its share. A worker without work takes over what another holds but has not begun,
// and what stays in a hand for too long goes back to the head of its queue, so a slow handler
// delays nobody else's commands, and its own participant's only once the share is used up.
#pragma once

#include <array>
#include <condition_variable>
#include <deque>
#include <memory_resource>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "in_process_queue.hpp"
#include "in_process_run.hpp"

namespace skald {

class InProcessChannel::Pool {
 public:
  struct Setting {
    std::size_t threads = 1;
    std::size_t queue_limit = 1;
    Duration hung_after{1};
  };
  /// Borrows all but the setting.
  Pool(const Setting& setting, Registry& registry, ChannelListener& listener, const Logger& log);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  void send(std::vector<Command> commands);
  void withdraw(const SagaId& saga, const AttemptRef& attempt);
  /// Reports what a call that was `pending` came to; false when the pool is closing.
  [[nodiscard]] bool complete(const CommandId& id, Outcome outcome);
  /// Returns once no thread of the pool is left. Idempotent.
  void close();
  [[nodiscard]] bool is_closed() const { return closing_.load(); }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t hand_limit = 16;
  /// After it, what a worker holds and has not begun goes back to its queue.
  static constexpr std::chrono::milliseconds hand_time_max{10};
  struct Worker {
    std::array<Run, hand_limit> hand;             ///< Commands of one participant.
    std::size_t size = 0;                         ///< Of the hand, whatever became of its runs.
    InProcessParticipant* participant = nullptr;  ///< One of whose threads this is.
    Clock::time_point taken_at{};                 ///< The hand.
    std::vector<WaitingCommand> joining;  ///< Their key is in hand already, here or elsewhere.
    std::vector<ChannelReport> reports;   ///< To be told before the next handler begins.
  };

  void work(Worker& self);
  void perform_hand(Worker& self);
  void perform(Worker& self, Run& run);
  [[nodiscard]] Outcome answer(const Run& run);
  void reply(Worker& self, const Command& command, Outcome outcome);
  void tell(Worker& self);

  // Queues and hands (in_process_hands.cpp). Under the lock, except for join_runs().
  void enqueue(InProcessParticipant& participant, WaitingCommand&& command);
  void line_up(InProcessParticipant& participant);
  void note_room(InProcessParticipant& participant);
  /// Answers false when there is nothing that `self` may do.
  [[nodiscard]] bool take(Worker& self);
  void take_from(Worker& self, InProcessParticipant& participant);
  void take_next(Worker& self, InProcessParticipant& participant);
  [[nodiscard]] bool take_over(Worker& self);
  void hold(Worker& self, InProcessParticipant& participant);
  void place(Worker& self, WaitingCommand&& command, std::vector<Command>&& awaiting);
  void put_back(Worker& worker);
  void put_back_overdue(Clock::time_point now);
  /// Answers the participant that had all threads of its share until now, if that was so.
  [[nodiscard]] InProcessParticipant* clear_hand(Worker& self);
  void join_runs(Worker& self);
  [[nodiscard]] bool withdraw_from_hand(Run& run, const AttemptRef& attempt);
  void withdraw_from_queues(const SagaId& saga, const AttemptRef& attempt);

  // Handlers that hang (in_process_watch.cpp).
  void watch(const std::stop_token& stop);
  [[nodiscard]] std::vector<std::string> find_hung(Clock::time_point now);

  const Setting setting_;
  Registry& registry_;
  ChannelListener& listener_;
  const Logger& log_;

  std::mutex mutex_;
  std::condition_variable work_;
  std::deque<InProcessParticipant*> turns_;  ///< Those with commands and a thread left.
  WaitingParticipants waiting_;
  std::vector<WaitingCommand> joins_;  ///< Attempts whose key was in hand when they came.
  Clock::time_point looked_at_{};      ///< For hands that are overdue.
  std::size_t idle_ = 0;
  bool room_due_ = false;  ///< Some worker is to report room().
  std::pmr::unsynchronized_pool_resource memory_;
  std::pmr::unordered_map<RunKey, Run*, RunKeyHash> in_hand_{&memory_};
  std::atomic<bool> closing_{false};

  std::mutex complete_mutex_;
  std::mutex close_mutex_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::jthread> threads_;
  std::condition_variable_any watch_;
  std::jthread watcher_;
};

}  // namespace skald

// The threads of the in-process channel and the commands between send() and their replies.
//
// One lock guards queues, hands and the table of keys in hand. Under load a worker takes a handful
// of commands per lock; a worker without work takes over what another holds but has not begun, so
// a slow handler delays nobody else's commands.
#pragma once

#include <array>
#include <condition_variable>
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
  Pool(std::size_t threads, std::size_t queue_limit, Registry& registry, ChannelListener& listener);
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
  static constexpr std::size_t hand_limit = 16;
  struct Worker {
    std::array<Run, hand_limit> hand;
    std::size_t size = 0;                 ///< Of the hand, whatever became of its runs.
    std::vector<WaitingCommand> joining;  ///< Their key is in hand already, here or elsewhere.
    std::vector<ChannelReport> reports;   ///< To be told before the next handler begins.
  };

  void work(Worker& self);
  void enqueue(InProcessParticipant& participant, WaitingCommand&& command);
  [[nodiscard]] bool take(Worker& self);
  void take_next(Worker& self);
  [[nodiscard]] bool take_over(Worker& self);
  void place(Worker& self, WaitingCommand&& command, std::vector<Command>&& awaiting);
  void note_room(InProcessParticipant& participant);
  void clear_hand(Worker& self);
  void join_runs(Worker& self);
  void perform(Worker& self, Run& run);
  [[nodiscard]] Outcome answer(const Run& run);
  void reply(Worker& self, const Command& command, Outcome outcome);
  void tell(Worker& self);
  [[nodiscard]] bool withdraw_from_hand(Run& run, const AttemptRef& attempt);

  const std::size_t queue_limit_;
  Registry& registry_;
  ChannelListener& listener_;

  std::mutex mutex_;
  std::condition_variable work_;
  std::vector<InProcessParticipant*> turns_;  ///< Those with commands; served in turn.
  std::size_t turn_ = 0;
  std::size_t queued_ = 0;
  std::size_t idle_ = 0;
  bool room_due_ = false;  ///< Some worker is to report room().
  std::pmr::unsynchronized_pool_resource memory_;
  std::pmr::unordered_map<RunKey, Run*, RunKeyHash> in_hand_{&memory_};
  std::atomic<bool> closing_{false};

  std::mutex complete_mutex_;
  std::mutex close_mutex_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::jthread> threads_;
};

}  // namespace skald

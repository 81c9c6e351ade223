// What lies between the threads of a participant: commands to carry out, replies to publish,
// deliveries to acknowledge.
//
// Each thread takes what is for it and leaves what is for the next. Everything is bounded by the
// prefetch, since a delivery stays unacknowledged until its reply was confirmed.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <vector>

#include "skald/wire.hpp"

namespace skald {

/// A delivery, among those of all connections there have been.
struct DeliveryRef {
  std::uint64_t connection = 0;
  std::uint64_t tag = 0;
};

struct Task {
  DeliveryRef delivery;
  WireMessage message;
  ReceivedCommand command;
};

/// How much of a reply is sent: less each time that it cannot be published.
enum class LetterForm : std::uint8_t {
  whole,
  few_headers,  ///< Only those that name the command.
  brief,        ///< And no output, error data or long message.
};

struct Letter {
  DeliveryRef delivery;
  std::string reply_to;
  WireMessage message;
  LetterForm form = LetterForm::whole;
};

/// Thread-safe.
class ParticipantDesk {
 public:
  using StandsAlone = std::function<bool(const Task&)>;

  /// `stands_alone` tells tasks that are not to share a transaction. The other functions are called
  /// when there are new letters, and when there is something to acknowledge.
  ParticipantDesk(StandsAlone stands_alone, std::function<void()> wake_publisher,
                  std::function<void()> wake_consumer);

  /// Consumer: new commands. Dropped once the desk is closing: they go back to their queue.
  void put_tasks(std::vector<Task> tasks);
  /// Consumer: the connection of these deliveries is gone; forgets the tasks nobody has begun.
  void drop_tasks();
  /// Worker: waits for a task, and takes the oldest if it stands alone, otherwise all that do not.
  /// Those share a transaction, and until end_transaction() no other worker is given any: what
  /// comes meanwhile makes the next transaction, instead of many small ones that take turns. Empty
  /// once `stop` is requested.
  [[nodiscard]] std::vector<Task> take_tasks(const std::stop_token& stop);
  /// Worker: what it did with the tasks that it took is committed.
  void end_transaction(const std::vector<Task>& tasks);

  /// Worker: the replies to its tasks; without `reply_to` they are settled at once.
  void put_letters(std::vector<Letter> letters);
  /// Consumer: a reply to a command that needs no handler.
  void put_letter(Letter letter);
  /// Publisher.
  [[nodiscard]] std::deque<Letter> take_letters();
  /// Publisher: the replies to these are confirmed.
  void settle(const std::vector<DeliveryRef>& deliveries);
  /// Consumer: what may be acknowledged. The consumer then calls done().
  [[nodiscard]] std::vector<DeliveryRef> take_settled();
  void done(std::size_t deliveries);

  /// No further tasks are taken or given out.
  void close();
  /// Waits until every task that was begun is done, at most until `deadline`.
  void wait_until_done(std::chrono::steady_clock::time_point deadline);

 private:
  // Under the mutex: the oldest task that may be begun now.
  [[nodiscard]] std::deque<Task>::iterator next_task();

  const StandsAlone stands_alone_;
  std::function<void()> wake_publisher_;
  std::function<void()> wake_consumer_;
  std::mutex mutex_;
  std::condition_variable_any tasks_come_;
  std::condition_variable all_done_;
  std::deque<Task> tasks_;
  std::deque<Letter> letters_;
  std::vector<DeliveryRef> settled_;
  std::size_t begun_ = 0;  // tasks taken, and replies put by the consumer, that are not done
  bool sharing_ = false;   // a worker has tasks that share a transaction
  bool closing_ = false;
};

}  // namespace skald

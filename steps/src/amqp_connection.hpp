// One connection to the broker with one channel, used by exactly one thread.
//
// The traps of librabbitmq are dealt with here and nowhere else: heartbeats are looked after before
// each publish, a peer that stops reading is cut off by a watchdog through SocketGuard, a failed
// connection is dropped without the polite close, which can hang. Frames are put together here, so
// that no call waits for the rest of a message.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "amqp_socket.hpp"
#include "librabbitmq.hpp"
#include "skald/amqp_options.hpp"
#include "skald/amqp_queues.hpp"
#include "skald/error.hpp"
#include "skald/wire.hpp"

namespace skald {

struct Delivered {
  std::uint64_t tag = 0;
  std::string consumer;  ///< The tag given to consume().
  bool redelivered = false;
  WireMessage message;
};
struct Returned {
  std::string reason;  ///< `NO_ROUTE`.
  std::string routing_key;
  WireMessage message;
};
struct Confirmed {
  std::uint64_t tag = 0;
  bool multiple = false;
  bool taken = true;  ///< False: the broker could not keep it (nack).
};
struct Blocked {
  std::string reason;
};
struct Unblocked {};
using AmqpEvent = std::variant<Delivered, Returned, Confirmed, Blocked, Unblocked>;

struct QueueArguments {
  QueueType type = QueueType::quorum;
  std::string dead_letter_exchange = {};  ///< Empty: none.
  /// Deliveries before the broker drops or dead-letters a message; -1: any number, for brokers that
  /// limit by themselves. 0: not stated: none before RabbitMQ 4, then 20. Quorum queues only.
  std::int64_t delivery_limit = 0;
  bool single_active_consumer = false;
};

/// What check_may_publish() found out: the broker is blocked and will not answer, or it has not
/// answered within the limit.
enum class ProbeAnswer : std::uint8_t { allowed, blocked, none };

/// A delivery or return whose body is still coming in. Not inside the connection: clang 16 could
/// not make an optional of it there.
struct AmqpAssembly {
  std::variant<Delivered, Returned> event;
  WireMessage message;
  std::uint64_t bytes_left = 0;
  bool has_header = false;
};

class AmqpConnection {
 public:
  /// Connects, logs in and opens the channel. `purpose` names the connection in the broker's
  /// lists. \throws ConnectionLost when the broker is away, ChannelError when it refuses.
  AmqpConnection(const AmqpOptions& options, const std::string& purpose, SocketGuard& guard);
  ~AmqpConnection();
  AmqpConnection(const AmqpConnection&) = delete;
  AmqpConnection& operator=(const AmqpConnection&) = delete;

  /// Declaring, binding and consuming: \throws AccessRefused when the user lacks the right.
  void declare_exchange(const std::string& name, const std::string& kind);
  /// Needs no right.
  [[nodiscard]] bool exchange_exists(const std::string& name);
  /// Answers how many messages wait in the queue.
  std::uint32_t declare_queue(const std::string& name, const QueueArguments& arguments);
  /// Whether a quorum queue for which nothing is stated has a delivery limit: RabbitMQ from 4.0 on.
  [[nodiscard]] bool limits_deliveries() const;
  /// What is in the queue and who takes it; nothing when there is no such queue. Needs no right.
  [[nodiscard]] std::optional<QueueState> inspect_queue(const std::string& name);
  void bind_queue(const std::string& queue, const std::string& exchange,
                  const std::string& routing_key);
  /// Finds out whether the user may publish to this exchange, by a message that no queue takes: it
  /// comes back. Before select_confirms(). \throws AccessRefused
  [[nodiscard]] ProbeAnswer check_may_publish(const std::string& exchange,
                                              std::chrono::milliseconds limit);
  void select_confirms();
  void consume(const std::string& queue, const std::string& consumer, std::uint16_t prefetch);

  /// Publishes, persistent; answers the number by which it will be confirmed, counted from 1 on
  /// each channel. \throws UnsendableMessage before anything of it is sent.
  std::uint64_t publish(const std::string& exchange, const std::string& routing_key, bool mandatory,
                        const WireMessage& message);
  /// After MessageRefused and AccessRefused: a new channel on the same connection, without confirms
  /// and consumers.
  void reopen_channel();
  /// After UnreadableDelivery: rejects the message and closes the connection behind it, waiting a
  /// moment for the broker to take note.
  void reject_and_hang_up(std::uint64_t tag);
  /// For HeldWrites, around several publishes or acknowledgements.
  [[nodiscard]] int socket() { return amqp_get_sockfd(state_.get()); }
  void ack(std::uint64_t tag, bool multiple);
  /// Never requeues: the message goes to the dead letters, or away.
  void reject(std::uint64_t tag);
  /// Gives the message back to its queue.
  void requeue(std::uint64_t tag);

  /// The next event that is there already; looks after heartbeats.
  [[nodiscard]] std::optional<AmqpEvent> next();
  /// The next event that was read already, by publish(); reads nothing.
  [[nodiscard]] std::optional<AmqpEvent> next_read();
  /// Blocks until next() may have something, `wake` is readable, or `limit` has passed; wakes up by
  /// itself often enough for heartbeats when next() is called after each return.
  void wait(int wake, std::chrono::milliseconds limit);

  /// Says goodbye, so that the broker takes note of acks just sent.
  void close();

 private:
  // Only one channel is ever opened.
  static constexpr amqp_channel_t the_channel = 1;

  void connect(const AmqpOptions& options);
  void log_in(const AmqpOptions& options, const std::string& purpose);
  void open_channel();
  [[nodiscard]] bool found(const char* what, const std::string& name);
  void check(int status, const std::string& operation) const;
  void check_reply(const amqp_rpc_reply_t& reply, const std::string& operation) const;
  std::optional<AmqpEvent> read_event();
  [[noreturn]] void throw_unreadable(int status) const;
  std::optional<AmqpEvent> take_frame(const amqp_frame_t& frame);
  std::optional<AmqpEvent> take_method(const amqp_method_t& method);
  std::optional<AmqpEvent> take_header(const amqp_frame_t& frame);
  std::optional<AmqpEvent> take_body(const amqp_frame_t& frame);

  // Drops a connection without a word: the polite way can hang.
  struct Drop {
    SocketGuard* guard;
    void operator()(amqp_connection_state_t state) const;
  };

  SocketGuard& guard_;
  const std::string peer_;  // for messages; without the password
  const std::size_t body_bytes_kept_;
  const std::chrono::milliseconds heartbeat_;
  std::unique_ptr<amqp_connection_state_t_, Drop> state_;
  std::uint64_t published_ = 0;
  std::chrono::steady_clock::time_point heartbeat_checked_at_{};
  std::deque<AmqpEvent> early_;  // read while heartbeats were looked after
  std::vector<amqp_table_entry_t> header_entries_;
  std::optional<AmqpAssembly> assembly_;
};

}  // namespace skald

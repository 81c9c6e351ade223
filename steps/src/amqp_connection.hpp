// One connection to the broker with one channel, used by exactly one thread.
//
// The traps of librabbitmq are dealt with here and nowhere else: heartbeats are looked after before
// each publish, a peer that stops reading is cut off by a watchdog through SocketGuard, a failed
// connection is dropped without the polite close, which can hang. Frames are put together here, so
// that no call waits for the rest of a message.
#pragma once

#include <amqp.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

#include "skald/amqp_options.hpp"
#include "skald/error.hpp"
#include "skald/wire.hpp"

namespace skald {

/// The connection is gone, or could not be made just now: trying again may help. A plain
/// ChannelError from this class means that it will not help (refused login, other arguments).
class ConnectionLost : public ChannelError {
 public:
  using ChannelError::ChannelError;
};

/// Lets other threads cut a connection off while its own thread is blocked in it. Outlives the
/// connections that it guards, one after the other. Thread-safe.
class SocketGuard {
 public:
  /// Shuts the socket down, if there is one: calls that are blocked in it fail.
  void cut();
  /// cut(), now and for every connection to come: for shutting down.
  void close_for_good();
  [[nodiscard]] bool closed_for_good() const;
  /// cut() when the guarded thread has been inside one call for longer than `limit`.
  bool cut_if_blocked(std::chrono::milliseconds limit);

 private:
  friend class AmqpConnection;
  friend class GuardedCall;
  void watch(int socket);
  void forget();

  mutable std::mutex mutex_;
  int socket_ = -1;
  bool closed_for_good_ = false;
  std::atomic<std::int64_t> busy_since_ms_{0};  // 0: not inside a call that can block
};

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
  std::string dead_letter_exchange;  ///< Empty: none.
  std::int64_t delivery_limit = 0;   ///< 0: none. Quorum queues only.
  bool single_active_consumer = false;
};

class AmqpConnection {
 public:
  /// Connects, logs in and opens the channel. `purpose` names the connection in the broker's
  /// lists. \throws ConnectionLost when the broker is away, ChannelError when it refuses.
  AmqpConnection(const AmqpOptions& options, const std::string& purpose, SocketGuard& guard);
  /// Drops the connection without a word.
  ~AmqpConnection();
  AmqpConnection(const AmqpConnection&) = delete;
  AmqpConnection& operator=(const AmqpConnection&) = delete;

  void declare_exchange(const std::string& name, const std::string& kind);
  void declare_queue(const std::string& name, const QueueArguments& arguments);
  void bind_queue(const std::string& queue, const std::string& exchange,
                  const std::string& routing_key);
  void select_confirms();
  void consume(const std::string& queue, const std::string& consumer, std::uint16_t prefetch);

  /// Publishes, persistent; answers the number by which it will be confirmed.
  std::uint64_t publish(const std::string& exchange, const std::string& routing_key, bool mandatory,
                        const WireMessage& message);
  void ack(std::uint64_t tag, bool multiple);
  /// Never requeues: the message goes to the dead letters, or away.
  void reject(std::uint64_t tag);
  /// Gives the message back to its queue.
  void requeue(std::uint64_t tag);

  /// The next event that is there already; looks after heartbeats.
  [[nodiscard]] std::optional<AmqpEvent> next();
  /// Blocks until next() may have something, `wake` is readable, or `limit` has passed; wakes up by
  /// itself often enough for heartbeats when next() is called after each return.
  void wait(int wake, std::chrono::milliseconds limit);

  /// Says goodbye, so that the broker takes note of acks just sent.
  void close();

 private:
  struct Assembly;  // a delivery or return whose body is still coming in

  void open(const AmqpOptions& options, const std::string& purpose);
  void check(int status, const char* operation);
  void check_reply(const amqp_rpc_reply_t& reply, const std::string& operation);
  [[noreturn]] void fail(int status, const std::string& operation);
  std::optional<AmqpEvent> take_frame(const amqp_frame_t& frame);
  std::optional<AmqpEvent> take_method(const amqp_method_t& method);
  std::optional<AmqpEvent> finish_assembly();

  SocketGuard& guard_;
  amqp_connection_state_t state_ = nullptr;
  std::string peer_;  // for messages; without the password
  std::size_t body_limit_;
  std::chrono::milliseconds heartbeat_;
  std::uint64_t published_ = 0;
  std::chrono::steady_clock::time_point checked_at_{};
  std::unique_ptr<Assembly> assembly_;
};

}  // namespace skald

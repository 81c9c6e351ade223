// A thread that keeps one connection to the broker alive and works on it.
//
// The work is given as a function that is called with each new connection, and ends by returning
// (when asked to stop) or by throwing (when the connection is lost). Each attempt goes to the next
// of the broker's hosts. After a round of all of them the thread waits with a back-off, doubled
// with each round and shortened by chance, so that a broker that comes back is not met by everybody
// at the same instant.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "amqp_connection.hpp"
#include "amqp_socket.hpp"
#include "deep_thread.hpp"
#include "skald/orchestrator.hpp"
#include "wake_signal.hpp"

namespace skald {

class AmqpSession {
 public:
  using Work = std::function<void(AmqpConnection&)>;

  /// Borrows the options and the logger.
  AmqpSession(const AmqpOptions& options, std::string purpose, const Logger& log);
  ~AmqpSession();
  AmqpSession(const AmqpSession&) = delete;
  AmqpSession& operator=(const AmqpSession&) = delete;

  void start(Work work);

  /// Waits until the first attempt to connect, to each host when they are away, has come to an end,
  /// at most `limit`. The sentence of the refusal, when the broker refused; nothing when it went
  /// well, or the broker is away.
  [[nodiscard]] std::optional<std::string> first_refusal(std::chrono::milliseconds limit);

  /// Any thread: makes wait() return. Coming before wait() is early enough.
  void wake() { wake_.raise(); }

  /// Asks the thread to end; it says goodbye to the broker when it is connected.
  void ask_to_stop();
  /// Waits for the end, at most until `deadline`, then cuts the connection off. Ends the thread.
  void stop(std::chrono::steady_clock::time_point deadline);

  [[nodiscard]] SocketGuard& guard() { return guard_; }

  /// For the work, on the session's thread.
  [[nodiscard]] bool stopping() const { return stopping_.load(std::memory_order_relaxed); }
  /// The connection is set up: what came before was the attempt to connect.
  void set_up();
  /// The host that this connection goes to, for people.
  [[nodiscard]] const std::string& peer() const { return peer_; }
  /// Forgets earlier wake() calls: to be called before looking for what they announced.
  void clear_wake() { wake_.clear(); }
  /// Waits for the connection or for wake().
  void wait(AmqpConnection& connection, std::chrono::milliseconds limit) {
    connection.wait(wake_.fd(), limit);
  }

 private:
  void run(const Work& work);
  void work_on_next_host(const Work& work);
  void go_to_next_host();
  void note_failure(LogLevel level, const std::string& sentence, bool refused);
  void back_off();

  const AmqpOptions& options_;
  const std::string purpose_;
  const Logger& log_;
  SocketGuard guard_;
  WakeSignal wake_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> connected_{false};
  Duration delay_;
  // The session's thread only.
  struct Host {
    AmqpHost address;
    std::string last_failure{};  // since the last good connection
  };
  std::vector<Host> hosts_;
  std::size_t current_ = 0;  // in hosts_
  std::size_t tried_in_round_ = 0;
  std::string peer_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool tried_ = false;  // the first attempt has come to an end
  bool ended_ = true;
  std::optional<std::string> refusal_;
  std::unique_ptr<DeepThread> thread_;
};

}  // namespace skald

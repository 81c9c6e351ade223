// How to reach a RabbitMQ broker, and how to treat it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "skald/time.hpp"
#include "skald/wire.hpp"

namespace skald {

/// Kind of all queues. Both sides must agree: the broker refuses a queue with other arguments.
enum class QueueType : std::uint8_t { quorum, classic };

/// Hosts in one address.
inline constexpr std::size_t amqp_hosts_max = 32;

struct AmqpTls {
  bool enabled = false;
  std::string ca_file;    ///< PEM; empty: the system's authorities.
  std::string cert_file;  ///< PEM, with key_file: the client's certificate; empty: none.
  std::string key_file;
  bool verify_peer = true;
  bool verify_hostname = true;
};

/// Where one node of a broker listens.
struct AmqpHost {
  std::string name;
  std::uint16_t port = 5672;

  /// `name:port`; an IPv6 address in brackets.
  [[nodiscard]] std::string to_string() const;
  friend bool operator==(const AmqpHost&, const AmqpHost&) = default;
};

struct AmqpOptions {
  std::string host = "localhost";
  std::uint16_t port = 5672;
  /// Further nodes of the same cluster. Each attempt to connect goes to the next one, the back-off
  /// comes after a whole round. Empty: there is only one.
  std::vector<AmqpHost> other_hosts;
  std::string user = "guest";
  std::string password = "guest";  ///< Never appears in messages or logs.
  std::string vhost = "/";
  AmqpTls tls;

  std::string prefix = "skald";  ///< Of all exchanges and queues.
  QueueType queue_type = QueueType::quorum;

  std::chrono::seconds heartbeat{10};    ///< A silent broker is given up after two of these.
  Duration connect_timeout{5'000};       ///< Also of each call that waits for an answer.
  Duration reconnect_delay{200};         ///< After the first loss; doubles with each failure,
  Duration reconnect_delay_max{15'000};  ///< up to this, less a random part of up to a half.

  /// Published for so long and not confirmed, although the broker is not blocked: the connection is
  /// given up, and what was not confirmed is published again on the next.
  Duration confirm_timeout{30'000};
  /// The same on a connection that was made after a loss, until it has proved to be good: RabbitMQ
  /// can leave a channel without confirms when a queue's leader dies together with the client's
  /// node. Such a channel is also given up when it refuses (nacks) a message.
  Duration trial_confirm_timeout{2'000};

  std::size_t outgoing_limit = 8192;  ///< Commands queued or unconfirmed; more wait in the store.
  std::size_t unconfirmed_limit = 2048;  ///< Commands published and not confirmed.
  std::uint16_t prefetch = 1024;         ///< Replies delivered and not yet committed.
  std::uint32_t frame_bytes_max = 131'072;
  WireLimits limits;

  /// Reads `amqp://user:password@host:port/vhost` or `amqps://…`, parts percent-encoded. Up to
  /// amqp_hosts_max hosts may stand there, each with its port or without: `a:5672,b:5672,c`.
  /// Settings may follow as a query: `heartbeat` (seconds), `prefix`, `queue_type`
  /// (quorum|classic), `prefetch`, `confirm_timeout` (seconds), `cacertfile`, `certfile`,
  /// `keyfile`, `verify` (verify_peer|verify_none). \throws ChannelError that names the part at
  /// fault and repeats nothing of the text.
  [[nodiscard]] static AmqpOptions parse(std::string_view url);

  /// Reads the URL from `$SKALD_AMQP_URL`, or from the file named by `$SKALD_AMQP_URL_FILE`, which
  /// others may not read (secret_file.hpp). \throws ChannelError when neither is set or usable.
  [[nodiscard]] static AmqpOptions from_environment();

  /// The address for people: with every host and without the password.
  [[nodiscard]] std::string describe() const;

  /// `host` and `other_hosts`, in the order in which they are tried.
  [[nodiscard]] std::vector<AmqpHost> hosts() const;
  /// The same options for a connection to this host alone.
  [[nodiscard]] AmqpOptions at(const AmqpHost& one) const;
};

}  // namespace skald

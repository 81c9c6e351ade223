// How to reach a RabbitMQ broker, and how to treat it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "skald/time.hpp"
#include "skald/wire.hpp"

namespace skald {

/// Kind of all queues. Both sides must agree: the broker refuses a queue with other arguments.
enum class QueueType : std::uint8_t { quorum, classic };

struct AmqpTls {
  bool enabled = false;
  std::string ca_file;    ///< PEM; empty: the system's authorities.
  std::string cert_file;  ///< PEM, with key_file: the client's certificate; empty: none.
  std::string key_file;
  bool verify_peer = true;
  bool verify_hostname = true;
};

struct AmqpOptions {
  std::string host = "localhost";
  std::uint16_t port = 5672;
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

  std::size_t outgoing_limit = 8192;  ///< Commands queued or unconfirmed; more wait in the store.
  std::size_t unconfirmed_limit = 2048;  ///< Commands published and not confirmed.
  std::uint16_t prefetch = 1024;         ///< Replies delivered and not yet committed.
  std::uint32_t frame_bytes_max = 131'072;
  WireLimits limits;

  /// Reads `amqp://user:password@host:port/vhost` or `amqps://…`, parts percent-encoded. Settings
  /// may follow as a query: `heartbeat` (seconds), `prefix`, `queue_type` (quorum|classic),
  /// `prefetch`, `confirm_timeout` (seconds), `cacertfile`, `certfile`, `keyfile`, `verify`
  /// (verify_peer|verify_none). \throws ChannelError that names the part at fault and repeats
  /// nothing of the text.
  [[nodiscard]] static AmqpOptions parse(std::string_view url);

  /// Reads the URL from `$SKALD_AMQP_URL`, or from the file named by `$SKALD_AMQP_URL_FILE`, which
  /// others may not read (secret_file.hpp). \throws ChannelError when neither is set or usable.
  [[nodiscard]] static AmqpOptions from_environment();

  /// The address for people: without the password.
  [[nodiscard]] std::string describe() const;
};

}  // namespace skald

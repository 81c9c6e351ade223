#include "amqp_connection.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "amqp_bytes.hpp"
#include "amqp_failure.hpp"

namespace skald {

namespace {

// How long heartbeats may go unlooked-after between two publishes.
constexpr std::chrono::milliseconds heartbeat_check_interval{1};
constexpr int looks_per_heartbeat = 8;
// A goodbye is a courtesy: it must not hold up a shutdown.
constexpr std::chrono::milliseconds goodbye_timeout{400};

}  // namespace

std::uint64_t AmqpConnection::publish(const std::string& exchange, const std::string& routing_key,
                                      bool mandatory, const WireMessage& message) {
  // A publish hangs once the peer was silent for two heartbeats, unless a read notices it first.
  const auto now = std::chrono::steady_clock::now();
  if (now - heartbeat_checked_at_ >= heartbeat_check_interval) {
    while (auto event = read_event()) early_.push_back(std::move(*event));
  }
  const auto frame_bytes_max = static_cast<std::size_t>(amqp_get_frame_max(state_.get()));
  if (const auto problem = amqp::publish_problem(exchange, routing_key, message, frame_bytes_max)) {
    throw UnsendableMessage(*problem);
  }
  const GuardedCall call(guard_);
  const amqp_basic_properties_t properties = amqp::properties_of(message, header_entries_);
  check(
      amqp_basic_publish(state_.get(), the_channel, amqp::bytes(exchange), amqp::bytes(routing_key),
                         mandatory ? 1 : 0, 0, &properties, amqp::bytes(message.body)),
      "publishing");
  return ++published_;
}

void AmqpConnection::ack(std::uint64_t tag, bool multiple) {
  const GuardedCall call(guard_);
  check(amqp_basic_ack(state_.get(), the_channel, tag, multiple ? 1 : 0), "acknowledging");
}

void AmqpConnection::reject(std::uint64_t tag) {
  const GuardedCall call(guard_);
  check(amqp_basic_reject(state_.get(), the_channel, tag, 0), "rejecting");
}

void AmqpConnection::requeue(std::uint64_t tag) {
  const GuardedCall call(guard_);
  check(amqp_basic_reject(state_.get(), the_channel, tag, 1), "giving back");
}

void AmqpConnection::reopen_channel() {
  const GuardedCall call(guard_);
  amqp_channel_close_ok_t agreed{};
  check(amqp_send_method(state_.get(), the_channel, AMQP_CHANNEL_CLOSE_OK_METHOD, &agreed),
        "closing a channel");
  open_channel();
  published_ = 0;
  early_.clear();
  assembly_.reset();
}

void AmqpConnection::reject_and_hang_up(std::uint64_t tag) {
  reject(tag);
  // Closing with unread data would reset the connection, and the rejection might be lost with it.
  const int socket = amqp_get_sockfd(state_.get());
  ::shutdown(socket, SHUT_WR);
  const auto deadline = std::chrono::steady_clock::now() + goodbye_timeout;
  std::array<char, 4096> unread;
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd ready{socket, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) return;
    if (::recv(socket, unread.data(), unread.size(), 0) <= 0) return;
  }
}

void AmqpConnection::wait(int wake, std::chrono::milliseconds limit) {
  if (!early_.empty() || amqp_frames_enqueued(state_.get()) != 0 ||
      amqp_data_in_buffer(state_.get()) != 0) {
    return;
  }
  // Silence is to be noticed soon after the second heartbeat, not half a heartbeat later.
  const auto longest = std::min(limit, heartbeat_ / looks_per_heartbeat);
  pollfd ready[] = {{amqp_get_sockfd(state_.get()), POLLIN, 0}, {wake, POLLIN, 0}};
  // Whatever poll() says, next() finds out: an interruption is as good as an event.
  ::poll(ready, wake < 0 ? 1 : 2, static_cast<int>(std::max<std::int64_t>(longest.count(), 0)));
}

void AmqpConnection::close() {
  const timeval timeout = to_timeval(goodbye_timeout);
  amqp_set_rpc_timeout(state_.get(), &timeout);
  amqp_connection_close(state_.get(), AMQP_REPLY_SUCCESS);
}

void AmqpConnection::check(int status, const std::string& operation) const {
  if (status != AMQP_STATUS_OK) throw_status(peer_, operation, status);
}

void AmqpConnection::check_reply(const amqp_rpc_reply_t& reply,
                                 const std::string& operation) const {
  if (reply.reply_type == AMQP_RESPONSE_NORMAL) return;
  if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION) {
    throw_closed(peer_, operation, reply.reply);
  }
  throw_status(peer_, operation,
               reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION ? reply.library_error
                                                                   : AMQP_STATUS_UNEXPECTED_STATE);
}

}  // namespace skald

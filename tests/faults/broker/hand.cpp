#include "hand.hpp"

#include <fmt/format.h>

#include <utility>

#include "skald/error.hpp"

namespace skald::faults {
namespace {

constexpr amqp_channel_t channel = 1;
constexpr int frame_bytes_max = 131'072;
constexpr std::chrono::seconds confirm_limit{20};

amqp_bytes_t bytes(const std::string& text) { return amqp_cstring_bytes(text.c_str()); }

}  // namespace

BrokerHand::BrokerHand(const AmqpOptions& direct) : state_(amqp_new_connection()) {
  amqp_socket_t* socket = amqp_tcp_socket_new(state_.get());
  if (amqp_socket_open(socket, direct.host.c_str(), direct.port) != AMQP_STATUS_OK) {
    throw ChannelError("cannot reach the broker by hand");
  }
  const amqp_rpc_reply_t logged_in =
      amqp_login(state_.get(), direct.vhost.c_str(), 0, frame_bytes_max, 0, AMQP_SASL_METHOD_PLAIN,
                 direct.user.c_str(), direct.password.c_str());
  if (logged_in.reply_type != AMQP_RESPONSE_NORMAL) {
    throw ChannelError("the broker refused the login by hand");
  }
  amqp_channel_open(state_.get(), channel);
  check("opening a channel");
}

void BrokerHand::check(const std::string& operation) {
  const amqp_rpc_reply_t reply = amqp_get_rpc_reply(state_.get());
  if (reply.reply_type == AMQP_RESPONSE_NORMAL) return;
  throw ChannelError(fmt::format("the broker refused {} by hand", operation));
}

std::uint64_t BrokerHand::purge(const std::string& queue) {
  const auto* done = amqp_queue_purge(state_.get(), channel, bytes(queue));
  check("purging " + queue);
  return done->message_count;
}

std::uint64_t BrokerHand::remove(const std::string& queue) {
  const auto* done = amqp_queue_delete(state_.get(), channel, bytes(queue), 0, 0);
  check("deleting " + queue);
  return done->message_count;
}

std::uint64_t BrokerHand::depth(const std::string& queue) {
  const auto* declared =
      amqp_queue_declare(state_.get(), channel, bytes(queue), 1, 1, 0, 0, amqp_empty_table);
  check("looking at " + queue);
  return declared->message_count;
}

Forger::Forger(const AmqpOptions& direct, std::string queue)
    : queue_(std::move(queue)), connection_(direct, "a forger", guard_) {
  connection_.select_confirms();
}

void Forger::publish(const WireMessage& message) {
  last_ = connection_.publish("", queue_, false, message);
}

void Forger::await_confirms() {
  const auto until = std::chrono::steady_clock::now() + confirm_limit;
  std::uint64_t confirmed = 0;
  while (confirmed < last_) {
    const auto event = connection_.next();
    if (!event) {
      if (std::chrono::steady_clock::now() > until) throw ChannelError("the forger is not heard");
      connection_.wait(-1, std::chrono::milliseconds{100});
      continue;
    }
    const auto* done = std::get_if<Confirmed>(&*event);
    if (done != nullptr) confirmed = std::max(confirmed, done->tag);
  }
}

}  // namespace skald::faults

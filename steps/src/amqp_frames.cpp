// What the broker sends, put together from frames.
#include <fmt/format.h>

#include <algorithm>

#include "amqp_bytes.hpp"
#include "amqp_connection.hpp"
#include "amqp_failure.hpp"

namespace skald {

std::optional<AmqpEvent> AmqpConnection::next() {
  return early_.empty() ? read_event() : next_read();
}

std::optional<AmqpEvent> AmqpConnection::next_read() {
  if (early_.empty()) return std::nullopt;
  AmqpEvent event = std::move(early_.front());
  early_.pop_front();
  return event;
}

// Only decoding fails so: a connection that breaks has other codes.
void AmqpConnection::throw_unreadable(int status) const {
  const auto* delivered =
      assembly_ && !assembly_->has_header ? std::get_if<Delivered>(&assembly_->event) : nullptr;
  if (delivered == nullptr) throw_status(peer_, "reading", status);
  throw UnreadableDelivery(
      fmt::format("a message from {} cannot be read: its headers do not fit into a frame of {} "
                  "bytes, or are nested too deeply; it is taken out of its queue",
                  peer_, amqp_get_frame_max(state_.get())),
      delivered->tag, delivered->consumer);
}

std::optional<AmqpEvent> AmqpConnection::read_event() {
  for (;;) {
    amqp_frame_t frame{};
    const timeval at_once{0, 0};
    const int status = amqp_simple_wait_frame_noblock(state_.get(), &frame, &at_once);
    if (status == AMQP_STATUS_TIMEOUT) {
      heartbeat_checked_at_ = std::chrono::steady_clock::now();
      return std::nullopt;
    }
    if (status == AMQP_STATUS_BAD_AMQP_DATA) throw_unreadable(status);
    check(status, "reading");
    auto event = take_frame(frame);
    amqp_maybe_release_buffers(state_.get());
    if (event) return event;
  }
}

std::optional<AmqpEvent> AmqpConnection::take_frame(const amqp_frame_t& frame) {
  switch (frame.frame_type) {
    case AMQP_FRAME_METHOD: return take_method(frame.payload.method);
    case AMQP_FRAME_HEADER: return take_header(frame);
    case AMQP_FRAME_BODY: return take_body(frame);
    default: return std::nullopt;
  }
}

std::optional<AmqpEvent> AmqpConnection::take_method(const amqp_method_t& method) {
  switch (method.id) {
    case AMQP_BASIC_ACK_METHOD: {
      const auto* ack = static_cast<const amqp_basic_ack_t*>(method.decoded);
      return Confirmed{ack->delivery_tag, ack->multiple != 0, true};
    }
    case AMQP_BASIC_NACK_METHOD: {
      const auto* nack = static_cast<const amqp_basic_nack_t*>(method.decoded);
      return Confirmed{nack->delivery_tag, nack->multiple != 0, false};
    }
    case AMQP_BASIC_DELIVER_METHOD: {
      const auto* deliver = static_cast<const amqp_basic_deliver_t*>(method.decoded);
      assembly_.emplace();
      assembly_->event = Delivered{
          deliver->delivery_tag, amqp::text(deliver->consumer_tag), deliver->redelivered != 0, {}};
      return std::nullopt;
    }
    case AMQP_BASIC_RETURN_METHOD: {
      const auto* returned = static_cast<const amqp_basic_return_t*>(method.decoded);
      assembly_.emplace();
      assembly_->event =
          Returned{amqp::text(returned->reply_text), amqp::text(returned->routing_key), {}};
      return std::nullopt;
    }
    case AMQP_CONNECTION_BLOCKED_METHOD: {
      const auto* blocked = static_cast<const amqp_connection_blocked_t*>(method.decoded);
      return Blocked{amqp::text(blocked->reason)};
    }
    case AMQP_CONNECTION_UNBLOCKED_METHOD: return Unblocked{};
    case AMQP_BASIC_CANCEL_METHOD:
      throw ConnectionLost(fmt::format("{} took a queue away that was being consumed", peer_));
    case AMQP_CHANNEL_CLOSE_METHOD:
    case AMQP_CONNECTION_CLOSE_METHOD: throw_broken_off(peer_, method);
    default: return std::nullopt;
  }
}

std::optional<AmqpEvent> AmqpConnection::take_header(const amqp_frame_t& frame) {
  if (!assembly_) return std::nullopt;
  amqp::read_properties(
      *static_cast<const amqp_basic_properties_t*>(frame.payload.properties.decoded),
      assembly_->message);
  assembly_->has_header = true;
  assembly_->bytes_left = frame.payload.properties.body_size;
  assembly_->message.body.reserve(
      std::min<std::uint64_t>(frame.payload.properties.body_size, body_bytes_kept_));
  assembly_->message.body_bytes = frame.payload.properties.body_size;
  return take_body({});
}

std::optional<AmqpEvent> AmqpConnection::take_body(const amqp_frame_t& frame) {
  if (!assembly_) return std::nullopt;
  const amqp_bytes_t& part = frame.payload.body_fragment;
  std::string& body = assembly_->message.body;
  if (part.len > 0) {
    body.append(static_cast<const char*>(part.bytes),
                std::min(part.len, body_bytes_kept_ - body.size()));
  }
  assembly_->bytes_left -= std::min<std::uint64_t>(part.len, assembly_->bytes_left);
  if (assembly_->bytes_left > 0) return std::nullopt;
  AmqpEvent whole = std::visit(
      [&](auto& event) -> AmqpEvent {
        event.message = std::move(assembly_->message);
        return std::move(event);
      },
      assembly_->event);
  assembly_.reset();
  return whole;
}

}  // namespace skald

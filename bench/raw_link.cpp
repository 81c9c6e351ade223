#include "raw_link.hpp"

#include <fmt/format.h>

#include <array>

#include "skald/error.hpp"

namespace skald::bench {
namespace {

constexpr amqp_channel_t channel = 1;
constexpr int frame_bytes_max = 131'072;
// As the participant kit declares it, so that both can serve the same engine.
constexpr std::int64_t delivery_limit = 20;

amqp_table_entry_t text_entry(const char* key, std::string_view value) {
  amqp_table_entry_t entry{};
  entry.key = amqp_cstring_bytes(key);
  entry.value.kind = AMQP_FIELD_KIND_UTF8;
  entry.value.value.bytes = borrow(value);
  return entry;
}

}  // namespace

amqp_bytes_t borrow(std::string_view text) {
  amqp_bytes_t bytes{};
  bytes.len = text.size();
  bytes.bytes = const_cast<char*>(text.data());  // librabbitmq only reads what it is given.
  return bytes;
}

const char* to_string(QueueKind kind) { return kind == QueueKind::quorum ? "quorum" : "classic"; }

RawLink::RawLink(const std::string& url) : state_(amqp_new_connection()) {
  std::string writable = url;
  amqp_connection_info info{};
  if (amqp_parse_url(writable.data(), &info) != AMQP_STATUS_OK) throw Error("bad broker URL");
  const std::string vhost = *info.vhost == '\0' ? "/" : info.vhost;
  amqp_socket_t* socket = amqp_tcp_socket_new(state_.get());
  if (amqp_socket_open(socket, info.host, info.port) != AMQP_STATUS_OK) {
    throw Error(fmt::format("cannot reach the broker at {}:{}", info.host, info.port));
  }
  const auto login = amqp_login(state_.get(), vhost.c_str(), 0, frame_bytes_max, 0,
                                AMQP_SASL_METHOD_PLAIN, info.user, info.password);
  if (login.reply_type != AMQP_RESPONSE_NORMAL) throw Error("the broker refused the login");
  amqp_channel_open(state_.get(), channel);
  check("open a channel");
  amqp_confirm_select(state_.get(), channel);
  check("ask for confirms");
}

void RawLink::declare_queue(const std::string& name, QueueKind kind,
                            const std::string& dead_letters) {
  std::array<amqp_table_entry_t, 3> entries{};
  entries[0] = text_entry("x-queue-type", to_string(kind));
  amqp_table_t arguments{1, entries.data()};
  if (!dead_letters.empty()) {
    entries[1] = text_entry("x-dead-letter-exchange", dead_letters);
    entries[2].key = amqp_cstring_bytes("x-delivery-limit");
    entries[2].value.kind = AMQP_FIELD_KIND_I64;
    entries[2].value.value.i64 = delivery_limit;
    // Classic queues know no delivery limit and refuse it.
    arguments.num_entries = kind == QueueKind::quorum ? 3 : 2;
  }
  amqp_queue_declare(state_.get(), channel, borrow(name), 0, 1, 0, 0, arguments);
  check("declare a queue");
}

void RawLink::bind(const std::string& queue, const std::string& exchange, const std::string& key) {
  amqp_exchange_declare(state_.get(), channel, borrow(exchange), amqp_cstring_bytes("direct"), 0, 1,
                        0, 0, amqp_empty_table);
  check("declare an exchange");
  amqp_queue_bind(state_.get(), channel, borrow(queue), borrow(exchange), borrow(key),
                  amqp_empty_table);
  check("bind a queue");
}

void RawLink::consume(const std::string& queue, std::uint16_t prefetch) {
  amqp_basic_qos(state_.get(), channel, 0, prefetch, 0);
  check("set the prefetch");
  amqp_basic_consume(state_.get(), channel, borrow(queue), amqp_empty_bytes, 0, 0, 0,
                     amqp_empty_table);
  check("consume");
}

void RawLink::publish(const std::string& exchange, const std::string& key,
                      const amqp_basic_properties_t& properties, amqp_bytes_t body) {
  const int code = amqp_basic_publish(state_.get(), channel, borrow(exchange), borrow(key), 1, 0,
                                      &properties, body);
  if (code != AMQP_STATUS_OK) throw Error(fmt::format("publish: {}", amqp_error_string2(code)));
}

void RawLink::acknowledge(std::uint64_t up_to) {
  if (amqp_basic_ack(state_.get(), channel, up_to, 1) != 0) throw Error("cannot acknowledge");
}

std::optional<RawLink::Event> RawLink::next() {
  timeval patience{0, 500'000};
  amqp_maybe_release_buffers(state_.get());
  amqp_envelope_t envelope{};
  const auto reply = amqp_consume_message(state_.get(), &envelope, &patience, 0);
  if (reply.reply_type == AMQP_RESPONSE_NORMAL) return Delivery(envelope);
  if (reply.library_error == AMQP_STATUS_TIMEOUT) return std::nullopt;
  if (reply.library_error != AMQP_STATUS_UNEXPECTED_STATE) {
    throw Error(fmt::format("consume: {}", amqp_error_string2(reply.library_error)));
  }
  amqp_frame_t frame{};
  const int code = amqp_simple_wait_frame(state_.get(), &frame);
  if (code != AMQP_STATUS_OK) throw Error(fmt::format("read: {}", amqp_error_string2(code)));
  const bool is_ack =
      frame.frame_type == AMQP_FRAME_METHOD && frame.payload.method.id == AMQP_BASIC_ACK_METHOD;
  if (!is_ack) throw Error("the broker returned or refused a message");
  const auto* ack = static_cast<const amqp_basic_ack_t*>(frame.payload.method.decoded);
  return Confirmed{ack->delivery_tag, ack->multiple != 0};
}

void RawLink::check(const char* what) const {
  if (amqp_get_rpc_reply(state_.get()).reply_type == AMQP_RESPONSE_NORMAL) return;
  throw Error(fmt::format("the broker refused to {}", what));
}

}  // namespace skald::bench

#include "amqp_connection.hpp"

#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <fmt/format.h>
#include <poll.h>

#include <algorithm>

#include "amqp_bytes.hpp"
#include "amqp_failure.hpp"

namespace skald {

namespace {

constexpr amqp_channel_t channel = 1;
// How long heartbeats may go unlooked-after between two publishes.
constexpr std::chrono::milliseconds heartbeat_check_interval{1};
constexpr int looks_per_heartbeat = 8;
// Where Debian and its kin keep the certificate authorities that the system trusts.
constexpr const char* system_authorities = "/etc/ssl/certs/ca-certificates.crt";
// A goodbye is a courtesy: it must not hold up a shutdown.
constexpr std::chrono::milliseconds goodbye_timeout{400};

timeval to_timeval(std::chrono::milliseconds duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  return {seconds.count(), std::chrono::microseconds(duration - seconds).count()};
}

void set_up_tls(amqp_socket_t* socket, const AmqpTls& tls) {
  amqp_ssl_socket_set_verify_peer(socket, tls.verify_peer ? 1 : 0);
  amqp_ssl_socket_set_verify_hostname(socket, tls.verify_hostname ? 1 : 0);
  if (amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST) != AMQP_STATUS_OK) {
    throw ChannelError("TLS 1.2 is not to be had from the TLS library");
  }
  const std::string ca = tls.ca_file.empty() ? system_authorities : tls.ca_file;
  if (amqp_ssl_socket_set_cacert(socket, ca.c_str()) != AMQP_STATUS_OK) {
    throw ChannelError(fmt::format("the authorities in '{}' cannot be read", ca));
  }
  if (!tls.cert_file.empty() && amqp_ssl_socket_set_key(socket, tls.cert_file.c_str(),
                                                        tls.key_file.c_str()) != AMQP_STATUS_OK) {
    throw ChannelError(
        fmt::format("the certificate '{}' or its key cannot be used", tls.cert_file));
  }
}

}  // namespace

struct AmqpConnection::Assembly {
  std::variant<Delivered, Returned> frame;
  WireMessage message;
  std::uint64_t bytes_left = 0;
};

AmqpConnection::AmqpConnection(const AmqpOptions& options, const std::string& purpose,
                               SocketGuard& guard)
    : guard_(guard),
      peer_(options.describe()),
      // One byte more than the limit is enough to see that it was passed.
      body_bytes_kept_(options.limits.body_bytes + 1),
      heartbeat_(options.heartbeat),
      state_(amqp_new_connection(), Drop{&guard}) {
  if (!state_) throw std::bad_alloc();
  connect(options);
  log_in(options, purpose);
}

AmqpConnection::~AmqpConnection() = default;

void AmqpConnection::Drop::operator()(amqp_connection_state_t state) const {
  guard->forget();
  amqp_destroy_connection(state);
}

void AmqpConnection::connect(const AmqpOptions& options) {
  const timeval timeout = to_timeval(options.connect_timeout);
  amqp_set_handshake_timeout(state_.get(), &timeout);
  amqp_set_rpc_timeout(state_.get(), &timeout);
  if (options.tls.enabled) {
    amqp_socket_t* socket = amqp_ssl_socket_new(state_.get());
    if (socket == nullptr) throw std::bad_alloc();
    set_up_tls(socket, options.tls);
    check(amqp_socket_open_noblock(socket, options.host.c_str(), options.port, &timeout),
          "connecting");
    guard_.watch(amqp_get_sockfd(state_.get()));
  } else {
    amqp_socket_t* socket = amqp_tcp_socket_new(state_.get());
    if (socket == nullptr) throw std::bad_alloc();
    amqp_tcp_socket_set_sockfd(
        socket, connect_socket(options.host, options.port, options.connect_timeout, guard_));
  }
  tune_socket(amqp_get_sockfd(state_.get()), 2 * heartbeat_);
}

void AmqpConnection::log_in(const AmqpOptions& options, const std::string& purpose) {
  using amqp::entry;
  std::vector<amqp_table_entry_t> capabilities{entry("connection.blocked", true),
                                               entry("consumer_cancel_notify", true)};
  amqp_table_entry_t offered = entry("capabilities", true);
  offered.value.kind = AMQP_FIELD_KIND_TABLE;
  offered.value.value.table = amqp::table(capabilities);
  const std::string name = "skald " + purpose;
  std::vector<amqp_table_entry_t> properties{entry("product", std::string_view("skald")),
                                             entry("connection_name", std::string_view(name)),
                                             offered};
  const amqp_table_t client = amqp::table(properties);
  check_reply(amqp_login_with_properties(
                  state_.get(), options.vhost.c_str(), 0, static_cast<int>(options.frame_bytes_max),
                  static_cast<int>(options.heartbeat.count()), &client, AMQP_SASL_METHOD_PLAIN,
                  options.user.c_str(), options.password.c_str()),
              "logging in");
  open_channel();
}

void AmqpConnection::open_channel() {
  amqp_channel_open(state_.get(), channel);
  check_reply(amqp_get_rpc_reply(state_.get()), "opening a channel");
}

void AmqpConnection::declare_exchange(const std::string& name, const std::string& kind) {
  const GuardedCall call(guard_);
  amqp_exchange_declare(state_.get(), channel, amqp::bytes(name), amqp::bytes(kind), 0, 1, 0, 0,
                        amqp_empty_table);
  check_reply(amqp_get_rpc_reply(state_.get()), fmt::format("declaring the exchange '{}'", name));
}

std::uint32_t AmqpConnection::declare_queue(const std::string& name,
                                            const QueueArguments& arguments) {
  const GuardedCall call(guard_);
  const bool quorum = arguments.type == QueueType::quorum;
  std::vector<amqp_table_entry_t> entries{
      amqp::entry("x-queue-type", std::string_view(quorum ? "quorum" : "classic"))};
  if (!arguments.dead_letter_exchange.empty()) {
    entries.push_back(
        amqp::entry("x-dead-letter-exchange", std::string_view(arguments.dead_letter_exchange)));
  }
  if (quorum && arguments.delivery_limit > 0) {
    entries.push_back(amqp::entry("x-delivery-limit", arguments.delivery_limit));
  }
  if (arguments.single_active_consumer) {
    entries.push_back(amqp::entry("x-single-active-consumer", true));
  }
  const amqp_queue_declare_ok_t* declared = amqp_queue_declare(
      state_.get(), channel, amqp::bytes(name), 0, 1, 0, 0, amqp::table(entries));
  check_reply(amqp_get_rpc_reply(state_.get()), fmt::format("declaring the queue '{}'", name));
  return declared->message_count;
}

std::optional<QueueState> AmqpConnection::inspect_queue(const std::string& name) {
  const GuardedCall call(guard_);
  const amqp_queue_declare_ok_t* declared =
      amqp_queue_declare(state_.get(), channel, amqp::bytes(name), 1, 0, 0, 0, amqp_empty_table);
  if (declared != nullptr) return QueueState{declared->message_count, declared->consumer_count};
  const amqp_rpc_reply_t reply = amqp_get_rpc_reply(state_.get());
  const bool missing =
      reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION &&
      reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD &&
      static_cast<const amqp_channel_close_t*>(reply.reply.decoded)->reply_code == AMQP_NOT_FOUND;
  if (!missing) check_reply(reply, fmt::format("looking at the queue '{}'", name));
  // The broker has closed the channel over it.
  amqp_channel_close_ok_t agreed{};
  check(amqp_send_method(state_.get(), channel, AMQP_CHANNEL_CLOSE_OK_METHOD, &agreed),
        "closing a channel");
  open_channel();
  return std::nullopt;
}

void AmqpConnection::bind_queue(const std::string& queue, const std::string& exchange,
                                const std::string& routing_key) {
  const GuardedCall call(guard_);
  amqp_queue_bind(state_.get(), channel, amqp::bytes(queue), amqp::bytes(exchange),
                  amqp::bytes(routing_key), amqp_empty_table);
  check_reply(amqp_get_rpc_reply(state_.get()), fmt::format("binding the queue '{}'", queue));
}

void AmqpConnection::select_confirms() {
  const GuardedCall call(guard_);
  amqp_confirm_select(state_.get(), channel);
  check_reply(amqp_get_rpc_reply(state_.get()), "asking for publisher confirms");
}

void AmqpConnection::consume(const std::string& queue, const std::string& consumer,
                             std::uint16_t prefetch) {
  const GuardedCall call(guard_);
  const std::string operation = fmt::format("consuming from the queue '{}'", queue);
  amqp_basic_qos(state_.get(), channel, 0, prefetch, 0);
  check_reply(amqp_get_rpc_reply(state_.get()), operation);
  amqp_basic_consume(state_.get(), channel, amqp::bytes(queue), amqp::bytes(consumer), 0, 0, 0,
                     amqp_empty_table);
  check_reply(amqp_get_rpc_reply(state_.get()), operation);
}

std::uint64_t AmqpConnection::publish(const std::string& exchange, const std::string& routing_key,
                                      bool mandatory, const WireMessage& message) {
  // A publish hangs once the peer was silent for two heartbeats, unless a read notices it first.
  const auto now = std::chrono::steady_clock::now();
  if (now - heartbeat_checked_at_ >= heartbeat_check_interval) {
    while (auto event = read_event()) early_.push_back(std::move(*event));
  }
  const GuardedCall call(guard_);
  const amqp_basic_properties_t properties = amqp::properties_of(message, header_entries_);
  check(amqp_basic_publish(state_.get(), channel, amqp::bytes(exchange), amqp::bytes(routing_key),
                           mandatory ? 1 : 0, 0, &properties, amqp::bytes(message.body)),
        "publishing");
  return ++published_;
}

void AmqpConnection::ack(std::uint64_t tag, bool multiple) {
  const GuardedCall call(guard_);
  check(amqp_basic_ack(state_.get(), channel, tag, multiple ? 1 : 0), "acknowledging");
}

void AmqpConnection::reject(std::uint64_t tag) {
  const GuardedCall call(guard_);
  check(amqp_basic_reject(state_.get(), channel, tag, 0), "rejecting");
}

void AmqpConnection::requeue(std::uint64_t tag) {
  const GuardedCall call(guard_);
  check(amqp_basic_reject(state_.get(), channel, tag, 1), "giving back");
}

std::optional<AmqpEvent> AmqpConnection::next() {
  if (early_.empty()) return read_event();
  AmqpEvent event = std::move(early_.front());
  early_.pop_front();
  return event;
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
      assembly_ = std::make_unique<Assembly>();
      assembly_->frame = Delivered{
          deliver->delivery_tag, amqp::text(deliver->consumer_tag), deliver->redelivered != 0, {}};
      return std::nullopt;
    }
    case AMQP_BASIC_RETURN_METHOD: {
      const auto* returned = static_cast<const amqp_basic_return_t*>(method.decoded);
      assembly_ = std::make_unique<Assembly>();
      assembly_->frame =
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
  assembly_->bytes_left = frame.payload.properties.body_size;
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
  const std::unique_ptr<Assembly> whole = std::move(assembly_);
  return std::visit(
      [&](auto& event) -> AmqpEvent {
        event.message = std::move(whole->message);
        return std::move(event);
      },
      whole->frame);
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

// How a connection to the broker is made: TCP or TLS, then the login and the channel.
#include <fmt/format.h>

#include <new>

#include "amqp_bytes.hpp"
#include "amqp_connection.hpp"

namespace skald {

namespace {

// Where Debian and its kin keep the certificate authorities that the system trusts.
constexpr const char* system_authorities = "/etc/ssl/certs/ca-certificates.crt";

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
  amqp_channel_open(state_.get(), the_channel);
  check_reply(amqp_get_rpc_reply(state_.get()), "opening a channel");
}

}  // namespace skald

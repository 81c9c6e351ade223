#include "amqp_failure.hpp"

#include <fmt/format.h>

#include "amqp_bytes.hpp"
#include "amqp_rights.hpp"
#include "skald/text.hpp"

namespace skald {

namespace {

// Each side takes the other's greeting for noise when only one of them speaks TLS.
std::string_view scheme_advice(std::string_view peer, std::string_view operation, int status) {
  const bool tls = peer.starts_with("amqps:");
  if (tls && status == AMQP_STATUS_SSL_CONNECTION_FAILED) {
    return "; if the broker speaks no TLS on this port, let the address begin with amqp://";
  }
  const bool hung_up = status == AMQP_STATUS_SOCKET_ERROR ||
                       status == AMQP_STATUS_CONNECTION_CLOSED ||
                       status == AMQP_STATUS_BAD_AMQP_DATA;
  if (!tls && hung_up && operation == "logging in") {
    return "; if the broker speaks TLS on this port, let the address begin with amqps://";
  }
  return "";
}

bool refused_for_good(int code) {
  return code == AMQP_ACCESS_REFUSED || code == AMQP_NOT_ALLOWED ||
         code == AMQP_PRECONDITION_FAILED;
}

// Of a channel on which messages are published and nothing else is done.
bool blames_message(int code) {
  return code == AMQP_PRECONDITION_FAILED || code == AMQP_CONTENT_TOO_LARGE;
}

struct Farewell {
  int code = 0;
  std::string words;   // on one line
  AmqpMethodRef over;  // which method, when a channel is closed
};

Farewell read_farewell(const amqp_method_t& method) {
  if (method.id == AMQP_CONNECTION_CLOSE_METHOD) {
    const auto* close = static_cast<const amqp_connection_close_t*>(method.decoded);
    return {close->reply_code, escape_controls(amqp::text(close->reply_text)), {}};
  }
  if (method.id == AMQP_CHANNEL_CLOSE_METHOD) {
    const auto* close = static_cast<const amqp_channel_close_t*>(method.decoded);
    return {close->reply_code,
            escape_controls(amqp::text(close->reply_text)),
            {close->class_id, close->method_id}};
  }
  return {0, fmt::format("method {:#x}", method.id), {}};
}

std::string advice(const Farewell& farewell, const std::string& operation) {
  switch (farewell.code) {
    case AMQP_ACCESS_REFUSED:
      return operation == "logging in" ? "; check the user and the password"
                                       : rights_advice(farewell.over, farewell.words);
    case AMQP_NOT_ALLOWED: return "; check the vhost and the user's rights to it";
    case AMQP_PRECONDITION_FAILED:
      return "; delete it when it is empty, or use the queue type that it was made with";
    default: return {};
  }
}

}  // namespace

void throw_status(const std::string& peer, const std::string& operation, int status) {
  switch (status) {
    case AMQP_STATUS_SSL_PEER_VERIFY_FAILED:
      throw ChannelError(fmt::format(
          "the certificate of {} is not trusted: it has expired, or no authority that "
          "is trusted here has signed it; renew it, or name its authority by cacertfile",
          peer));
    case AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED:
      throw ChannelError(
          fmt::format("the certificate of {} is made out to another name; connect by the name that "
                      "is in it, or have it made out to this one",
                      peer));
    case AMQP_STATUS_HEARTBEAT_TIMEOUT:
      throw ConnectionLost(
          fmt::format("lost {} while {}: it was silent for two heartbeats", peer, operation));
    default:
      throw ConnectionLost(fmt::format("lost {} while {}: {}{}", peer, operation,
                                       amqp_error_string2(status),
                                       scheme_advice(peer, operation, status)));
  }
}

void throw_closed(const std::string& peer, const std::string& operation,
                  const amqp_method_t& method) {
  const Farewell farewell = read_farewell(method);
  const std::string refusal = fmt::format("{} refused {}: {}{}", peer, operation, farewell.words,
                                          advice(farewell, operation));
  if (method.id == AMQP_CHANNEL_CLOSE_METHOD && farewell.code == AMQP_ACCESS_REFUSED) {
    throw AccessRefused(refusal);
  }
  if (farewell.code == AMQP_PRECONDITION_FAILED) throw DeclaredOtherwise(refusal);
  if (refused_for_good(farewell.code)) throw ChannelError(refusal);
  throw ConnectionLost(
      fmt::format("{} closed the connection while {}: {}", peer, operation, farewell.words));
}

void throw_broken_off(const std::string& peer, const amqp_method_t& method) {
  const Farewell farewell = read_farewell(method);
  const std::string& words = farewell.words;
  if (method.id == AMQP_CHANNEL_CLOSE_METHOD && blames_message(farewell.code)) {
    throw MessageRefused(fmt::format("{} closed the channel: {}", peer, words), words);
  }
  if (farewell.code == AMQP_ACCESS_REFUSED) {
    const std::string advised = words + rights_advice(farewell.over, words);
    throw PublishRefused(fmt::format("{} closed the channel: {}", peer, advised), advised);
  }
  throw ConnectionLost(fmt::format("{} closed the connection: {}", peer, words));
}

}  // namespace skald

// What librabbitmq and the broker report, as exceptions with a sentence that says what to do.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "amqp_socket.hpp"
#include "librabbitmq.hpp"

namespace skald {

/// This message can never be published on this connection: a name or its headers do not fit.
/// Nothing of it was sent, and the connection goes on.
class UnsendableMessage : public ChannelError {
 public:
  using ChannelError::ChannelError;
};

/// The broker closed the channel over a message that was published on it and not confirmed: it is
/// over `max_message_size`, or has a header that means something to the broker. The connection goes
/// on after AmqpConnection::reopen_channel().
class MessageRefused : public ConnectionLost {
 public:
  MessageRefused(const std::string& what, std::string words)
      : ConnectionLost(what), words_(std::move(words)) {}
  /// The broker's own words, cleaned and escaped.
  [[nodiscard]] const std::string& words() const { return words_; }

 private:
  std::string words_;
};

/// The user may not do this. The broker has closed the channel over it; the connection goes on
/// after AmqpConnection::reopen_channel().
class AccessRefused : public ChannelError {
 public:
  using ChannelError::ChannelError;
};

/// What is to be declared is there already, with other arguments. The broker has closed the channel
/// over it; the connection goes on after AmqpConnection::reopen_channel().
class DeclaredOtherwise : public ChannelError {
 public:
  using ChannelError::ChannelError;
};

/// The broker closed the channel because the user may not publish there.
class PublishRefused : public ConnectionLost {
 public:
  PublishRefused(const std::string& what, std::string words)
      : ConnectionLost(what), words_(std::move(words)) {}
  /// The broker's own words, cleaned and escaped, and what to do about it.
  [[nodiscard]] const std::string& words() const { return words_; }

 private:
  std::string words_;
};

/// A delivery came whose properties cannot be decoded: its headers are larger than a frame, or
/// nested deeper than the client library reads. Nothing more can be read from the connection;
/// AmqpConnection::reject_and_hang_up() takes the message out of its queue, or it would end every
/// connection after this one, too.
class UnreadableDelivery : public ConnectionLost {
 public:
  UnreadableDelivery(const std::string& what, std::uint64_t tag, std::string consumer)
      : ConnectionLost(what), tag_(tag), consumer_(std::move(consumer)) {}
  [[nodiscard]] std::uint64_t tag() const { return tag_; }
  [[nodiscard]] const std::string& consumer() const { return consumer_; }

 private:
  std::uint64_t tag_;
  std::string consumer_;
};

/// A channel that was opened after a loss refuses or confirms nothing (channel_trial.hpp): another
/// one is to be opened.
class SuspectChannel : public ConnectionLost {
 public:
  SuspectChannel(const std::string& what, bool reported)
      : ConnectionLost(what), reported_(reported) {}
  /// The operator was told so of an earlier channel in the same outage.
  [[nodiscard]] bool reported() const { return reported_; }

 private:
  bool reported_;
};

/// \throws ConnectionLost, or ChannelError when trying again cannot help (a bad certificate).
[[noreturn]] void throw_status(const std::string& peer, const std::string& operation, int status);

/// The broker closed the channel or the connection in answer to `operation`. \throws
/// ConnectionLost, or ChannelError when it refused for good: login, vhost, other arguments, and
/// rights (AccessRefused).
[[noreturn]] void throw_closed(const std::string& peer, const std::string& operation,
                               const amqp_method_t& method);

/// The broker closed a connection or channel that had been working. \throws MessageRefused when it
/// was over a message that was published, PublishRefused, otherwise ConnectionLost.
[[noreturn]] void throw_broken_off(const std::string& peer, const amqp_method_t& method);

}  // namespace skald

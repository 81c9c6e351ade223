// The wire format of docs/wire.md as pure functions: commands and replies to and from messages.
//
// A WireMessage is what an AMQP message consists of, without the types of any client library.
// Encoding and decoding read no clock and do no I/O. Whatever a peer sends, decoding answers with a
// value: a message that cannot be used is an UnusableMessage with a reason, never an exception.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "skald/channel.hpp"
#include "skald/json.hpp"
#include "skald/wire_headers.hpp"

namespace skald {

/// The AMQP properties that Skald uses; empty or 0 when absent.
struct WireProperties {
  std::string content_type;
  std::string app_id;
  std::string message_id;
  std::string correlation_id;
  std::string type;
  std::string reply_to;
  std::int64_t timestamp = 0;  ///< Seconds since 1970.
};

struct WireMessage {
  WireProperties properties;
  WireHeaders headers;
  std::string body;
  /// Length of the body as it was sent; more than body.size() when the reader cut it.
  std::uint64_t body_bytes = 0;
};

struct WireLimits {
  std::size_t body_bytes = 1024UL * 1024;
  std::size_t depth = 64;          ///< Of the body's JSON.
  std::size_t header_bytes = 255;  ///< Of any text in properties and `skald_*` headers.
};

/// Why a message cannot be used: `TOO_LARGE`, `BAD_JSON`, `BAD_HEADERS`, `BAD_OUTCOME`,
/// `FORGED_KEY`, `UNSUPPORTED_PROTOCOL`; and one sentence for people.
struct UnusableMessage {
  std::string reason;
  std::string detail;
};

/// A command as its participant received it.
struct ReceivedCommand {
  Command command;  ///< `attempt.step`, `position` and `timeout` mean nothing at a participant.
  std::string idempotency_key;
  std::string resolves;          ///< Of `resolve`: the action's idempotency key.
  std::string reply_to;          ///< Empty: the sender wants no reply.
  std::optional<Time> deadline;  ///< When the attempt times out.
  std::string traceparent;       ///< W3C trace context; empty when there is none.
  std::string tracestate;
};

/// A command of this engine that came back because nobody took it and whose fate is unknown: it
/// expired, or its participant died over it too often. The attempt stays unanswered.
struct LostCommand {
  CommandId id;
  std::string reason;  ///< The broker's word: `expired`, `delivery_limit`, `maxlen`.
};

using DecodedCommand = std::variant<ReceivedCommand, UnusableMessage>;
using DecodedReply = std::variant<Reply, LostCommand, UnusableMessage>;

/// The message of a command, sent at `now` by `engine`, which listens at the queue `reply_to`.
/// Nothing when it does not fit the limits; `why_not` then says so in one sentence.
[[nodiscard]] std::optional<WireMessage> encode_command(const Command& command,
                                                        const std::string& engine,
                                                        const std::string& reply_to, Time now,
                                                        const WireLimits& limits,
                                                        std::string& why_not);

/// Reads a command at the participant's side.
[[nodiscard]] DecodedCommand decode_command(const WireMessage& message,
                                            const std::string& participant,
                                            const WireLimits& limits = {});

/// The reply to `command`, which is the message as it was received: its headers are echoed even
/// when the rest of it cannot be used. `message_id` is the reply's own.
[[nodiscard]] WireMessage encode_reply(const WireMessage& command, const Outcome& outcome,
                                       const std::string& message_id, Time now);

/// Reads what arrives in an engine's reply queue: replies, and dead commands that another engine
/// forwarded. The reply's step is given by name; its receipt is 0.
[[nodiscard]] DecodedReply decode_reply(const WireMessage& message, const WireLimits& limits = {});

/// Reads a dead-lettered command of this engine. One that its participant rejected is a reply
/// `failed` with code `DEAD_LETTERED` that is not retried by policy; any other is lost.
[[nodiscard]] DecodedReply decode_dead_command(const WireMessage& message,
                                               const WireLimits& limits = {});

/// The engine that sent this message, from its `app_id`; empty when no engine did.
[[nodiscard]] std::string_view sending_engine(const WireMessage& message);

/// The dead command as it is forwarded to the reply queue of the engine that sent it.
[[nodiscard]] WireMessage forward_dead_command(const WireMessage& message);

/// Metadata of a message as a JSON object, for the quarantine.
[[nodiscard]] std::string describe_metadata(const WireMessage& message);

/// Reads a quarantined message of the AMQP channel again, by what describe_metadata() and the body
/// kept of it, as `engine` would if it came now. A dead command is considered by the engine that
/// sent it; it is never sent again.
[[nodiscard]] Reconsidered reconsider_message(const QuarantinedMessage& message,
                                              const std::string& engine,
                                              const WireLimits& limits = {});

}  // namespace skald

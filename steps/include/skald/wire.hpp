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
#include "skald/limits.hpp"
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
  /// Headers that were sent and not read, because there were more, or longer ones, than
  /// header_count_max and header_table_bytes_max.
  std::size_t headers_left_out = 0;
  std::string body;
  /// Length of the body as it was sent; more than body.size() when the reader cut it.
  std::uint64_t body_bytes = 0;
};

/// Most headers of one message that are read.
inline constexpr std::size_t header_count_max = 256;
/// Most bytes of names and values of one message's headers that are read.
inline constexpr std::size_t header_table_bytes_max = 32UL * 1024;

/// Payloads inside a body have limits of their own (limits.hpp).
struct WireLimits {
  std::size_t body_bytes = body_bytes_max;
  std::size_t depth = body_depth_max;  ///< Of the body's JSON.
  std::size_t header_bytes = 255;      ///< Of any text in properties and `skald_*` headers.
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

/// The reply to `command`, which is the message as it was received: its `skald_` headers are echoed
/// even when the rest of it cannot be used; when they are many, only those that name the command.
/// `message_id` is the reply's own.
[[nodiscard]] WireMessage encode_reply(const WireMessage& command, const Outcome& outcome,
                                       const std::string& message_id, Time now);

/// `reply` with only the headers that name its command, for a connection whose frames are small.
[[nodiscard]] WireMessage with_few_headers(const WireMessage& reply);

/// A short reply in place of `reply`, which is of the kit's own making and cannot be published for
/// the reason `why_not`, with few headers. `success` becomes `unknown`, code `REPLY_TOO_LARGE`: the
/// effect has happened. Other outcomes keep their kind and code, and lose data and a long message.
[[nodiscard]] WireMessage short_reply(const WireMessage& reply, const std::string& why_not);

/// Reads what arrives in an engine's reply queue: replies, and dead commands that another engine
/// forwarded. The reply's step is given by name; its receipt is 0.
[[nodiscard]] DecodedReply decode_reply(const WireMessage& message, const WireLimits& limits = {});

/// Reads a dead-lettered command of this engine. One that its participant rejected is a reply
/// `failed` with code `DEAD_LETTERED` that is not retried by policy; any other is lost.
[[nodiscard]] DecodedReply decode_dead_command(const WireMessage& message,
                                               const WireLimits& limits = {});

/// The engine that sent this message, from its `app_id`; empty when no engine did.
[[nodiscard]] std::string_view sending_engine(const WireMessage& message);

/// The dead command as it is forwarded to the reply queue of the engine that sent it: with its
/// `skald_` headers and the broker's reason. Others are left out: the broker gives some of them a
/// meaning, and together they may not fit.
[[nodiscard]] WireMessage forward_dead_command(const WireMessage& message);

/// What a message says of the command that it belongs to, whether it can be used or not. Clean
/// texts; empty where it says nothing.
struct NamedCommand {
  std::string saga;
  std::string step;
};
/// By its headers `skald_saga_id` and `skald_step`, else by the ids that it carries.
[[nodiscard]] NamedCommand named_command(const WireMessage& message);

/// Most bytes of describe_metadata(), roughly: what goes beyond is left out and counted.
inline constexpr std::size_t metadata_bytes_max = 16UL * 1024;

/// Metadata of a message as a JSON object, for the quarantine. Always valid JSON, whatever the
/// bytes; cut at metadata_bytes_max, and then it says how many headers were left out.
[[nodiscard]] std::string describe_metadata(const WireMessage& message);

/// Reads a quarantined message of the AMQP channel again, by what describe_metadata() and the body
/// kept of it, as `engine` would if it came now. A dead command is considered by the engine that
/// sent it; it is never sent again.
[[nodiscard]] Reconsidered reconsider_message(const QuarantinedMessage& message,
                                              const std::string& engine,
                                              const WireLimits& limits = {});

}  // namespace skald

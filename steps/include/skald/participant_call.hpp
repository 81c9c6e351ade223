// What a participant's handler is told about the command it is to carry out.
//
// The same call is handed to handlers that run inside the engine's process and to those of the
// participant kit, so a handler does not know how its command travelled. Handlers may be called
// again with the same idempotency key: after a retry, and after a crash of either side.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "skald/channel.hpp"

namespace skald {

/// One command, as its handler sees it. Borrows the command: valid while the handler runs, on the
/// handler's thread only.
class HandlerCall {
 public:
  /// `output`, when given, stands for the one in the body: a participant that remembers what its
  /// action answered knows better than an engine that never got the answer.
  /// `reply_to` is where a reply goes that comes later than the handler's (barrier.hpp).
  HandlerCall(const Command& command, std::stop_token stop,
              std::optional<JsonText> output = std::nullopt, std::string reply_to = {});
  ~HandlerCall();
  HandlerCall(const HandlerCall&) = delete;
  HandlerCall& operator=(const HandlerCall&) = delete;

  [[nodiscard]] const Command& command() const { return command_; }
  [[nodiscard]] const SagaId& saga() const { return command_.id.saga; }
  [[nodiscard]] const std::string& saga_type() const { return command_.saga_type; }
  [[nodiscard]] const std::string& step() const { return command_.id.step; }
  [[nodiscard]] Direction direction() const { return command_.id.direction; }
  /// From 1, counting on across rounds.
  [[nodiscard]] std::uint32_t attempt() const { return command_.id.attempt; }
  [[nodiscard]] std::uint32_t round() const { return command_.round; }
  /// The saga's business key, if it has one.
  [[nodiscard]] const std::optional<std::string>& key() const { return command_.key; }
  [[nodiscard]] const std::string& participant() const { return command_.participant; }
  /// Name of the action, compensation or resolve action that is asked for.
  [[nodiscard]] const std::string& action() const { return command_.action; }
  /// The same for every attempt of this command. Pass it on to gateways that take one.
  [[nodiscard]] std::string idempotency_key() const { return command_.id.idempotency_key(); }
  /// Key of the step's action: the one that a compensation undoes and a resolve asks about.
  [[nodiscard]] std::string action_key() const;

  /// `input` of the body; null when absent. The body is parsed once, at the first use.
  /// \throws JsonError when the body is not JSON within body_limits (limits.hpp), in which every
  /// payload has room.
  [[nodiscard]] const Json& input() const;
  /// `output` of the action, for its compensation; null when nobody knows it.
  [[nodiscard]] const Json& output() const;
  /// Why the saga turned back, for a compensation: `{"step": …, "error": {…}}`; else null.
  [[nodiscard]] const Json& reason() const;
  /// Queue for replies; empty inside the engine's process.
  [[nodiscard]] const std::string& reply_to() const { return reply_to_; }
  /// The whole body as it came.
  [[nodiscard]] const JsonText& body() const { return command_.body; }

  /// Asks the handler to give up: the channel closes, or the engine waits for this attempt no
  /// longer. Means nothing once the handler has returned.
  [[nodiscard]] const std::stop_token& stop() const { return stop_; }

 private:
  [[nodiscard]] const Json& member(const char* name) const;

  const Command& command_;
  std::stop_token stop_;
  mutable std::unique_ptr<Json> body_;  ///< Once parsed, with the given output in it.
  std::optional<JsonText> output_;
  std::string reply_to_;
};

/// Carries a command out. Must be callable from several threads at once. Whatever it throws answers
/// `unknown`, code `HANDLER_THREW`. An output over a payload's limits (limits.hpp) answers
/// `unknown`, code `REPLY_TOO_LARGE` or `BAD_OUTPUT`, since the effect may have happened; an
/// error's code is cut at 255 bytes and its message at 4096, bytes that are not UTF-8 are replaced.
using Handler = std::function<Outcome(const HandlerCall&)>;

/// Calls the handler; never throws what the handler threw, and answers within the limits.
[[nodiscard]] Outcome call_handler(const Handler& handler, const HandlerCall& call);

}  // namespace skald

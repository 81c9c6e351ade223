// The ceiling of messaging: command and reply without an engine; and a participant as bare as that.
#pragma once

#include "raw_link.hpp"
#include "setting.hpp"

namespace skald::bench {

/// What raw messages carry besides their bodies.
enum class Dress {
  plain,
  headers,  ///< Those that the wire format asks for: in the command, and echoed in the reply.
};

/// Command and reply, both persistent and confirmed, `in_flight` of them at a time; the participant
/// is bare_participant() in another process.
[[nodiscard]] Row raw_rabbitmq(const Setting& setting, QueueKind kind, int in_flight,
                               Dress dress = Dress::plain);
[[nodiscard]] std::string raw_rabbitmq_name(QueueKind kind, int in_flight);

/// Answers every command with success at once, by docs/wire.md, without a database: acknowledges a
/// command when its reply was confirmed. Runs until it is killed; says so when it is ready.
void bare_participant(const std::string& url, const std::string& prefix, QueueKind kind);

/// A prefix of exchanges and queues that nothing else uses.
[[nodiscard]] std::string fresh_prefix();

}  // namespace skald::bench

// A participant as a program of its own: commands come over RabbitMQ, in the format of
// docs/wire.md.
//
// Several such programs for one participant may run at once; they compete for the commands, and
// the barrier in their shared database keeps effects from happening twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stop_token>

#include "skald/amqp_options.hpp"
#include "skald/orchestrator.hpp"
#include "skald/participant.hpp"

namespace skald {

struct ServeOptions {
  /// Commands delivered and not yet answered. A crash counts against the delivery limit of each.
  std::uint16_t prefetch = 16;
  std::size_t threads = 4;  ///< For handlers; transactions take turns in any case.
  Duration grace{5'000};    ///< At the end, for handlers under way and their replies.
  Logger log{};             ///< Absent: warnings and errors go to stderr. Called by any thread.
};

/// Declares the participant's queue and serves until `stop` is requested, then finishes what is
/// under way and returns; what it has not answered goes back to the queue. Connects again, for
/// ever, when the connection is lost. A reply is published and confirmed before its command is
/// acknowledged. \throws ChannelError when the broker refuses at the start: login, vhost, rights,
/// or a queue that exists with other arguments.
void serve_over_amqp(Participant& participant, const AmqpOptions& amqp, std::stop_token stop,
                     const ServeOptions& options = {});

}  // namespace skald

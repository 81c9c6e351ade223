// What librabbitmq and the broker report, as exceptions with a sentence that says what to do.
#pragma once

#include <amqp.h>

#include <string>

namespace skald {

/// \throws ConnectionLost, or ChannelError when trying again cannot help (a bad certificate).
[[noreturn]] void throw_status(const std::string& peer, const std::string& operation, int status);

/// The broker closed the channel or the connection in answer to `operation`. \throws
/// ConnectionLost, or ChannelError when it refused for good: login, vhost, rights, other arguments.
[[noreturn]] void throw_closed(const std::string& peer, const std::string& operation,
                               const amqp_method_t& method);

/// The broker closed a connection that had been working. \throws ConnectionLost
[[noreturn]] void throw_broken_off(const std::string& peer, const amqp_method_t& method);

}  // namespace skald

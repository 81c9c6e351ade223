// Where the broker's address comes from: a configuration file or the environment, never argv.
#pragma once

#include <string>

#include "context.hpp"
#include "skald/amqp_options.hpp"

namespace skald::cli {

/// Reads `{"amqp": {"url": …}}` or `{"amqp": {"url_file": …}}` from `config` (a path; empty: none),
/// else (also when it names none) $SKALD_AMQP_URL, else the file named by $SKALD_AMQP_URL_FILE. A
/// file that holds an address must be readable by its owner only. \throws Refused (invalid) when
/// there is no address, or the file cannot be used; JsonError; ChannelError for an address that
/// cannot be used.
[[nodiscard]] AmqpOptions broker_options(const std::string& config, const Context& context);

}  // namespace skald::cli

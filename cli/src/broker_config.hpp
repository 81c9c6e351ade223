// Where the broker's address comes from: a configuration file or the environment, never argv.
#pragma once

#include <optional>

#include "context.hpp"
#include "engine_config.hpp"
#include "skald/amqp_options.hpp"

namespace skald::cli {

/// `{"amqp": {"url": …}}` or `{"amqp": {"url_file": …}}` of the configuration (a relative path
/// counts from the configuration's folder), else (also when it names none) $SKALD_AMQP_URL, else
/// the file named by $SKALD_AMQP_URL_FILE; nothing when no broker is named. Others may not read a
/// file that holds an address (skald/secret_file.hpp). \throws Refused (invalid) when a file cannot
/// be used; ChannelError for an address that cannot be used.
[[nodiscard]] std::optional<AmqpOptions> find_broker(const EngineConfig& config,
                                                     const Context& context);
/// The same where a broker is needed. \throws Refused (invalid) also when none is named
[[nodiscard]] AmqpOptions broker_options(const EngineConfig& config, const Context& context);

}  // namespace skald::cli

// The engine's configuration file: the broker's address and the policies of participants.
#pragma once

#include <string>

#include "skald/json.hpp"
#include "skald/participant_policies.hpp"

namespace skald::cli {

/// Reads `{"amqp": …, "participants": …}`; both may be absent, others are refused. `path` empty:
/// an empty object. \throws Refused (invalid) that names the file and the key; JsonError
[[nodiscard]] Json read_config(const std::string& path);

/// `participants` of a configuration, by the keys of a definition. \throws as read_config();
/// DefinitionError that names the file and the place
[[nodiscard]] PoliciesByName configured_policies(const std::string& path);

}  // namespace skald::cli

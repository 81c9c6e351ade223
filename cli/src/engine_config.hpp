// The engine's configuration file: the broker's address and the policies of participants.
#pragma once

#include <string>

#include "skald/json.hpp"
#include "skald/participant_policies.hpp"

namespace skald::cli {

struct EngineConfig {
  std::string path;             ///< Empty: there is no file, and nothing below is set.
  Json amqp;                    ///< As it stands in the file; null when it names no broker.
  PoliciesByName participants;  ///< Overrule those of definitions.
};

/// Reads `{"amqp": …, "participants": …}`; both may be absent, others are refused. \throws Refused
/// (invalid) that names the file and the key; JsonError; DefinitionError for policies, with the
/// place
[[nodiscard]] EngineConfig read_config(const std::string& path);

/// A whole file. \throws Refused (invalid)
[[nodiscard]] std::string read_file(const std::string& path);

}  // namespace skald::cli

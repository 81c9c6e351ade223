// Checks of what people write as options: a usage error that names the option comes before anything
// is sent or stored.
#pragma once

#include <CLI/CLI.hpp>

namespace skald::cli {

/// For a name: 1 to 255 bytes of UTF-8.
[[nodiscard]] CLI::Validator valid_name();
/// For a list of names or a condition: some text in UTF-8.
[[nodiscard]] CLI::Validator valid_text();

}  // namespace skald::cli

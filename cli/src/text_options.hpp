// Checks of what people write as options: a usage error that names the option comes before anything
// is sent or stored.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>

namespace skald::cli {

/// For a name: 1 to 255 bytes of UTF-8.
[[nodiscard]] CLI::Validator valid_name();
/// For a list of names or a condition: some text in UTF-8.
[[nodiscard]] CLI::Validator valid_text();
/// For a whole number from `min` to `max`.
[[nodiscard]] CLI::Validator valid_count(std::uint64_t min, std::uint64_t max = INT64_MAX);

}  // namespace skald::cli

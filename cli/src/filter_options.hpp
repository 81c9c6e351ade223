// The options that choose sagas: `--status stuck,compensating --older-than 10m` and so on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "skald/filter.hpp"
#include "skald/time.hpp"

namespace CLI {
class App;
}

namespace skald::cli {

/// As given on the command line; lists are still one text with commas.
struct FilterOptions {
  std::string status, type, key, step, error_code;
  std::optional<std::uint32_t> attempts_ge;
  std::string older_than, newer_than;  ///< A duration before now, or a time in RFC 3339.
  std::vector<std::string> where;

  /// \throws Refused (invalid), naming the option.
  [[nodiscard]] SagaFilter filter(Time now) const;
};

/// `with_step`: a verb whose own `--step` names a step leaves the filter's out.
void add_to(CLI::App& app, FilterOptions& options, bool with_step = true);

/// A duration before `now`, or a time in RFC 3339. \throws Refused (invalid), naming the option.
[[nodiscard]] Time parse_moment(const char* option, const std::string& text, Time now);

/// `"a, b"` as its parts, without the blanks around them and without empty ones.
[[nodiscard]] std::vector<std::string> split_list(const std::string& text);

}  // namespace skald::cli

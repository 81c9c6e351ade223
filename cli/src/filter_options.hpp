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

/// As given on the command line: each option may be repeated. All but keys are still texts with
/// commas in them; see split_list().
struct FilterOptions {
  std::vector<std::string> status, type, step, error_code;
  std::vector<std::string> key;  ///< Each is one key: a comma is part of it.
  std::optional<std::uint32_t> attempts_ge;
  std::string older_than, newer_than;  ///< See parse_moment().
  std::vector<std::string> where;

  /// An option that was given never chooses more than it would have without a part of it: what is
  /// empty is refused. \throws Refused (invalid), naming the option.
  [[nodiscard]] SagaFilter filter(Time now) const;
};

/// `with_step`: a verb whose own `--step` names a step leaves the filter's out.
void add_to(CLI::App& app, FilterOptions& options, bool with_step = true);

/// `"a, b"` as its parts, without the blanks around them; `\,` is a comma in a part, `\\` a
/// backslash. \throws Refused (invalid), naming the option, when a part is empty.
[[nodiscard]] std::vector<std::string> split_list(const char* option, const std::string& text);
/// The text that split_list() reads back as this one part.
[[nodiscard]] std::string escape_in_list(const std::string& part);

}  // namespace skald::cli

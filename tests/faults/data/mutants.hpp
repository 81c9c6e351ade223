// Broken engines, to prove that the harness can fail: decorators at run time, no rebuilds.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "tally.hpp"

namespace skald::faults {

enum class DataMutant : std::uint8_t {
  none,
  strict_dump,      ///< A quarantined message is read with a dump() that throws on invalid UTF-8.
  parts_only,       ///< Bodies of compensations are larger than a body may be.
  recursion,        ///< Commands of one turn are sent by a call inside the call for the one before.
  unmasked_path,    ///< `show` is not told of the definition's secrets.
  busy_wait,        ///< The engine always says that something is due.
  slow_turn,        ///< A turn takes whatever there is to do.
  lost_definition,  ///< A definition is accepted and not stored.
  no_guard,         ///< What one saga's decision throws is not caught.
};
inline constexpr std::size_t data_mutant_count = 9;

[[nodiscard]] const char* to_string(DataMutant mutant);
/// The rule that this mutant breaks; it is caught when that is found violated.
[[nodiscard]] Rule broken_by(DataMutant mutant);
[[nodiscard]] std::optional<DataMutant> parse_data_mutant(std::string_view text);

}  // namespace skald::faults

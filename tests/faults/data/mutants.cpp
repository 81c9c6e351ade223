#include "mutants.hpp"

namespace skald::faults {
namespace {

constexpr std::array<const char*, data_mutant_count> names{
    "none",      "strict-dump", "parts-only",      "recursion", "unmasked-path",
    "busy-wait", "slow-turn",   "lost-definition", "no-guard"};

}  // namespace

const char* to_string(DataMutant mutant) { return names[static_cast<std::size_t>(mutant)]; }

Rule broken_by(DataMutant mutant) {
  constexpr std::array<Rule, data_mutant_count> rules{
      Rule::E1, Rule::E1, Rule::E5, Rule::E1, Rule::E7, Rule::E6, Rule::E3, Rule::E2, Rule::E1};
  return rules[static_cast<std::size_t>(mutant)];
}

std::optional<DataMutant> parse_data_mutant(std::string_view text) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (text == names[i]) return static_cast<DataMutant>(i);
  }
  return std::nullopt;
}

}  // namespace skald::faults

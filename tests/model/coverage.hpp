// What the model has met, held against what it must meet.
//
// Every phase must meet every input, but for the pairs of a table that says why they cannot meet;
// should one of those meet all the same, that is an error, too. And every arrow from one phase to
// another that the table of the spec scripts shows (tests/spec/transitions.txt) must have been
// gone. A hole in the coverage is as bad as a rule that is broken.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "moves.hpp"
#include "phases.hpp"

namespace skald::model {

class Coverage {
 public:
  Coverage();
  void note(Phase phase, Met met, Phase next);
  void add(const Coverage& other);
  [[nodiscard]] std::uint64_t met(Phase phase, Met met) const;
  [[nodiscard]] bool went(Phase phase, Met met, Phase next) const;
  [[nodiscard]] std::size_t arrows() const;

 private:
  std::vector<std::uint64_t> met_;
  std::vector<bool> went_;
};

struct CoverageReport {
  std::size_t pairs = 0;       ///< That can meet.
  std::size_t impossible = 0;  ///< That cannot, by the table.
  std::size_t spec_phases = 0;
  std::size_t spec_arrows = 0;
  std::vector<std::string> holes;  ///< A sentence for each pair or arrow that is wrong.
};

[[nodiscard]] CoverageReport judge_coverage(const Coverage& coverage);

}  // namespace skald::model

// What an invariant check counted and what it found.
//
// Described in docs/testing.md. A check that never ran is as worrying as one that failed, so both
// are counted and printed.
#pragma once

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

namespace skald::testing {

enum class Invariant : std::uint8_t {
  I1,   ///< Every acknowledged start exists; none twice per business key.
  I2,   ///< When all is quiet, each saga has ended or is stuck with a reason.
  I3,   ///< History is a gap-free path of the state machine and folds to the stored row.
  I4,   ///< Completed: each step's effect exactly once, and nothing was undone.
  I5,   ///< Compensated: exactly what may have happened is undone, in reverse order.
  I6,   ///< No effect twice, and no participant contradicts itself.
  I7,   ///< No action takes effect after its compensation.
  I8,   ///< No action before its predecessors' success and its locks, none after the turn back.
  I9,   ///< Ends are final; only its parent takes a completed child back.
  I10,  ///< Every message sent follows from a committed record.
  I11,  ///< Only the owner of the current epoch writes.
  I12,  ///< Attempts stay within their limit per round, participants within their policies; no
        ///< timer fires early.
  I13,  ///< After the pivot nothing is compensated.
  I14,  ///< The files are sound.
  I15,  ///< After the last fault all becomes quiet in time, and no engine stops by itself.
  I16,  ///< Memory, descriptors, WAL and queues return to their baseline.
};
inline constexpr std::size_t invariant_count = 16;

[[nodiscard]] const char* to_string(Invariant invariant);

/// One thread at a time.
class Findings {
 public:
  /// Counts one check; when it does not hold, the sentence is kept, up to a few per invariant.
  template <typename... Args>
  void expect(Invariant invariant, bool holds, fmt::format_string<Args...> sentence,
              Args&&... args) {
    Entry& entry = entries_[static_cast<std::size_t>(invariant)];
    ++entry.checked;
    if (holds) return;
    ++entry.violations;
    if (entry.examples.size() >= examples_max) return;
    entry.examples.push_back(fmt::format(sentence, std::forward<Args>(args)...));
  }

  /// Adds what another one counted and kept.
  void add(const Findings& other);

  [[nodiscard]] std::uint64_t checked(Invariant invariant) const;
  [[nodiscard]] std::uint64_t violations(Invariant invariant) const;
  [[nodiscard]] std::uint64_t violations() const;  ///< Of all invariants.

  /// `I5: …`: every sentence that was kept.
  [[nodiscard]] std::vector<std::string> sentences() const;
  /// A table of invariant, checks, violations, and the kept sentences below it.
  void print(std::ostream& out) const;

 private:
  static constexpr std::size_t examples_max = 5;
  struct Entry {
    std::uint64_t checked = 0;
    std::uint64_t violations = 0;
    std::vector<std::string> examples;
  };
  std::array<Entry, invariant_count> entries_;
};

}  // namespace skald::testing

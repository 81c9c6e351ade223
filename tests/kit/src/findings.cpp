#include "findings.hpp"

#include <ostream>

namespace skald::testing {
namespace {

struct Label {
  const char* name;
  const char* meaning;
};

constexpr std::array<Label, invariant_count> labels{{
    {"I1", "acknowledged starts exist, none twice per key"},
    {"I2", "ended, or stuck with a reason"},
    {"I3", "history is a gap-free path and folds to the row"},
    {"I4", "completed: each effect exactly once, none undone"},
    {"I5", "compensated: undone in exact reverse order"},
    {"I6", "no effect twice, no contradiction"},
    {"I7", "no action takes effect after its compensation"},
    {"I8", "no action before its predecessors and locks, or late"},
    {"I9", "ends are final, but for a child's"},
    {"I10", "every message sent follows from a record"},
    {"I11", "only the current epoch's owner writes"},
    {"I12", "attempts and policies within limits, no timer early"},
    {"I13", "after the pivot nothing is compensated"},
    {"I14", "the files are sound"},
    {"I15", "quiet in time after the last fault"},
    {"I16", "nothing piles up"},
}};

}  // namespace

const char* to_string(Invariant invariant) {
  return labels[static_cast<std::size_t>(invariant)].name;
}

std::uint64_t Findings::checked(Invariant invariant) const {
  return entries_[static_cast<std::size_t>(invariant)].checked;
}

std::uint64_t Findings::violations(Invariant invariant) const {
  return entries_[static_cast<std::size_t>(invariant)].violations;
}

std::uint64_t Findings::violations() const {
  std::uint64_t sum = 0;
  for (const Entry& entry : entries_) sum += entry.violations;
  return sum;
}

void Findings::add(const Findings& other) {
  for (std::size_t i = 0; i < invariant_count; ++i) {
    Entry& entry = entries_[i];
    entry.checked += other.entries_[i].checked;
    entry.violations += other.entries_[i].violations;
    for (const std::string& example : other.entries_[i].examples) {
      if (entry.examples.size() < examples_max) entry.examples.push_back(example);
    }
  }
}

std::vector<std::string> Findings::sentences() const {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < invariant_count; ++i) {
    for (const std::string& example : entries_[i].examples) {
      all.push_back(fmt::format("{}: {}", labels[i].name, example));
    }
  }
  return all;
}

void Findings::print(std::ostream& out) const {
  out << fmt::format("{:<5}{:<54}{:>9}{:>12}\n", "", "invariant", "checked", "violations");
  for (std::size_t i = 0; i < invariant_count; ++i) {
    out << fmt::format("{:<5}{:<54}{:>9}{:>12}\n", labels[i].name, labels[i].meaning,
                       entries_[i].checked, entries_[i].violations);
  }
  for (const std::string& sentence : sentences()) out << sentence << "\n";
}

}  // namespace skald::testing

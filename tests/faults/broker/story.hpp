// A story: one kind of fault, from the first saga to the last check, and what it reports.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "../invariants.hpp"
#include "findings.hpp"
#include "site.hpp"

namespace skald::faults {

using testing::Invariant;

/// What a story is told, and where it writes down what it did.
struct Story {
  std::uint64_t seed = 1;
  std::uint64_t length = 1;  ///< 1 is the short form; so many times as much is done.
  bool control = false;      ///< Break the rule that the story is about: it must be caught.
  bool keep = false;         ///< Keep the files even when nothing was found.

  Findings findings;
  Tally tally;
  /// Faults by kind and how often each really fired: none may be 0.
  std::vector<std::pair<std::string, std::uint64_t>> fired;
  /// Deliveries of a command that had been delivered before must have been seen.
  bool demands_duplicates = false;
  std::vector<std::string> facts;  ///< Measured, for the report.

  void fire(const std::string& kind, std::uint64_t times = 1);
  void note(std::string fact) { facts.push_back(std::move(fact)); }

  /// Options for a site on the broker that ctest shares.
  [[nodiscard]] SiteOptions site_options() const;
  /// Waits for quiet, stops the site and checks everything.
  void finish(Site& site, Duration quiet_limit, std::uint64_t quarantined = 0);
  /// A pulse must have been answered all the while, each start and question within `limit`.
  void check_pulse(const Pulse::Counts& counts, std::chrono::milliseconds limit);
};

struct StoryEntry {
  const char* name;  ///< `F11-cuts`: the fault, then which of its stories.
  void (*run)(Story& story);
  /// With --control any of these must be found violated; empty: there is no control.
  std::vector<Invariant> caught_by;
};
/// All of them, in order of name.
[[nodiscard]] const std::vector<StoryEntry>& stories();

}  // namespace skald::faults

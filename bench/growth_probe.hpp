// What is measured of a store at one size.
#pragma once

#include <cstdint>
#include <string>

#include "skald/json.hpp"

namespace skald::bench {

/// Milliseconds of single calls, as a `skald` command or a dashboard makes them on a file that it
/// has just opened: the median of some.
struct ReadTimes {
  double open = 0;
  double first_page = 0;   ///< `list`, the newest 50.
  double completed = 0;    ///< `list --status completed`.
  double compensated = 0;  ///< `list --status compensated`: one in rare_every.
  double rare = 0;         ///< `list --type rare`.
  double deep = 0;         ///< `list --status completed` from the middle of the store on.
  double old = 0;          ///< `list --older-than`: what began in the first tenth of the time.
  double count = 0;        ///< Of all.
  double by_status = 0;    ///< Counts of every status, as `store info` shows them.
  double journal = 0;      ///< `history` of one saga in the middle.

  [[nodiscard]] Json json() const;
};
[[nodiscard]] ReadTimes time_reads(const std::string& path);

[[nodiscard]] double file_mib(const std::string& path);
/// Of this process.
[[nodiscard]] double resident_mib();

}  // namespace skald::bench

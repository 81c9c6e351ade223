// What a benchmark measured, and the table of all of them.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "skald/json.hpp"

namespace skald::bench {

/// Of single operations, in milliseconds.
struct Latency {
  double p50 = 0;
  double p90 = 0;
  double p99 = 0;
  double p999 = 0;
};

/// One repetition.
struct Sample {
  double per_second = 0;
  std::optional<Latency> latency;
  std::string note{};  ///< What else is to be said: refusals, memory.
};

struct Row {
  std::string name;
  std::string unit;                ///< What `per_second` counts: `sagas`, `starts`, `round trips`.
  double per_second = 0;           ///< Median over the repetitions.
  double work_each = 1;            ///< Journal rows or round trips that one unit takes.
  std::optional<Latency> latency;  ///< Of the repetition with the median rate.
  std::string
      held_against;   ///< Name of the row that is this one's ceiling, or empty; compared by work.
  double lowest = 0;  ///< Of the repetitions, to show the spread.
  double highest = 0;
  std::string note{};  ///< Of the repetition with the median rate.
};

/// The repetition with the median rate stands for all; their spread is kept. Needs one at least.
[[nodiscard]] Row make_row(std::string name, std::string unit, double work_each,
                           std::vector<Sample> samples, std::string held_against = {});
/// Of all values, which are sorted here; needs one at least.
[[nodiscard]] Latency latency_of(std::vector<double>& milliseconds);

/// Machine, versions and settings, for the head of the table.
[[nodiscard]] Json describe_setting(double seconds, int repetitions, const std::string& directory,
                                    const std::string& rabbitmq);

void print_table(std::ostream& out, const Json& setting, const std::vector<Row>& rows);
[[nodiscard]] Json to_json(const Json& setting, const std::vector<Row>& rows);

}  // namespace skald::bench

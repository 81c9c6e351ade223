#include "story.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "broker.hpp"

namespace skald::faults {

using std::chrono::milliseconds;

void Story::fire(const std::string& kind, std::uint64_t times) {
  const auto found = std::find_if(fired.begin(), fired.end(),
                                  [&kind](const auto& entry) { return entry.first == kind; });
  if (found == fired.end()) {
    fired.emplace_back(kind, times);
  } else {
    found->second += times;
  }
}

SiteOptions Story::site_options() const {
  SiteOptions options;
  options.broker = test::Broker::shared().options(test::unique_prefix());
  options.seed = seed;
  return options;
}

void Story::finish(Site& site, Duration quiet_limit, std::uint64_t quarantined) {
  const auto began = std::chrono::steady_clock::now();
  const bool quiet = site.await_quiet(quiet_limit);
  const auto took =
      std::chrono::ceil<milliseconds>(std::chrono::steady_clock::now() - began).count();
  findings.expect(Invariant::I15, quiet, "not quiet {} ms after the last fault", took);
  note(fmt::format("quiet {} ms after the last fault (limit {})", took, quiet_limit.count()));
  tally = site.finish(findings, quarantined);
  if (findings.violations() == 0 && !keep) {
    site.forget();
  } else {
    note("files: " + site.files().directory);
    if (findings.violations() > 0 && !control) {
      for (const std::string& line : site.log().tail(40)) note(line);
    }
  }
}

void Story::check_pulse(const Pulse::Counts& counts, milliseconds limit) {
  findings.expect(Invariant::I15, counts.slowest_start <= limit, "a start took {} ms",
                  counts.slowest_start.count());
  findings.expect(Invariant::I15, counts.slowest_answer <= limit, "an answer took {} ms",
                  counts.slowest_answer.count());
  note(fmt::format("meanwhile {} starts ({} refused), slowest {} ms; {} questions, slowest {} ms",
                   counts.started, counts.refused, counts.slowest_start.count(), counts.asked,
                   counts.slowest_answer.count()));
}

}  // namespace skald::faults

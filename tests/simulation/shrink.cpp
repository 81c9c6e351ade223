#include "shrink.hpp"

#include <algorithm>
#include <vector>

#include "skald/error.hpp"

namespace skald::simulation {

using testing::Findings;
using testing::Invariant;
using testing::invariant_count;

namespace {

constexpr int runs_max = 3'000;

class Shrinker {
 public:
  Shrinker(std::uint64_t seed, Mutant mutant, Small small, std::set<Invariant> broken)
      : seed_(seed), mutant_(mutant), small_(std::move(small)), broken_(std::move(broken)) {}

  Small run() {
    bool smaller = true;
    while (smaller && small_.runs < runs_max) {
      smaller = drop(&Draft::starts);
      smaller = drop(&Draft::requests) || smaller;
      smaller = drop_accidents() || smaller;
      smaller = drop_definitions() || smaller;
      smaller = drop_steps() || smaller;
      smaller = drop_keys() || smaller;
      smaller = drop_delays() || smaller;
      smaller = drop_policies() || smaller;
      smaller = drop_edge_data() || smaller;
    }
    return std::move(small_);
  }

 private:
  bool still_fails(const Small& candidate) {
    ++small_.runs;
    try {
      const ScheduleResult result =
          run_schedule(candidate.draft, {seed_, mutant_, &candidate.allowed, false});
      return std::any_of(broken_.begin(), broken_.end(), [&result](Invariant invariant) {
        return result.findings.violations(invariant) > 0;
      });
    } catch (const DefinitionError&) {
      return false;  // The definition cannot do without what was left out.
    }
  }

  bool accept(Small candidate) {
    if (small_.runs >= runs_max || !still_fails(candidate)) return false;
    candidate.runs = small_.runs;
    small_ = std::move(candidate);
    return true;
  }

  template <typename T>
  bool drop(std::vector<T> Draft::*list) {
    bool dropped = false;
    for (std::size_t i = (small_.draft.*list).size(); i-- > 0;) {
      Small candidate = small_;
      std::vector<T>& items = candidate.draft.*list;
      items.erase(items.begin() + static_cast<std::ptrdiff_t>(i));
      dropped = accept(std::move(candidate)) || dropped;
    }
    return dropped;
  }

  // Halves, quarters, …, single ones.
  bool drop_accidents() {
    bool dropped = false;
    for (std::size_t chunk = std::max<std::size_t>(small_.allowed.size() / 2, 1);; chunk /= 2) {
      for (std::size_t at = 0; at < small_.allowed.size();) {
        Small candidate = small_;
        auto first = std::next(candidate.allowed.begin(), static_cast<std::ptrdiff_t>(at));
        const std::size_t count = std::min(chunk, candidate.allowed.size() - at);
        candidate.allowed.erase(first, std::next(first, static_cast<std::ptrdiff_t>(count)));
        if (accept(std::move(candidate))) {
          dropped = true;
        } else {
          at += count;
        }
      }
      if (chunk <= 1) return dropped;
    }
  }

  bool drop_definitions() {
    bool dropped = false;
    for (std::size_t i = small_.draft.definitions.size(); i-- > 0;) {
      if (small_.draft.definitions.size() == 1) break;
      Small candidate = small_;
      candidate.draft.definitions.erase(candidate.draft.definitions.begin() +
                                        static_cast<std::ptrdiff_t>(i));
      dropped = accept(std::move(candidate)) || dropped;
    }
    return dropped;
  }

  bool drop_steps() {
    bool dropped = false;
    for (std::size_t d = 0; d < small_.draft.definitions.size(); ++d) {
      for (std::size_t i = small_.draft.definitions[d]["steps"].size(); i-- > 0;) {
        Small candidate = small_;
        candidate.draft.definitions[d]["steps"].erase(i);
        dropped = accept(std::move(candidate)) || dropped;
      }
    }
    return dropped;
  }

  // Whatever a definition says beyond the necessary.
  bool drop_keys() {
    bool dropped = false;
    for (std::size_t d = 0; d < small_.draft.definitions.size(); ++d) {
      for (const char* key : {"deadline", "output", "defaults", "locks", "priority"}) {
        if (!small_.draft.definitions[d].contains(key)) continue;
        Small candidate = small_;
        candidate.draft.definitions[d].erase(key);
        dropped = accept(std::move(candidate)) || dropped;
      }
      for (std::size_t i = 0; i < small_.draft.definitions[d]["steps"].size(); ++i) {
        for (const char* key : {"resolve", "on_failure", "retry", "timeout", "deadline",
                                "compensation_retry", "input", "hedge", "when", "after"}) {
          if (!small_.draft.definitions[d]["steps"][i].contains(key)) continue;
          Small candidate = small_;
          candidate.draft.definitions[d]["steps"][i].erase(key);
          dropped = accept(std::move(candidate)) || dropped;
        }
      }
    }
    return dropped;
  }

  bool drop_delays() {
    bool dropped = false;
    for (std::size_t i = 0; i < small_.draft.starts.size(); ++i) {
      if (!small_.draft.starts[i].delay) continue;
      Small candidate = small_;
      candidate.draft.starts[i].delay.reset();
      dropped = accept(std::move(candidate)) || dropped;
    }
    return dropped;
  }

  bool drop_policies() {
    bool dropped = false;
    const Json policies = small_.draft.policies;
    for (const auto& [participant, stated] : policies.items()) {
      for (const auto& [key, policy] : stated.items()) {
        Small candidate = small_;
        candidate.draft.policies[participant].erase(key);
        dropped = accept(std::move(candidate)) || dropped;
      }
    }
    return dropped;
  }

  bool drop_edge_data() {
    bool dropped = false;
    for (std::size_t i = 0; i < edge_kind_count; ++i) {
      if (small_.draft.edge.percent[i] == 0) continue;
      Small candidate = small_;
      candidate.draft.edge.percent[i] = 0;
      dropped = accept(std::move(candidate)) || dropped;
    }
    return dropped;
  }

  std::uint64_t seed_;
  Mutant mutant_;
  Small small_;
  std::set<Invariant> broken_;
};

}  // namespace

std::optional<Small> shrink(std::uint64_t seed, Mutant mutant, bool edge) {
  Small small{generate(seed, edge), {}, 1};
  const ScheduleResult result = run_schedule(small.draft, {seed, mutant, nullptr, false});
  std::set<Invariant> broken;
  for (std::size_t i = 0; i < invariant_count; ++i) {
    const auto invariant = static_cast<Invariant>(i);
    if (result.findings.violations(invariant) > 0) broken.insert(invariant);
  }
  if (broken.empty()) return std::nullopt;
  small.allowed.insert(result.happened.begin(), result.happened.end());
  return Shrinker{seed, mutant, std::move(small), std::move(broken)}.run();
}

}  // namespace skald::simulation

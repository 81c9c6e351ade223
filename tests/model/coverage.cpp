#include "coverage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <set>
#include <tuple>

#include "transition_table.hpp"

namespace skald::model {
namespace {

std::size_t pair_index(Phase phase, Met met) {
  return static_cast<std::size_t>(phase) * met_count + static_cast<std::size_t>(met);
}

std::size_t arrow_index(Phase phase, Met met, Phase next) {
  return pair_index(phase, met) * phase_count + static_cast<std::size_t>(next);
}

/// Phases that cannot meet inputs, and why.
struct Impossible {
  std::vector<Phase> phases;
  std::vector<Met> inputs;
  const char* why;
};

template <typename Enum>
std::vector<Enum> from_to(Enum first, Enum last) {
  std::vector<Enum> all;
  for (int i = static_cast<int>(first); i <= static_cast<int>(last); ++i) {
    all.push_back(static_cast<Enum>(i));
  }
  return all;
}

template <typename Enum>
std::vector<Enum> joined(std::initializer_list<std::vector<Enum>> lists) {
  std::vector<Enum> all;
  for (const auto& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

const std::vector<Impossible>& impossible() {
  using enum Phase;
  static const std::vector<Phase> pivot = from_to(pivot_dispatched, pivot_in_doubt_wish);
  static const std::vector<Phase> retriable = from_to(retriable_dispatched, retriable_in_doubt);
  static const std::vector<Met> ends = from_to(Met::child_completed, Met::child_abandoned);
  static const std::vector<Met> answers =
      joined<Met>({from_to(Met::success, Met::dead),
                   {Met::timeout, Met::process_ended, Met::process_ended_for_good}});
  static const std::vector<Phase> idle =
      joined<Phase>({from_to(first_between, first_between_unanswered),
                     from_to(second_between, second_between_unanswered),
                     from_to(pivot_between, pivot_between_wish),
                     from_to(retriable_between, retriable_between_unanswered),
                     {next_not_admitted, stuck_pivot_in_doubt, stuck_pivot_refused, completed,
                      completed_child, abandoned}});
  static const std::vector<Impossible> table{
      {{not_started}, from_to(Met::success, Met::parent_turned_back), "nobody knows the saga yet"},
      {from_to(not_admitted, abandoned), {Met::start}, "a saga is started once, its id is new"},
      {{not_admitted, delayed, awaits_locks},
       joined<Met>({from_to(Met::success, Met::late_dead),
                    from_to(Met::timeout, Met::late_process_ended), ends}),
       "nothing was sent, and no child started"},
      {idle, answers, "no attempt is under way"},
      {joined<Phase>({pivot,
                      retriable,
                      {stuck_pivot_in_doubt, stuck_pivot_refused, stuck_retriable, completed}}),
       {Met::parent_turned_back},
       "only a child that can be undone as a whole has a parent that turns back"},
      // Not impossible as such, but for the definitions of the model.
      {joined<Phase>({from_to(first_dispatched, first_in_doubt),
                      {second_in_doubt, turned_resolving},
                      {asleep, awaits_signal, signal_kept, completed_child, stuck_pivot_refused},
                      {pivot_between, pivot_between_unanswered, pivot_between_wish, pivot_in_doubt,
                       pivot_in_doubt_wish},
                      retriable}),
       ends, "no definition of the model has a child saga beside or before that"},
      {joined<Phase>(
           {{first_in_doubt, second_in_doubt, turned_resolving, pivot_in_doubt},
            {pivot_between, pivot_between_unanswered, pivot_between_wish, pivot_in_doubt_wish},
            {stuck_pivot_refused, stuck_retriable},
            retriable}),
       {Met::signal},
       "no definition of the model has that beside a step that waits for a signal"},
  };
  return table;
}

bool is_impossible(Phase phase, Met met) {
  const auto has = [](const auto& list, auto value) {
    return std::find(list.begin(), list.end(), value) != list.end();
  };
  return std::any_of(impossible().begin(), impossible().end(), [&](const Impossible& row) {
    return has(row.phases, phase) && has(row.inputs, met);
  });
}

void judge_pairs(const Coverage& coverage, CoverageReport& report) {
  for (const Phase phase : from_to(Phase::not_started, Phase::abandoned)) {
    for (const Met met : from_to(Met::start, Met::parent_turned_back)) {
      const bool met_it = coverage.met(phase, met) > 0;
      const bool cannot = is_impossible(phase, met);
      ++(cannot ? report.impossible : report.pairs);
      if (met_it != cannot) continue;
      report.holes.push_back(fmt::format("{}: {} × {}",
                                         cannot ? "met, though it cannot" : "never met",
                                         to_string(phase), to_string(met)));
    }
  }
  for (const Met met : from_to(Met::start, Met::parent_turned_back)) {
    if (coverage.met(Phase::unheard_of, met) == 0) continue;
    report.holes.push_back(fmt::format("a saga in no phase met: {}", to_string(met)));
  }
}

void judge_arrows(const Coverage& coverage, CoverageReport& report) {
  std::set<std::string> phases;
  std::set<std::tuple<Phase, Met, Phase>> arrows;
  spec::each_transition([&](const spec::Transition& t) {
    const Phase from = phase_of(t.definition, t.before, t.reached);
    const Met met = met_by(t.definition, t.before, t.input, t.now, t.now - t.reached);
    const Phase to = phase_of(t.definition, t.after, t.now);
    phases.insert(t.phase);
    if (!arrows.insert({from, met, to}).second || is_impossible(from, met)) return;
    if (coverage.went(from, met, to)) return;
    report.holes.push_back(fmt::format("never gone, and the spec has it in '{}': {} × {} → {}",
                                       t.phase, to_string(from), to_string(met), to_string(to)));
  });
  report.spec_phases = phases.size();
  report.spec_arrows = arrows.size();
}

}  // namespace

Coverage::Coverage()
    : met_(phase_count * met_count), went_(phase_count * met_count * phase_count) {}

void Coverage::note(Phase phase, Met met, Phase next) {
  ++met_[pair_index(phase, met)];
  went_[arrow_index(phase, met, next)] = true;
}

void Coverage::add(const Coverage& other) {
  for (std::size_t i = 0; i < met_.size(); ++i) met_[i] += other.met_[i];
  for (std::size_t i = 0; i < went_.size(); ++i) {
    if (other.went_[i]) went_[i] = true;
  }
}

std::uint64_t Coverage::met(Phase phase, Met met) const { return met_[pair_index(phase, met)]; }
bool Coverage::went(Phase phase, Met met, Phase next) const {
  return went_[arrow_index(phase, met, next)];
}
std::size_t Coverage::arrows() const {
  return static_cast<std::size_t>(std::count(went_.begin(), went_.end(), true));
}

CoverageReport judge_coverage(const Coverage& coverage) {
  CoverageReport report;
  judge_pairs(coverage, report);
  judge_arrows(coverage, report);
  return report;
}

}  // namespace skald::model

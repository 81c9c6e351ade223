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

const std::vector<Impossible>& impossible() {
  using enum Phase;
  const auto begun = from_to(not_admitted, abandoned);
  static const std::vector<Impossible> table{
      {{not_started}, from_to(Met::success, Met::parent_turned_back), "nobody knows the saga yet"},
      {begun, {Met::start}, "a saga is started once, its id is new"},
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

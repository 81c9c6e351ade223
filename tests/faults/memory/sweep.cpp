#include "sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "fate.hpp"
#include "invariants.hpp"
#include "life.hpp"
#include "short_life.hpp"

namespace skald::faults {
namespace {

using testing::Invariant;

constexpr std::uint64_t short_form = 120;
constexpr Duration healthy_limit{20'000};

/// A way of failing that has its share of the lives.
struct Course {
  Memory memory;
  bool lasting;
  bool recovering;
};

constexpr std::array courses{
    Course{Memory::objects, false, false}, Course{Memory::sqlite, false, false},
    Course{Memory::objects, false, true},  Course{Memory::sqlite, false, true},
    Course{Memory::objects, true, false},  Course{Memory::sqlite, true, false},
    Course{Memory::objects, true, true},   Course{Memory::sqlite, true, true},
};

std::string name_of(const Course& course) {
  return fmt::format("{}{}{}", course.memory == Memory::sqlite ? "SQLite" : "C++",
                     course.recovering ? ", recovering" : "",
                     course.lasting ? ", for good" : ", once");
}

bool turns_back(std::uint64_t seed, std::uint64_t number) {
  for (const Definition& definition : definitions({})) {
    if (definition.type != type_of(number)) continue;
    return std::any_of(definition.steps.begin() + 1, definition.steps.end(), [&](const Step& step) {
      return fate_of(seed, number, step.name, Direction::action) == Fate::rejected;
    });
  }
  return false;
}

/// Two sagas that nothing slows down; the first of them turns back.
std::vector<std::uint64_t> choose_sagas(std::uint64_t seed, std::uint64_t from) {
  std::uint64_t first = from;
  while (!is_swift(seed, first) || !turns_back(seed, first)) ++first;
  std::vector<std::uint64_t> numbers = swift_sagas(seed, first + 1, 1);
  numbers.insert(numbers.begin(), first);
  return numbers;
}

class Sweep {
 public:
  explicit Sweep(const MemoryOptions& options) : options_(options) {}

  MemoryResult run() {
    const std::uint64_t lives = options_.length == 0 ? short_form : options_.length;
    for (const Course& course : courses) {
      sweep(course, std::max<std::uint64_t>(1, lives / (courses.size() * phase_count)));
    }
    result_.note += fmt::format("engines: {} allocations in 8 ways of failing\n", allocations_);
    return std::move(result_);
  }

 private:
  void sweep(const Course& course, std::uint64_t share) {
    const auto counts = count(course);
    for (std::size_t i = 0; i < phase_count; ++i) {
      const std::uint64_t step = std::max<std::uint64_t>(1, (counts[i] + share - 1) / share);
      const auto phase = static_cast<Phase>(i);
      for (std::uint64_t nth = 1 + (options_.seed * 7919) % step; nth <= counts[i]; nth += step) {
        fail(course, {course.memory, nth, phase, course.lasting});
      }
      allocations_ += counts[i];
    }
  }

  // How many allocations a life has that nothing happens to, by phase.
  std::array<std::uint64_t, phase_count> count(const Course& course) {
    ShortLife life = prepare(course);
    life.shortage.memory = course.memory;
    const ShortLifeReport report = live_short(life);
    if (report.end != End::well && options_.mutant == Mutant::none) {
      throw Error("a life with memory enough did not end well: " + report.said);
    }
    std::filesystem::remove_all(life.files.directory);
    return report.met;
  }

  // A directory of its own, and what an earlier life has left in it.
  ShortLife prepare(const Course& course) {
    ShortLife life;
    life.files.directory = make_directory();
    life.seed = options_.seed;
    life.mutant = options_.mutant;
    life.numbers = choose_sagas(options_.seed, 100 * result_.lives);
    left_.clear();
    if (!course.recovering) return life;
    const std::vector<std::uint64_t> later = choose_sagas(options_.seed, life.numbers.back() + 1);
    ShortLife before = life;
    before.dies = true;
    note_acknowledged(before, live_short(before));
    life.numbers = later;
    return life;
  }

  void note_acknowledged(const ShortLife& life, const ShortLifeReport& report) {
    for (std::size_t i = 0; i < life.numbers.size(); ++i) {
      if (report.acknowledged[i] == SagaId{}) continue;
      left_.emplace(key_of(life.numbers[i]), report.acknowledged[i]);
    }
  }

  void fail(const Course& course, const Shortage& shortage) {
    ShortLife life = prepare(course);
    ++result_.lives;
    const std::string name =
        fmt::format("{}, {} {}", name_of(course), to_string(shortage.phase), shortage.nth);
    life.shortage = shortage;
    const ShortLifeReport report = live_short(life);
    note_acknowledged(life, report);
    result_.fired += report.fired > 0 ? 1 : 0;
    if (report.fired > 0) ++result_.by_phase[static_cast<std::size_t>(shortage.phase)];
    result_.well += report.end == End::well ? 1 : 0;
    result_.refused += report.end == End::refused ? 1 : 0;
    result_.aborted += report.end == End::aborted ? 1 : 0;
    const std::uint64_t before = result_.findings.violations();
    result_.findings.expect(Invariant::I15, report.end != End::died,
                            "{}: the process died, or hung: {}", name, report.said);
    check_words(name, report);
    recover(name, life);
    if (result_.findings.violations() == before || options_.mutant != Mutant::none) {
      std::filesystem::remove_all(life.files.directory);
    } else {
      result_.note += fmt::format("{}: files in {}\n", name, life.files.directory);
    }
  }

  // Whoever reads the message must learn that it was memory.
  void check_words(const std::string& name, const ShortLifeReport& report) {
    if (report.end != End::refused || report.fired == 0) return;
    const bool says = report.said.find("memory") != std::string::npos ||
                      report.said.find("bad_alloc") != std::string::npos;
    result_.findings.expect(Invariant::I15, says, "{}: it does not say that memory ran out: {}",
                            name, report.said);
  }

  void recover(const std::string& name, const ShortLife& plan) {
    testing::Findings findings;
    try {
      Life life(plan.files, options_.seed);
      // A pause that was committed before the end is an operator's to lift.
      for (const auto& [key, id] : left_) {
        (void)life.engine().handle({{"verb", "resume"}, {"id", id.to_string()}});
      }
      const Duration limit = options_.mutant == Mutant::none ? healthy_limit : Duration{300};
      findings.expect(Invariant::I15, life.await_quiet(limit), "{}: not quiet", name);
      life.stop();
      const Tally tally = check_invariants(plan.files, left_, findings);
      result_.sagas += tally.sagas;
      result_.duplicates += tally.repeats;
    } catch (const Error& error) {
      findings.expect(Invariant::I14, false, "{}: reopening failed: {}", name, error.what());
    }
    result_.findings.add(findings);
  }

  MemoryOptions options_;
  MemoryResult result_;
  std::uint64_t allocations_ = 0;
  Acknowledged left_;  ///< In the lives on the present store.
};

}  // namespace

MemoryResult sweep_allocations(const MemoryOptions& options) { return Sweep(options).run(); }

}  // namespace skald::faults

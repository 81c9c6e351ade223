#include "saga/journal_check.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace skald {
namespace {

/// Follows the rows as far as is needed to tell whether they make sense.
class JournalCheck {
 public:
  JournalCheck(std::size_t steps, std::uint64_t version) : steps_(steps), version_(version) {}

  /// What is wrong with the row; empty when nothing is.
  [[nodiscard]] std::string look_at(const JournalRow& row) {
    if (row.version != version_ + 1) {
      return fmt::format("row {} follows row {}", row.version, version_);
    }
    version_ = row.version;
    for (const Event& event : row.events) {
      std::string problem = std::visit([this](const auto& e) { return look_at_event(e); }, event);
      if (problem.empty()) continue;
      return fmt::format("row {} ({}) {}", row.version, event_name(event), problem);
    }
    if (started()) return {};
    return fmt::format("row {} is not its start", row.version);
  }

 private:
  [[nodiscard]] bool started() const { return steps_ > 0; }

  std::string look_at_event(const SagaStarted& e) {
    if (started()) return "is a second start";
    if (e.step_count == 0 || e.step_count > steps_max) {
      return fmt::format("has {} steps, and a saga has 1 to {}", e.step_count, steps_max);
    }
    if (e.priority && *e.priority > priority_max) {
      return fmt::format("has the priority {}, and {} is the highest", *e.priority, priority_max);
    }
    steps_ = e.step_count;
    std::string problem;
    for (const CarriedOutput& carried : e.carried) {
      if (problem.empty()) problem = step_problem(carried.step);
    }
    return problem;
  }

  /// All others: what they have in common is how they name a step.
  template <typename E>
  std::string look_at_event(const E& e) {
    if (!started()) return "comes before the start";
    if constexpr (requires { e.plan; }) return plan_problem(e);
    if constexpr (requires { e.why; }) return stuck_problem(e.why);
    if constexpr (requires { e.attempt.step; }) return attempt_problem(e.attempt);
    if constexpr (std::is_same_v<E, SiblingsAwaited>) return step_problem(e.cause.step);
    if constexpr (std::is_same_v<E, SagaResumed> || std::is_same_v<E, MessageQuarantined>) {
      return e.step == no_step ? std::string() : step_problem(e.step);
    } else if constexpr (requires { e.step; }) {
      return step_problem(e.step);
    }
    return {};
  }

  [[nodiscard]] std::string plan_problem(const SagaTurnedBack& e) const {
    if (e.cause.step != no_step && e.cause.step >= steps_) return step_problem(e.cause.step);
    const auto beyond = std::find_if(e.plan.begin(), e.plan.end(),
                                     [this](StepIndex step) { return step >= steps_; });
    if (beyond != e.plan.end()) return step_problem(*beyond);
    if (e.plan.size() > steps_) return "plans to undo more steps than the saga has";
    return {};
  }

  [[nodiscard]] std::string stuck_problem(const Stuck& why) const {
    if (why.resumes_to != Status::running && why.resumes_to != Status::compensating) {
      return fmt::format("would resume to {}", to_string(why.resumes_to));
    }
    return why.step == no_step ? std::string() : step_problem(why.step);
  }

  [[nodiscard]] std::string attempt_problem(const AttemptRef& attempt) const {
    // One less than the largest number, so that there is always a next one.
    if (attempt.attempt == UINT32_MAX) return "names an attempt with an impossible number";
    return step_problem(attempt.step);
  }

  [[nodiscard]] std::string step_problem(StepIndex step) const {
    if (step < steps_) return {};
    return fmt::format("names step {}, and the saga has {}", std::uint64_t{step} + 1, steps_);
  }

  std::size_t steps_;
  std::uint64_t version_;
};

}  // namespace

std::optional<std::string> journal_problem(const Saga& saga, const std::vector<JournalRow>& rows) {
  JournalCheck check(saga.steps.size(), saga.version);
  for (const JournalRow& row : rows) {
    std::string problem = check.look_at(row);
    if (!problem.empty()) return problem;
  }
  return std::nullopt;
}

}  // namespace skald

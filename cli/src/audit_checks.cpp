#include "audit_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <variant>

#include "skald/decide.hpp"

namespace skald::cli {
namespace {

class Audit {
 public:
  Audit(const std::vector<JournalRow>& rows, const std::optional<SagaSummary>& summary,
        const DefinitionPtr& definition)
      : rows_(rows), summary_(summary), definition_(definition) {}

  std::vector<std::string> findings() {
    if (!check_beginning()) return std::move(findings_);
    for (const JournalRow& row : rows_) take(row);
    check_summary_at_end();
    if (definition_) check_definition();
    check_status();
    check_undo_plan();
    return std::move(findings_);
  }

 private:
  template <typename... Args>
  void found(fmt::format_string<Args...> text, Args&&... args) {
    findings_.push_back(fmt::format(text, std::forward<Args>(args)...));
  }

  bool check_beginning() {
    if (rows_.empty()) {
      found("it has a row but no journal");
      return false;
    }
    const auto& first = rows_.front().events;
    if (first.empty() || !std::holds_alternative<SagaStarted>(first.front())) {
      found("its journal does not begin with saga.started");
      return false;
    }
    return true;
  }

  void take(const JournalRow& row) {
    if (row.version != saga_.version + 1) {
      found("journal version {} follows version {}", row.version, saga_.version);
    }
    if (row.position <= position_) {
      found("version {} lies at position {}, before its predecessor", row.version, row.position);
    }
    position_ = row.position;
    // Event by event: what may follow depends on what the same row records before it.
    for (const Event& event : row.events) {
      if (is_end(saga_.status)) check_after_end(event, row.version);
      if (const auto* issued = std::get_if<CommandIssued>(&event))
        check_issue(*issued, row.version);
      if (std::holds_alternative<SagaTurnedBack>(event)) turned_back_ = true;
      evolve(saga_, event, row.at);
    }
    evolve_row(saga_, {}, row.version, row.at);
    if (summary_ && summary_->version == row.version) check_summary_at(row.version);
  }

  // An end is final. What happens around the saga leaves its trace all the same: a replay, a key
  // that goes to another saga, messages that cannot be used or contradict what is known. And the
  // end of a completed child is provisional until its parent has ended, which may turn it back.
  void check_after_end(const Event& event, std::uint64_t version) {
    const bool only_a_trace = std::holds_alternative<ReplayStarted>(event) ||
                              std::holds_alternative<KeyHandedOver>(event) ||
                              std::holds_alternative<ContradictionSeen>(event) ||
                              std::holds_alternative<MessageQuarantined>(event);
    if (only_a_trace) return;
    const auto* turned = std::get_if<SagaTurnedBack>(&event);
    if (turned && saga_.status == Status::completed && is_of_parent(turned->cause)) return;
    found("version {} records {} after the end '{}'", version, event_name(event),
          to_string(saga_.status));
  }

  [[nodiscard]] bool is_of_parent(const TurnBack& cause) const {
    return saga_.parent && cause.error.code == "PARENT_TURNED_BACK";
  }

  void check_issue(const CommandIssued& issued, std::uint64_t version) {
    const AttemptRef& attempt = issued.attempt;
    std::uint32_t& last = last_attempt_[{attempt.step, attempt.direction}];
    if (attempt.attempt != last + 1) {
      found("version {}: attempt {} of step {} follows attempt {}", version, attempt.attempt,
            attempt.step, last);
    }
    last = attempt.attempt;
    if (attempt.direction == Direction::action && turned_back_) {
      found("version {} issues the action of step {} after the saga turned back", version,
            attempt.step);
    }
    if (attempt.direction == Direction::compensate && !turned_back_) {
      found("version {} compensates step {} although the saga did not turn back", version,
            attempt.step);
    }
  }

  void check_summary_at(std::uint64_t version) {
    summary_seen_ = true;
    if (definition_ && summarize(*definition_, saga_) != *summary_) {
      found("its row differs from the journal folded to version {}", version);
    }
  }

  void check_summary_at_end() {
    if (!summary_) {
      found("it has a journal but no row");
      return;
    }
    if (!summary_seen_)
      found("its row states version {}, which the journal lacks", summary_->version);
    if (definition_ && filters_differ(*summary_, summarize(*definition_, saga_))) {
      found("its row was not brought up to version {}", saga_.version);
    }
  }

  void check_definition() {
    if (definition_->digest() != saga_.definition) found("its definition has another digest");
    if (definition_->type != saga_.type || definition_->version != saga_.definition_version) {
      found("its definition is {} v{}, not {} v{}", definition_->type, definition_->version,
            saga_.type, saga_.definition_version);
    }
    if (definition_->steps.size() != saga_.steps.size()) {
      found("it has {} steps, its definition {}", saga_.steps.size(), definition_->steps.size());
    }
  }

  void check_status() {
    if (saga_.status == Status::stuck && !saga_.stuck) found("it is stuck without a reason");
    if (is_end(saga_.status) != saga_.ended_at.has_value()) {
      found("it is {} and its end time says otherwise", to_string(saga_.status));
    }
    if (saga_.status == Status::completed) {
      for (std::size_t i = 0; i < saga_.steps.size(); ++i) {
        const StepStatus status = saga_.steps[i].status;
        if (status == StepStatus::succeeded || status == StepStatus::skipped) continue;
        found("it is completed, but step {} is {}", i, to_string(status));
      }
    }
    if (saga_.status == Status::compensated && !saga_.turn_back) {
      found("it is compensated, but never turned back");
    }
  }

  void check_undo_plan() {
    const auto& plan = saga_.undo_plan;
    check_undo_order();
    for (const StepIndex step : plan) {
      if (step >= saga_.steps.size()) {
        found("its undo plan names step {}, which does not exist", step);
        continue;
      }
      const CompensationStatus status = saga_.steps[step].compensation;
      if (saga_.status == Status::compensated && !is_closed(status)) {
        found("it is compensated, but the undo of step {} is {}", step, to_string(status));
      }
    }
    if (!definition_ || !saga_.turn_back) return;
    const StepIndex pivot = definition_->pivot();
    if (pivot < saga_.steps.size() && saga_.steps[pivot].status == StepStatus::succeeded) {
      found("it turned back although its pivot had succeeded");
    }
  }

  // Whatever depends on a step is undone before it.
  void check_undo_order() {
    const auto& plan = saga_.undo_plan;
    StepSet undone;
    for (const StepIndex step : plan) {
      if (undone.contains(step)) found("its undo plan names step {} twice", step);
      const bool known = definition_ && step < definition_->steps.size();
      if (known && definition_->shape().before[step].meets(undone)) {
        found("its undo plan is not in reverse order at step {}", step);
      }
      undone.insert(step);
    }
  }

  const std::vector<JournalRow>& rows_;
  const std::optional<SagaSummary>& summary_;
  const DefinitionPtr& definition_;
  std::vector<std::string> findings_;
  Saga saga_;
  Position position_ = 0;
  bool turned_back_ = false;
  bool summary_seen_ = false;
  std::map<std::pair<StepIndex, Direction>, std::uint32_t> last_attempt_;
};

}  // namespace

std::vector<std::string> audit_saga(const std::vector<JournalRow>& rows,
                                    const std::optional<SagaSummary>& summary,
                                    const DefinitionPtr& definition) {
  return Audit(rows, summary, definition).findings();
}

}  // namespace skald::cli

#include "skald/filter.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "json/compare.hpp"
#include "json/pointer.hpp"

namespace skald {

namespace {

template <typename T>
bool is_any_of(const std::vector<T>& values, const T& value) {
  return values.empty() || std::find(values.begin(), values.end(), value) != values.end();
}

// At this step the saga stands, or here it failed.
bool is_at(const Saga& saga, StepIndex index) {
  if (index >= saga.steps.size()) return false;
  if (saga.stuck && saga.stuck->step == index) return true;
  switch (saga.steps[index].status) {
    case StepStatus::waiting:
    case StepStatus::dispatched:
    case StepStatus::retry_wait:
    case StepStatus::rejected:
    case StepStatus::failed:
    case StepStatus::unknown: return true;
    case StepStatus::pending:
    case StepStatus::succeeded:
    case StepStatus::skipped:
    case StepStatus::cancelled: break;
  }
  switch (saga.steps[index].compensation) {
    case CompensationStatus::dispatched:
    case CompensationStatus::retry_wait:
    case CompensationStatus::stuck: return true;
    case CompensationStatus::none:
    case CompensationStatus::pending:
    case CompensationStatus::compensated:
    case CompensationStatus::skipped: break;
  }
  return false;
}

// A list's name stands for the steps of all of its elements: `pack` for `pack.0`, `pack.1`, …
bool stands_for(const std::string& name, const Step& step) {
  if (step.name == name) return true;
  return step.element && step.name.size() > name.size() && step.name.starts_with(name) &&
         step.name[name.size()] == '.';
}

bool is_at_any(const std::vector<std::string>& names, const Definition& definition,
               const Saga& saga) {
  for (StepIndex i = 0; i < definition.steps.size(); ++i) {
    const auto stands = [&](const std::string& name) {
      return stands_for(name, definition.steps[i]);
    };
    if (is_at(saga, i) && std::any_of(names.begin(), names.end(), stands)) return true;
  }
  return false;
}

bool has_attempts(const Saga& saga, std::uint32_t count) {
  return std::any_of(saga.steps.begin(), saga.steps.end(), [count](const StepState& step) {
    return std::any_of(step.attempts.begin(), step.attempts.end(),
                       [count](const Attempts& attempts) { return attempts.made >= count; });
  });
}

// The payload that a pointer leads into, and how many of its tokens lead there; null when the saga
// has none.
struct Payload {
  const JsonText* text = nullptr;
  std::size_t tokens = 0;
};

Payload payload_of(const Definition& definition, const Saga& saga,
                   const std::vector<std::string>& tokens) {
  if (tokens.empty()) return {};
  if (tokens[0] == "input") return {&saga.input, 1};
  if (tokens[0] == "output") return {saga.output ? &*saga.output : nullptr, 1};
  if (tokens[0] != "steps" || tokens.size() < 3 || tokens[2] != "output") return {};
  const auto step = definition.find(tokens[1]);
  if (!step || *step >= saga.steps.size() || !saga.steps[*step].output) return {};
  return {&*saga.steps[*step].output, 3};
}

bool compare(const Json& value, WhereClause::Op op, const Json& with) {
  const std::partial_ordering order = compare_values(value, with);
  switch (op) {
    case WhereClause::Op::equal: return same_tree(value, with);
    case WhereClause::Op::not_equal: return !same_tree(value, with);
    case WhereClause::Op::less: return order < 0;
    case WhereClause::Op::less_equal: return order <= 0;
    case WhereClause::Op::greater: return order > 0;
    case WhereClause::Op::greater_equal: return order >= 0;
    case WhereClause::Op::exists: return true;
  }
  return false;
}

// A value that is missing differs from every value, and holds in no other comparison.
bool holds(const WhereClause& clause, const Definition& definition, const Saga& saga) {
  const bool without_value = clause.op == WhereClause::Op::not_equal;
  const auto tokens = split_pointer(clause.pointer);
  if (!tokens) return without_value;
  const Payload payload = payload_of(definition, saga, *tokens);
  if (payload.text == nullptr) return without_value;
  const Json document = payload.text->value();
  const Json* const value = value_at(document, *tokens, payload.tokens);
  if (value == nullptr) return without_value;
  return compare(*value, clause.op, clause.value.value());
}

}  // namespace

bool SagaFilter::empty() const {
  return by_summary_only() && statuses.empty() && types.empty() && keys.empty() &&
         error_codes.empty() && !started_before && !started_after;
}

bool matches_summary(const SagaFilter& filter, const SagaSummary& summary) {
  if (!filter.keys.empty() && (!summary.key || !is_any_of(filter.keys, *summary.key))) return false;
  if (filter.started_before && summary.started_at >= *filter.started_before) return false;
  if (filter.started_after && summary.started_at < *filter.started_after) return false;
  return is_any_of(filter.statuses, summary.status) && is_any_of(filter.types, summary.type) &&
         is_any_of(filter.error_codes, summary.error_code);
}

bool matches(const SagaFilter& filter, const Definition& definition, const Saga& saga) {
  if (!matches_summary(filter, summarize(definition, saga))) return false;
  if (!filter.steps.empty() && !is_at_any(filter.steps, definition, saga)) return false;
  if (filter.attempts_ge && !has_attempts(saga, *filter.attempts_ge)) return false;
  return std::all_of(filter.where.begin(), filter.where.end(),
                     [&](const WhereClause& clause) { return holds(clause, definition, saga); });
}

}  // namespace skald

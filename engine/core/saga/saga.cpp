#include "skald/saga.hpp"

#include <algorithm>

#include "skald/definition.hpp"

namespace skald {
namespace {

constexpr const char* status_names[] = {"pending",   "running",     "compensating", "stuck",
                                        "completed", "compensated", "abandoned"};
constexpr const char* step_status_names[] = {"pending",   "waiting",  "dispatched", "retry_wait",
                                             "succeeded", "rejected", "failed",     "unknown",
                                             "skipped",   "cancelled"};
constexpr const char* compensation_names[] = {"none",        "pending", "dispatched", "retry_wait",
                                              "compensated", "stuck",   "skipped"};

template <typename Enum, std::size_t n>
std::optional<Enum> parse_name(const char* const (&names)[n], std::string_view text) {
  const auto* found = std::find(std::begin(names), std::end(names), text);
  if (found == std::end(names)) return std::nullopt;
  return static_cast<Enum>(found - std::begin(names));
}

}  // namespace

const char* to_string(Status status) { return status_names[static_cast<std::size_t>(status)]; }
std::optional<Status> parse_status(std::string_view text) {
  return parse_name<Status>(status_names, text);
}

const char* to_string(StepStatus status) {
  return step_status_names[static_cast<std::size_t>(status)];
}
std::optional<StepStatus> parse_step_status(std::string_view text) {
  return parse_name<StepStatus>(step_status_names, text);
}

const char* to_string(CompensationStatus status) {
  return compensation_names[static_cast<std::size_t>(status)];
}

SagaSummary summarize(const Definition& definition, const Saga& saga) {
  SagaSummary summary;
  summary.id = saga.id;
  summary.type = saga.type;
  summary.definition_version = saga.definition_version;
  summary.definition = saga.definition;
  summary.key = saga.key;
  summary.holds_key = saga.holds_key;
  summary.status = saga.status;
  summary.paused = saga.paused;
  summary.forced = saga.forced;
  summary.contradicted = saga.contradicted;
  summary.version = saga.version;
  summary.started_at = saga.started_at;
  summary.updated_at = saga.updated_at;
  summary.ended_at = saga.ended_at;
  summary.replay_of = saga.replay_of;
  summary.replayed_by = saga.replayed_by;
  StepIndex step = no_step;
  if (saga.stuck) {
    step = saga.stuck->step;
    summary.error_code = saga.stuck->error.code;
  } else if (saga.turn_back) {
    step = saga.turn_back->step;
    summary.error_code = saga.turn_back->error.code;
  }
  if (step < definition.steps.size()) summary.error_step = definition.steps[step].name;
  return summary;
}

bool filters_differ(const SagaSummary& a, const SagaSummary& b) {
  return a.status != b.status || a.paused != b.paused || a.forced != b.forced ||
         a.contradicted != b.contradicted || a.holds_key != b.holds_key ||
         a.error_step != b.error_step || a.error_code != b.error_code ||
         a.replayed_by != b.replayed_by || a.key != b.key;
}

}  // namespace skald

#include "definition_steps.hpp"

#include <fmt/format.h>

#include <array>
#include <unordered_map>

namespace skald {

namespace {

constexpr std::size_t steps_max = 1000;
constexpr std::array kinds{StepKind::compensatable, StepKind::pivot, StepKind::retriable};

StepKind read_kind(const Place& step) {
  const auto place = step.find("kind");
  if (!place) return StepKind::compensatable;
  for (const StepKind kind : kinds) {
    if (place->value() == to_string(kind)) return kind;
  }
  place->refuse_value("\"compensatable\", \"pivot\" or \"retriable\"");
}

std::optional<Template> read_input(const Place& place) {
  const auto input = place.find("input");
  if (!input) return std::nullopt;
  return Template::parse(input->value(), input->where());
}

// The step's own timeout and retry policy are read already.
std::optional<Compensation> read_compensation(const Place& step, const Step& read,
                                              const StepDefaults& defaults) {
  if (read.kind != StepKind::compensatable) {
    const auto place = step.find("compensation");
    if (place)
      place->refuse(fmt::format("a {} step is never undone; remove it", to_string(read.kind)));
    return std::nullopt;
  }
  const Place place = step.require(
      "compensation", "the action that undoes the step, or \"none\" when there is nothing to undo");
  if (place.value() == "none") return std::nullopt;
  Compensation compensation;
  compensation.timeout = read.timeout;
  compensation.retry = defaults.compensation_retry();
  if (const auto p = step.find("compensation_retry")) overlay_retry(*p, compensation.retry);
  if (!place.value().is_object()) {
    compensation.action = place.name();
    return compensation;
  }
  place.allow_keys({"action", "input", "timeout", "retry"});
  compensation.action = place.require("action", "the action that undoes the step").name();
  compensation.input = read_input(place);
  if (const auto p = place.find("timeout")) compensation.timeout = p->duration();
  if (const auto p = place.find("retry")) overlay_retry(*p, compensation.retry);
  return compensation;
}

OnFailure read_step_on_failure(const Place& step, StepKind kind, const StepDefaults& defaults) {
  const auto place = step.find("on_failure");
  if (!place) {
    if (kind == StepKind::compensatable) return defaults.on_failure();
    return {kind == StepKind::pivot ? OnFailure::Action::compensate : OnFailure::Action::stuck, {}};
  }
  OnFailure on_failure = read_on_failure(*place);
  if (kind == StepKind::retriable && on_failure.action == OnFailure::Action::compensate) {
    place->refuse(
        "a retriable step comes after the point of no return and cannot compensate; "
        "use \"stuck\", \"skip\" or {\"fallback\": output}");
  }
  return on_failure;
}

Step read_step(const Place& place, const StepDefaults& defaults) {
  place.allow_keys({"name", "participant", "action", "compensation", "kind", "input", "timeout",
                    "deadline", "retry", "compensation_retry", "on_failure", "resolve"},
                   {"when", "after", "hedge", "saga", "sleep", "wait_for", "for_each"});
  Step step;
  step.name = place.require("name", "the step's name").name();
  step.participant = place.require("participant", "the name of the service that acts").name();
  step.action = place.require("action", "the name of what the participant does").name();
  step.kind = read_kind(place);
  step.input = read_input(place);
  step.timeout = defaults.timeout(step.participant);
  if (const auto p = place.find("timeout")) step.timeout = p->duration();
  if (const auto p = place.find("deadline")) step.deadline = p->duration();
  step.retry = defaults.retry(step.participant);
  if (const auto p = place.find("retry")) overlay_retry(*p, step.retry);
  step.compensation = read_compensation(place, step, defaults);
  const auto undo_retry = place.find("compensation_retry");
  if (undo_retry && !step.compensation)
    undo_retry->refuse("the step has no compensation; remove it");
  step.on_failure = read_step_on_failure(place, step.kind, defaults);
  if (const auto p = place.find("resolve")) step.resolve = p->name();
  return step;
}

// compensatable*, pivot?, retriable*: before the pivot everything can be undone, after it
// everything can be finished.
void check_order(const std::vector<Step>& steps, const std::string& where) {
  for (std::size_t i = 1; i < steps.size(); ++i) {
    const Step& before = steps[i - 1];
    const Step& step = steps[i];
    const bool second_pivot = step.kind == StepKind::pivot && before.kind == StepKind::pivot;
    if (step.kind >= before.kind && !second_pivot) continue;
    const std::string place = fmt::format("{}[{}].kind", where, i);
    throw DefinitionError(
        place, fmt::format("the {} step \"{}\" cannot follow the {} step \"{}\"; the order is "
                           "compensatable steps, then at most one pivot, then retriable steps",
                           to_string(step.kind), step.name, to_string(before.kind), before.name));
  }
}

}  // namespace

std::vector<Step> read_steps(const Place& place, const StepDefaults& defaults) {
  const std::vector<Place> items = place.items();
  if (items.empty()) place.refuse("is empty; a saga has at least one step");
  if (items.size() > steps_max) {
    place.refuse(fmt::format("must be <= {} steps, is {}", steps_max, items.size()));
  }
  std::vector<Step> steps;
  std::unordered_map<std::string, std::string> seen;
  for (const Place& item : items) {
    steps.push_back(read_step(item, defaults));
    const auto [first, fresh] = seen.emplace(steps.back().name, item.where());
    if (!fresh) {
      item.find("name")->refuse(
          fmt::format("\"{}\" is the name of {} already", first->first, first->second));
    }
  }
  check_order(steps, place.where());
  return steps;
}

}  // namespace skald

#include "definition/steps.hpp"

#include <fmt/format.h>

#include <array>
#include <unordered_map>

#include "definition/shape.hpp"
#include "definition/waits.hpp"

namespace skald {

namespace {

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

std::optional<Hedge> read_hedge(const Place& step, const Step& read) {
  const auto place = step.find("hedge");
  if (!place) return std::nullopt;
  place->allow_keys({"delay", "max_attempts"});
  if (read.kind != StepKind::compensatable || read.compensation) {
    place->refuse(
        "only a step without effect may be hedged, because two attempts may both take effect: "
        "\"compensation\" must be \"none\"");
  }
  Hedge hedge;
  hedge.delay = place->require("delay", "how long to wait for the first answer").duration();
  if (const auto p = place->find("max_attempts")) hedge.max_attempts = p->whole_number(2, 10);
  return hedge;
}

void read_call(const Place& place, Step& step, const StepDefaults& defaults) {
  place.part([&] {
    step.participant = place.require("participant", "the name of the service that acts").name();
  });
  place.part([&] {
    step.action = place.require("action", "the name of what the participant does").name();
  });
  place.part([&] { step.input = read_input(place); });
  place.part([&] {
    step.timeout = defaults.timeout(step.participant);
    if (const auto p = place.find("timeout")) step.timeout = p->duration();
  });
  place.part([&] {
    if (const auto p = place.find("deadline")) step.deadline = p->duration();
  });
  place.part([&] {
    step.retry = defaults.retry(step.participant);
    if (const auto p = place.find("retry")) overlay_retry(*p, step.retry);
  });
  const bool undo_is_read =
      place.part([&] { step.compensation = read_compensation(place, step, defaults); });
  place.part([&] {
    const auto undo_retry = place.find("compensation_retry");
    if (undo_is_read && undo_retry && !step.compensation)
      undo_retry->refuse("the step has no compensation; remove it");
  });
  place.part([&] {
    if (const auto p = place.find("resolve")) step.resolve = p->name();
  });
  if (undo_is_read) place.part([&] { step.hedge = read_hedge(place, step); });
}

// The keys that a step may have depend on what it does.
void check_keys(const Place& place, const Work& work) {
  static const std::initializer_list<std::string_view> any{
      "name",    "participant", "action", "compensation",       "kind",    "input",
      "timeout", "deadline",    "retry",  "on_failure",         "resolve", "when",
      "after",   "hedge",       "saga",   "compensation_retry", "sleep",   "wait_for",
      "for_each"};
  if (std::holds_alternative<Sleep>(work)) {
    place.allow_keys({"name", "when", "after", "kind", "sleep"}, any, "a step that sleeps");
  } else if (std::holds_alternative<WaitFor>(work)) {
    place.allow_keys({"name", "when", "after", "kind", "wait_for", "on_failure"}, any,
                     "a step that waits for a signal");
  } else if (std::holds_alternative<ChildSaga>(work)) {
    place.allow_keys({"name", "when", "after", "kind", "saga", "on_failure"}, any,
                     "a step that starts a child saga");
  } else if (std::holds_alternative<ForEach>(work)) {
    place.allow_keys({"name", "when", "after", "for_each"}, any, "a step with a list");
  } else {
    place.allow_keys(any);
  }
}

void check_inner_keys(const Place& place, const Step& inner) {
  for (const char* key : {"name", "when", "after"}) {
    if (const auto p = place.find(key)) {
      p->refuse(fmt::format("\"{}\" stands beside \"for_each\", not inside its step", key));
    }
  }
  if (!inner.as<Call>() && !inner.as<ChildSaga>()) {
    place.refuse("the step of a \"for_each\" sends a command or runs a child saga");
  }
  check_keys(place, inner.work);
  if (inner.kind == StepKind::pivot) {
    place.find("kind")->refuse("a pivot is one step, and a \"for_each\" may become several");
  }
}

// Where the step's own keys stand: inside its `for_each`, if it has one.
Place body_of(const Place& step, const Work& work) {
  if (!std::holds_alternative<ForEach>(work)) return step;
  return step.find("for_each")->require("step", "the step to run for each element");
}

// Name, work and, as far as it is stated, kind. A wait without a stated kind takes that of the
// steps before it, which are not known yet.
Step begin_step(const Place& place) {
  Step step;
  step.work = read_work(place);
  check_keys(place, step.work);
  place.part([&] { step.name = place.require("name", "the step's name").name(); });
  step.kind = read_kind(body_of(place, step.work));
  place.part([&] {
    if (const auto p = place.find("when")) step.when = Predicate::parse(p->value(), p->where());
  });
  const bool waits = step.as<Sleep>() || step.as<WaitFor>();
  if (waits && step.kind == StepKind::pivot) {
    place.find("kind")->refuse("a step that only waits cannot be the pivot");
  }
  return step;
}

void finish_step(const Place& place, Step& step, const StepDefaults& defaults) {
  if (auto* each = std::get_if<ForEach>(&step.work)) {
    const Place body = body_of(place, step.work);
    Step inner;
    inner.name = step.name;
    inner.kind = step.kind;
    inner.work = read_work(body);
    check_inner_keys(body, inner);
    finish_step(body, inner, defaults);
    each->step = std::make_shared<const Step>(std::move(inner));
    return;
  }
  if (step.as<Call>()) read_call(place, step, defaults);
  if (step.as<Sleep>()) return;
  place.part([&] { step.on_failure = read_step_on_failure(place, step.kind, defaults); });
}

// A wait has no effect, so its kind only says on which side of the pivot it stands.
void infer_kinds(const std::vector<Place>& places, std::vector<Step>& steps,
                 const std::vector<StepSet>& before) {
  const auto stated = [&](StepIndex i) {
    const bool waits = steps[i].as<Sleep>() || steps[i].as<WaitFor>();
    return !waits || places[i].find("kind").has_value();
  };
  for (StepIndex i = 0; i < steps.size(); ++i) {
    if (stated(i)) continue;
    before[i].each([&](StepIndex earlier) {
      if (stated(earlier) && steps[earlier].kind != StepKind::compensatable) {
        steps[i].kind = StepKind::retriable;
      }
    });
  }
}

// The steps that a `for_each` becomes are called after it.
void check_group_names(const std::vector<Place>& places, const std::vector<Step>& steps) {
  constexpr std::size_t name_max = 60;  // Leaves room for the element's number.
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (!steps[i].as<ForEach>()) continue;
    const std::string prefix = steps[i].name + ".";
    if (prefix.size() > name_max) {
      places[i].find("name")->refuse(
          fmt::format("is too long for a \"for_each\": at most {} characters", name_max - 1));
    }
    for (std::size_t j = 0; j < steps.size(); ++j) {
      const std::string& other = steps[j].name;
      const bool numbered =
          other.size() > prefix.size() && other.compare(0, prefix.size(), prefix) == 0 &&
          other.find_first_not_of("0123456789", prefix.size()) == std::string::npos;
      if (numbered) {
        places[j].find("name")->refuse(fmt::format(
            "\"{}\" is what an element of the for_each \"{}\" is called", other, steps[i].name));
      }
    }
  }
}

void check_fresh(const Place& item, const std::string& name,
                 std::unordered_map<std::string, std::string>& seen) {
  const auto [first, fresh] = seen.emplace(name, item.where());
  if (fresh) return;
  item.find("name")->refuse(
      fmt::format("\"{}\" is the name of {} already", first->first, first->second));
}

}  // namespace

std::vector<Step> read_steps(const Place& place, const StepDefaults& defaults) {
  const std::vector<Place> items = place.items();
  if (items.empty()) place.refuse("is empty; a saga has at least one step");
  if (items.size() > steps_max) {
    place.refuse(fmt::format("must be <= {} steps, is {}", steps_max, items.size()));
  }
  const std::size_t faults_before = place.faults();
  const auto sound = [&] { return place.faults() == faults_before; };
  std::vector<Step> steps(items.size());
  std::vector<bool> begun(items.size());
  std::unordered_map<std::string, std::string> seen;
  for (std::size_t i = 0; i < items.size(); ++i) {
    begun[i] = items[i].part([&] { steps[i] = begin_step(items[i]); });
    if (steps[i].name.empty()) continue;
    items[i].part([&] { check_fresh(items[i], steps[i].name, seen); });
  }
  std::vector<StepSet> before;
  if (sound()) read_order(items, steps);
  if (sound()) {
    before = ancestors(steps);
    infer_kinds(items, steps, before);
  }
  std::size_t fallback_bytes = 0;  // Each step has a copy of the one in defaults.
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (!begun[i]) continue;
    items[i].part([&] { finish_step(items[i], steps[i], defaults); });
    fallback_bytes += steps[i].on_failure.fallback.text().size();
    if (fallback_bytes > JsonLimits{}.bytes) {
      items[i].refuse(fmt::format("the fallbacks of the steps up to here take more than {} bytes",
                                  JsonLimits{}.bytes));
    }
  }
  if (!sound()) return steps;  // What holds between steps cannot be told.
  check_group_names(items, steps);
  check_kinds(steps, before, place);
  return steps;
}

}  // namespace skald

#include "definition/pointers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "definition/shape.hpp"
#include "json/pointer.hpp"
#include "json/strict_reader.hpp"
#include "skald/text.hpp"

namespace skald {

namespace {

using Tokens = std::vector<std::string>;

// What a template may point to.
struct Scope {
  StepSet steps;        // Their outputs are there.
  std::string element;  // Name of the element inside a `for_each`, otherwise empty.
  Faults* faults;       // Where faults are collected, or null.
};

// Checks `/steps/<name>/output…`.
void check_step_pointer(const Definition& definition, const Tokens& tokens, const Scope& scope,
                        const Place& place) {
  if (tokens.size() < 3 || tokens[2] != "output") {
    place.refuse_value("of the form \"/steps/<name>/output\" or deeper");
  }
  const auto& steps = definition.steps;
  const auto step = std::find_if(steps.begin(), steps.end(),
                                 [&](const Step& known) { return known.name == tokens[1]; });
  if (step == steps.end()) {
    std::vector<std::string_view> names;
    for (const Step& known : definition.steps) names.emplace_back(known.name);
    place.refuse(fmt::format("{} names no step{}", dump_json(place.value()),
                             did_you_mean(tokens[1], names)));
  }
  if (!scope.steps.contains(static_cast<StepIndex>(step - steps.begin()))) {
    place.refuse(
        fmt::format("{} points to step \"{}\", which has not run yet then; point to an "
                    "earlier step",
                    dump_json(place.value()), tokens[1]));
  }
}

void check_one(const Definition& definition, const std::string& pointer, const Scope& scope,
               const Place& place) {
  const Tokens tokens = split_pointer(pointer).value();
  const std::string& root = tokens.front();
  if (root == "steps") return check_step_pointer(definition, tokens, scope, place);
  if (!scope.element.empty() && root == scope.element) return;
  if (root == "input" || pointer == "/key" || pointer == "/id") return;
  const std::string element = scope.element.empty() ? "" : fmt::format("\"/{}\", ", scope.element);
  place.refuse_value(
      fmt::format("a pointer to {}\"/input\", \"/key\", \"/id\" or "
                  "\"/steps/<name>/output\" at \"$from\"",
                  element));
}

void check_all(const Definition& definition, const std::vector<std::string>& pointers,
               const Scope& scope, const std::string& where) {
  for (const std::string& pointer : pointers) {
    const Json value = pointer;
    const Place place(value, where, scope.faults);
    place.part([&] { check_one(definition, pointer, scope, place); });
  }
}

void check_template(const Definition& definition, const std::optional<Template>& checked,
                    const Scope& scope, const std::string& where) {
  if (checked) check_all(definition, checked->pointers(), scope, where);
}

// The step's own templates; `place` is where its body stands.
void check_body(const Definition& definition, const Step& step, StepIndex index, Scope scope,
                const std::string& place) {
  check_template(definition, step.input, scope, place + ".input");
  if (const auto* sleep = step.as<Sleep>()) {
    check_all(definition, sleep->until.pointers(), scope, place + ".sleep");
  }
  if (const auto* child = step.as<ChildSaga>()) {
    check_template(definition, child->input, scope, place + ".saga.input");
  }
  if (!step.compensation) return;
  // A compensation may use what its own action answered.
  scope.steps.insert(index);
  check_template(definition, step.compensation->input, scope, place + ".compensation.input");
}

void check_secret(const Definition& definition, const std::string& pointer,
                  const std::string& where, const Scope& everything) {
  const Json value = pointer;
  const Place place(value, where, everything.faults);
  const auto tokens = split_pointer(pointer);
  const bool rooted = tokens && !tokens->empty();
  if (rooted && tokens->front() == "steps") {
    return check_step_pointer(definition, *tokens, everything, place);
  }
  if (!rooted || (tokens->front() != "input" && tokens->front() != "output")) {
    place.refuse_value(
        "a pointer to \"/input\", \"/output\" or \"/steps/<name>/output\", or deeper");
  }
}

}  // namespace

void check_pointers(const Definition& definition, Faults* faults) {
  const std::vector<StepSet> before = ancestors(definition.steps);
  StepSet all;
  for (StepIndex i = 0; i < definition.steps.size(); ++i) {
    const Step& step = definition.steps[i];
    const auto* each = step.as<ForEach>();
    const Scope scope{before[i], each ? each->as : "", faults};
    const std::string place = fmt::format("steps[{}]", i);
    if (step.when) check_all(definition, step.when->pointers(), scope, place + ".when");
    check_body(definition, each ? *each->step : step, i, scope,
               each ? place + ".for_each.step" : place);
    all.insert(i);
  }
  check_template(definition, definition.output, {all, "", faults}, "output");
  for (std::size_t i = 0; i < definition.secrets.size(); ++i) {
    const std::string where = fmt::format("secrets[{}]", i);
    const Json value = definition.secrets[i];
    Place(value, where, faults).part([&] {
      check_secret(definition, definition.secrets[i], where, {all, "", faults});
    });
  }
}

}  // namespace skald

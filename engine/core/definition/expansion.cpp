#include "skald/expansion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "definition/shape.hpp"
#include "json/pointer.hpp"

namespace skald {

namespace {

constexpr std::size_t expansion_bytes_max = 4UL * 1024 * 1024;

Step element_step(const Step& prototype, const std::string& group, std::uint32_t number) {
  Step step = prototype;
  step.name = fmt::format("{}.{}", group, number);
  step.element->number = number;
  return step;
}

// What every element's step has in common.
Step prototype_of(const Step& outer, const ForEach& each) {
  Step step = *each.step;
  step.when = outer.when;
  step.after = outer.after;
  step.group_limit = each.concurrency;
  step.element = ElementRef{each.as, each.in, 0, each.page};
  auto* child = std::get_if<ChildSaga>(&step.work);
  std::optional<Template>& input = child ? child->input : step.input;
  if (!input) input = Template::parse(Json{{"$from", "/" + each.as}}, "");
  return step;
}

// How many steps a list comes to.
std::size_t count_of(const ForEach& each, std::size_t elements) {
  return each.page == 0 ? elements : (elements + each.page - 1) / each.page;
}

const Json* list_of(const ForEach& each, const Json& input) {
  const auto tokens = split_pointer(each.in);
  return tokens ? value_at(input, *tokens, 1) : nullptr;
}

// Bytes that each element's step has for itself; its templates are shared.
std::size_t own_bytes(const Step& step) {
  std::size_t bytes = step.on_failure.fallback.text().size();
  const auto add = [&bytes](const RetryPolicy& retry) {
    for (const auto* codes : {&retry.retry_on, &retry.abort_on}) {
      for (const std::string& code : *codes) bytes += code.size();
    }
  };
  add(step.retry);
  if (step.compensation) add(step.compensation->retry);
  return bytes;
}

}  // namespace

Definition expand(const Definition& definition, const Json& input) {
  Definition expanded = definition;
  expanded.steps.clear();
  std::vector<StepIndex> moved(definition.steps.size());  // Where each step stands now.
  for (StepIndex i = 0; i < definition.steps.size(); ++i) {
    const Step& step = definition.steps[i];
    const auto* each = step.as<ForEach>();
    if (!each) {
      moved[i] = static_cast<StepIndex>(expanded.steps.size());
      expanded.steps.push_back(step);
      continue;
    }
    const Json* list = list_of(*each, input);
    const auto count = static_cast<std::uint32_t>(list ? count_of(*each, list->size()) : 0);
    const auto first = static_cast<StepIndex>(expanded.steps.size());
    Step prototype = prototype_of(step, *each);
    prototype.group_first = first;
    prototype.group_end = first + static_cast<StepIndex>(count);
    for (std::uint32_t number = 0; number < count; ++number) {
      expanded.steps.push_back(element_step(prototype, step.name, number));
    }
    Step gather;
    gather.name = step.name;
    gather.kind = step.kind;
    gather.work = Gather{first, count, each->gather};
    gather.after = step.after;
    moved[i] = static_cast<StepIndex>(expanded.steps.size());
    expanded.steps.push_back(std::move(gather));
  }
  for (Step& step : expanded.steps) {
    for (StepIndex& before : step.after) before = moved[before];
    const auto* gather = step.as<Gather>();
    for (StepIndex i = 0; gather && i < gather->count; ++i) step.after.push_back(gather->first + i);
    std::sort(step.after.begin(), step.after.end());
  }
  expanded.shape_ = shape_of(expanded.steps);
  return expanded;
}

std::variant<DefinitionPtr, std::string> effective_definition(const DefinitionPtr& definition,
                                                              const JsonText& input) {
  std::optional<Json> tree;
  return effective_definition(definition,
                              [&]() -> const Json& { return tree.emplace(input.value()); });
}

std::variant<DefinitionPtr, std::string> effective_definition(
    const DefinitionPtr& definition, const std::function<const Json&()>& input) {
  const auto repeats = [](const Step& step) { return step.as<ForEach>() != nullptr; };
  const auto& steps = definition->steps;
  if (std::none_of(steps.begin(), steps.end(), repeats)) return definition;
  const Json& tree = input();
  std::size_t total = 0;
  std::size_t bytes = 0;
  for (const Step& step : steps) {
    ++total;
    const auto* each = step.as<ForEach>();
    if (!each) continue;
    const Json* list = list_of(*each, tree);
    if (!list || !list->is_array()) {
      return fmt::format("{} at {}, which step {} runs over", list ? "has no list" : "has nothing",
                         each->in, step.name);
    }
    if (each->page > 0 && list->size() > elements_max) {
      return fmt::format("has {} elements at {}; a for_each takes at most {} by pages",
                         list->size(), each->in, elements_max);
    }
    const std::size_t count = count_of(*each, list->size());
    total += count;
    bytes += count * own_bytes(*each->step);
  }
  if (total > steps_max) {
    return fmt::format(
        "makes {} steps; a saga has at most {}: let a for_each hand several elements at a time to "
        "one step, by \"page\"",
        total, steps_max);
  }
  if (bytes > expansion_bytes_max) {
    return fmt::format(
        "makes steps whose fallbacks and error codes take {} bytes; at most {} are "
        "allowed",
        bytes, expansion_bytes_max);
  }
  return std::make_shared<const Definition>(expand(*definition, tree));
}

}  // namespace skald

#include "skald/expansion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "definition_shape.hpp"
#include "json_pointer.hpp"

namespace skald {

namespace {

// Lets every pointer below `node` that begins with `/item` begin with `/input/items/3` instead.
void point_at(Json& node, const std::string& from, const std::string& to) {
  if (!node.is_structured()) return;
  if (node.is_object() && node.contains("$from") && node["$from"].is_string()) {
    const auto pointer = node["$from"].get<std::string>();
    const bool inside = pointer.compare(0, from.size(), from) == 0 &&
                        (pointer.size() == from.size() || pointer[from.size()] == '/');
    if (inside) node["$from"] = to + pointer.substr(from.size());
    return;
  }
  for (Json& member : node) point_at(member, from, to);
}

struct Element {
  std::string from;  // "/item"
  std::string to;    // "/input/items/3"

  [[nodiscard]] Json tree(const JsonText& text) const {
    Json tree = text.value();
    point_at(tree, from, to);
    return tree;
  }
  void aim(std::optional<Template>& t) const {
    if (t && !t->pointers().empty()) t = Template::parse(tree(t->text()), "");
  }
  void aim(std::optional<Predicate>& p) const {
    if (!p) return;
    Json document = p->text().value();
    aim_conditions(document);
    p = Predicate::parse(document, "");
  }

 private:
  void aim_conditions(Json& node) const {
    for (const char* list : {"all", "any"}) {
      if (!node.contains(list)) continue;
      for (Json& part : node[list]) aim_conditions(part);
    }
    if (node.contains("not")) aim_conditions(node["not"]);
    point_at(node, from, to);
  }
};

Step element_step(const Step& outer, const ForEach& each, std::size_t number) {
  Step step = *each.step;
  step.name = fmt::format("{}.{}", outer.name, number);
  step.when = outer.when;
  const Element element{"/" + each.as, fmt::format("{}/{}", each.in, number)};
  auto* child = std::get_if<ChildSaga>(&step.work);
  std::optional<Template>& input = child ? child->input : step.input;
  if (!input) input = Template::parse(Json{{"$from", element.from}}, "");
  element.aim(input);
  element.aim(step.when);
  if (step.compensation) element.aim(step.compensation->input);
  return step;
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
    const std::size_t count = input.at(Json::json_pointer(each->in.substr(6))).size();
    const auto first = static_cast<StepIndex>(expanded.steps.size());
    for (std::size_t number = 0; number < count; ++number) {
      Step& added = expanded.steps.emplace_back(element_step(step, *each, number));
      added.after = step.after;
      added.group_first = first;
      added.group_end = first + static_cast<StepIndex>(count);
      added.group_limit = each->concurrency;
    }
    Step gather;
    gather.name = step.name;
    gather.kind = step.kind;
    gather.work = Gather{first, static_cast<std::uint32_t>(count)};
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
  const auto repeats = [](const Step& step) { return step.as<ForEach>() != nullptr; };
  const auto& steps = definition->steps;
  if (std::none_of(steps.begin(), steps.end(), repeats)) return definition;
  const Json tree = input.value();
  std::size_t total = 0;
  for (const Step& step : steps) {
    ++total;
    const auto* each = step.as<ForEach>();
    if (!each) continue;
    const Json* list = value_at(tree, *split_pointer(each->in), 1);
    if (!list || !list->is_array()) {
      return fmt::format("{} at {}, which step {} runs over", list ? "has no list" : "has nothing",
                         each->in, step.name);
    }
    total += list->size();
  }
  if (total > steps_max) {
    return fmt::format("makes {} steps; a saga has at most {}", total, steps_max);
  }
  return std::make_shared<const Definition>(expand(*definition, tree));
}

}  // namespace skald

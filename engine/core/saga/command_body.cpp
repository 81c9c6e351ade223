#include "saga/command_body.hpp"

#include <nlohmann/json.hpp>

#include "json/pointer.hpp"
#include "skald/error.hpp"
#include "skald/text.hpp"
#include "skald/work.hpp"

namespace skald {
namespace {

// Of a value that is quoted in a reason.
constexpr std::size_t shown_value_bytes_max = 200;

// What of a template can be filled in: a member whose value is missing is left out, an element is
// null. Nothing when the whole is missing.
std::optional<Json> render_in_part(const Json& node, const PointerLookup& lookup) {
  if (node.is_array()) {
    Json list = Json::array();
    for (const Json& item : node) list.push_back(render_in_part(item, lookup).value_or(Json()));
    return list;
  }
  if (!node.is_object()) return node;
  if (const auto reference = node.find("$from"); reference != node.end()) {
    if (const Json* value = lookup(reference->get_ref<const std::string&>())) return *value;
    const auto fallback = node.find("default");
    return fallback == node.end() ? std::nullopt : std::optional<Json>(*fallback);
  }
  Json object = Json::object();
  for (const auto& [key, member] : node.items()) {
    if (auto value = render_in_part(member, lookup)) object[key] = *std::move(value);
  }
  return object;
}

std::optional<JsonText> json_text_of(const Json& value, std::string& problem) {
  try {
    return JsonText::of(value);
  } catch (const JsonError& error) {
    problem = std::string("cannot be patched: ") + error.what();
    return std::nullopt;
  }
}

void append_error(std::string& out, const ErrorInfo& error) {
  out += R"({"code":)";
  append_json_string(out, error.code);
  out += R"(,"message":)";
  append_json_string(out, error.message);
  out += R"(,"data":)" + error.data.text() + "}";
}

}  // namespace

// What the step is for: one element of its list, or a page of several.
const Json* SagaLookup::element() {
  const ElementRef& ref = *step_->element;
  const auto list = split_pointer(ref.list);
  const Json* items = list ? value_at(trees_.input(saga_), *list, 1) : nullptr;
  if (!items || !items->is_array()) return nullptr;
  if (ref.page == 0) return ref.number < items->size() ? &(*items)[ref.number] : nullptr;
  if (page_) return &*page_;
  const std::size_t first = std::size_t{ref.number} * ref.page;
  if (first >= items->size()) return nullptr;
  const std::size_t end = std::min(items->size(), first + ref.page);
  const auto at = [items](std::size_t i) {
    return items->begin() + static_cast<std::ptrdiff_t>(i);
  };
  page_.emplace(Json::array_t(at(first), at(end)));
  return &*page_;
}

const Json* SagaLookup::at(const std::string& pointer) {
  const auto tokens = split_pointer(pointer);
  if (!tokens || tokens->empty()) return nullptr;
  const std::string& head = tokens->front();
  if (step_ && step_->element && head == step_->element->name) {
    const Json* value = element();
    return value ? value_at(*value, *tokens, 1) : nullptr;
  }
  if (head == "input") return value_at(trees_.input(saga_), *tokens, 1);
  if (head == "steps") {
    if (tokens->size() < 3 || (*tokens)[2] != "output") return nullptr;
    const auto step = definition_.find((*tokens)[1]);
    const Json* output = step ? trees_.output(saga_, *step) : nullptr;
    return output ? value_at(*output, *tokens, 3) : nullptr;
  }
  if (head == "id" && tokens->size() == 1) return &(id_ = saga_.id.to_string());
  if (head == "key" && tokens->size() == 1 && saga_.key) return &(key_ = *saga_.key);
  return nullptr;
}

bool condition_holds(const Definition& definition, const Saga& saga, const Step& step,
                     PayloadTrees& trees) {
  if (!step.when) return true;
  SagaLookup lookup{definition, saga, trees, &step};
  return step.when->holds(lookup.as_function());
}

std::optional<JsonText> render_template(const Template& t, const Definition& definition,
                                        const Saga& saga, const Step* step, PayloadTrees& trees,
                                        std::string& problem) {
  SagaLookup lookup{definition, saga, trees, step};
  return t.render(lookup.as_function(), problem);
}

std::optional<JsonText> merge_patched(const JsonText& text, const JsonText& patch,
                                      std::string& problem) {
  Json patched = text.value();
  patched.merge_patch(patch.value());
  return json_text_of(patched, problem);
}

namespace {

// A patch over what of the template can be filled in.
std::optional<JsonText> patched_template(const Template& own, const Definition& definition,
                                         const Saga& saga, const Step& step, const JsonText& patch,
                                         PayloadTrees& trees, std::string& problem) {
  if (const auto rendered = render_template(own, definition, saga, &step, trees, problem)) {
    return merge_patched(*rendered, patch, problem);
  }
  SagaLookup lookup{definition, saga, trees, &step};
  Json patched = render_in_part(own.text().value(), lookup.as_function()).value_or(Json());
  patched.merge_patch(patch.value());
  return json_text_of(patched, problem);
}

}  // namespace

const Template* input_template(const Step& step) {
  if (const auto* child = step.as<ChildSaga>()) return child->input ? &*child->input : nullptr;
  if (const auto* sleep = step.as<Sleep>()) return &sleep->until;
  return step.input ? &*step.input : nullptr;
}

std::optional<JsonText> step_input(const Definition& definition, const Saga& saga, StepIndex step,
                                   PayloadTrees& trees, std::string& problem) {
  if (const auto& patch = saga.steps[step].input_patch) {
    return step_input(definition, saga, step, *patch, trees, problem);
  }
  const Step& s = definition.steps[step];
  const Template* own = input_template(s);
  return own ? render_template(*own, definition, saga, &s, trees, problem)
             : std::optional(saga.input);
}

std::optional<JsonText> step_input(const Definition& definition, const Saga& saga, StepIndex step,
                                   const JsonText& patch, PayloadTrees& trees,
                                   std::string& problem) {
  const Step& s = definition.steps[step];
  const Template* own = input_template(s);
  return own ? patched_template(*own, definition, saga, s, patch, trees, problem)
             : merge_patched(saga.input, patch, problem);
}

std::optional<JsonText> undo_input(const Definition& definition, const Saga& saga, StepIndex step,
                                   const JsonText* patch, PayloadTrees& trees,
                                   std::string& problem) {
  const Step& s = definition.steps[step];
  const bool has_own = s.compensation && s.compensation->input;
  if (has_own && patch) {
    return patched_template(*s.compensation->input, definition, saga, s, *patch, trees, problem);
  }
  if (has_own) return render_template(*s.compensation->input, definition, saga, &s, trees, problem);
  auto input = step_input(definition, saga, step, trees, problem);
  return patch && input ? merge_patched(*input, *patch, problem) : input;
}

std::optional<Time> sleep_end(const Definition& definition, const JsonText& rendered, Time now,
                              std::string& problem) {
  const Json value = rendered.value();
  const std::string text = value.is_string() ? value.get<std::string>() : std::string{};
  if (const auto duration = parse_duration(text)) return later(now, *duration);
  if (const auto time = parse_time(text)) return time;
  problem = "is neither a duration such as \"5m\" nor a time";
  // A short secret is not found by its text afterwards, so where it may come from nothing is
  // quoted.
  problem += definition.secrets.empty()
                 ? ": " + clean_text(rendered.text(), shown_value_bytes_max)
                 : "; the value is not shown, since the definition declares secrets";
  return std::nullopt;
}

std::optional<JsonText> command_body(const Definition& definition, const Saga& saga, StepIndex step,
                                     Direction direction, std::string& problem) {
  PayloadTrees trees;
  return command_body(definition, saga, step, direction, trees, problem);
}

std::optional<JsonText> command_body(const Definition& definition, const Saga& saga, StepIndex step,
                                     Direction direction, PayloadTrees& trees,
                                     std::string& problem) {
  const auto& undo_patch = saga.steps[step].undo_patch;
  const auto input =
      direction == Direction::compensate
          ? undo_input(definition, saga, step, undo_patch ? &*undo_patch : nullptr, trees, problem)
          : step_input(definition, saga, step, trees, problem);
  if (!input) return std::nullopt;
  constexpr std::size_t frame_bytes = 64;
  constexpr std::size_t usual_reason_bytes = 192;
  const bool undoes = direction == Direction::compensate;
  const auto& output = saga.steps[step].output;
  std::string body;
  body.reserve(input->text().size() + frame_bytes +
               (undoes ? usual_reason_bytes + (output ? output->text().size() : 0) : 0));
  body += R"({"input":)";
  body += input->text();
  if (undoes) {
    body += R"(,"output":)";
    body += output ? std::string_view(output->text()) : std::string_view("null");
    const TurnBack& cause = *saga.turn_back;
    body += R"(,"reason":{"step":)";
    if (cause.step == no_step) {
      body += "null";
    } else {
      append_json_string(body, definition.steps[cause.step].name);
    }
    body += R"(,"error":)";
    append_error(body, cause.error);
    body += "}";
  }
  body += "}";
  work().rendered_bytes += body.size();
  return JsonText::trusted(std::move(body));
}

}  // namespace skald

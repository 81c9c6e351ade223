#include "command_body.hpp"

#include <nlohmann/json.hpp>

#include "json_pointer.hpp"
#include "skald/error.hpp"
#include "skald/work.hpp"

namespace skald {
namespace {

std::optional<JsonText> action_input(const Definition& definition, const Saga& saga, StepIndex step,
                                     PayloadTrees& trees, std::string& problem) {
  const Step& s = definition.steps[step];
  const auto& patch = saga.steps[step].input_patch;
  if (!s.input && !patch) return saga.input;
  std::optional<JsonText> rendered =
      s.input ? render_template(*s.input, definition, saga, &s, trees, problem) : saga.input;
  if (!patch) return rendered;
  // A patch may also mend an input that could not be filled in.
  return merge_patched(rendered.value_or(JsonText{}), *patch, problem);
}

void append_error(std::string& out, const ErrorInfo& error) {
  out += R"({"code":)";
  append_json_string(out, error.code);
  out += R"(,"message":)";
  append_json_string(out, error.message);
  out += R"(,"data":)" + error.data.text() + "}";
}

}  // namespace

const Json* SagaLookup::at(const std::string& pointer) {
  const auto tokens = split_pointer(pointer);
  if (!tokens || tokens->empty()) return nullptr;
  const std::string& head = tokens->front();
  if (step_ && step_->element && head == step_->element->name) {
    const auto list = split_pointer(step_->element->list);
    const Json* items = list ? value_at(trees_.input(saga_), *list, 1) : nullptr;
    const bool there = items && items->is_array() && step_->element->number < items->size();
    return there ? value_at((*items)[step_->element->number], *tokens, 1) : nullptr;
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
  try {
    return JsonText::of(patched);
  } catch (const JsonError& error) {
    problem = std::string("cannot be patched: ") + error.what();
    return std::nullopt;
  }
}

std::optional<JsonText> command_body(const Definition& definition, const Saga& saga, StepIndex step,
                                     Direction direction, std::string& problem) {
  PayloadTrees trees;
  return command_body(definition, saga, step, direction, trees, problem);
}

std::optional<JsonText> command_body(const Definition& definition, const Saga& saga, StepIndex step,
                                     Direction direction, PayloadTrees& trees,
                                     std::string& problem) {
  const Step& s = definition.steps[step];
  const bool own_input = direction == Direction::compensate && s.compensation->input;
  auto input = own_input
                   ? render_template(*s.compensation->input, definition, saga, &s, trees, problem)
                   : action_input(definition, saga, step, trees, problem);
  const auto& undo_patch = saga.steps[step].undo_patch;
  if (direction == Direction::compensate && undo_patch) {
    input = merge_patched(input.value_or(JsonText{}), *undo_patch, problem);
  }
  if (!input) return std::nullopt;
  std::string body;
  body.reserve(input->text().size() + 64);
  body += R"({"input":)";
  body += input->text();
  if (direction == Direction::compensate) {
    const auto& output = saga.steps[step].output;
    body += R"(,"output":)" + (output ? output->text() : "null");
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

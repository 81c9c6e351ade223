#include "command_body.hpp"

#include <nlohmann/json.hpp>

namespace skald {
namespace {

// Resolves saga pointers, parsing each payload at most once per command.
class SagaLookup {
 public:
  SagaLookup(const Definition& definition, const Saga& saga)
      : definition_(definition), saga_(saga) {}

  std::optional<Json> operator()(const std::string& pointer) {
    const Json::json_pointer path(pointer);
    if (path.empty()) return std::nullopt;
    const std::string head = pointer.substr(1, pointer.find('/', 1) - 1);
    if (head == "id") return Json(saga_.id.to_string());
    if (head == "key") return saga_.key ? std::optional<Json>(*saga_.key) : std::nullopt;
    if (head == "input") return inside(saga_.input, pointer, head.size() + 1);
    if (head == "steps") return from_step(pointer);
    return std::nullopt;
  }

 private:
  std::optional<Json> inside(const JsonText& text, const std::string& pointer, std::size_t from) {
    Json& tree = trees_.try_emplace(&text).first->second;
    if (tree.is_null()) tree = text.value();
    const Json::json_pointer rest(pointer.substr(from));
    if (!tree.contains(rest)) return std::nullopt;
    return tree.at(rest);
  }

  std::optional<Json> from_step(const std::string& pointer) {
    constexpr std::size_t name_at = 7;  // After "/steps/".
    const std::size_t name_end = pointer.find('/', name_at);
    if (name_end == std::string::npos) return std::nullopt;
    const auto step = definition_.find(pointer.substr(name_at, name_end - name_at));
    constexpr std::string_view output = "/output";
    if (!step || pointer.compare(name_end, output.size(), output) != 0) return std::nullopt;
    const auto& value = saga_.steps[*step].output;
    if (!value) return std::nullopt;
    return inside(*value, pointer, name_end + output.size());
  }

  const Definition& definition_;
  const Saga& saga_;
  std::unordered_map<const JsonText*, Json> trees_;
};

std::optional<JsonText> action_input(const Definition& definition, const Saga& saga, StepIndex step,
                                     std::string& problem) {
  const auto& input = definition.steps[step].input;
  const auto& patch = saga.steps[step].input_patch;
  if (!input && !patch) return saga.input;
  std::optional<JsonText> rendered =
      input ? render_template(*input, definition, saga, problem) : saga.input;
  if (!patch) return rendered;
  // A patch may also mend an input that could not be filled in.
  Json patched = rendered ? rendered->value() : Json();
  patched.merge_patch(patch->value());
  return JsonText::of(patched);
}

void append_error(std::string& out, const ErrorInfo& error) {
  out += R"({"code":)";
  append_json_string(out, error.code);
  out += R"(,"message":)";
  append_json_string(out, error.message);
  out += R"(,"data":)" + error.data.text() + "}";
}

}  // namespace

PointerLookup saga_lookup(const Definition& definition, const Saga& saga) {
  return [lookup = SagaLookup(definition, saga)](const std::string& pointer) mutable {
    return lookup(pointer);
  };
}

std::optional<JsonText> render_template(const Template& t, const Definition& definition,
                                        const Saga& saga, std::string& problem) {
  SagaLookup lookup{definition, saga};
  std::string missing;
  auto rendered = t.render([&lookup](const std::string& p) { return lookup(p); }, missing);
  if (!rendered) {
    problem = "points nowhere: " + missing;
    return std::nullopt;
  }
  try {
    // A template and a value that are each within the limits may together exceed them.
    (void)JsonText::parse(rendered->text());
  } catch (const JsonError& error) {
    problem = std::string("cannot be used: ") + error.what();
    return std::nullopt;
  }
  return rendered;
}

std::optional<JsonText> command_body(const Definition& definition, const Saga& saga, StepIndex step,
                                     Direction direction, std::string& problem) {
  const Step& s = definition.steps[step];
  const bool own_input = direction == Direction::compensate && s.compensation->input;
  const auto input = own_input ? render_template(*s.compensation->input, definition, saga, problem)
                               : action_input(definition, saga, step, problem);
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
  return JsonText::trusted(std::move(body));
}

}  // namespace skald

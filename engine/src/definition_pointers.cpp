#include "definition_pointers.hpp"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "definition_reader.hpp"
#include "json_pointer.hpp"

namespace skald {

namespace {

using Tokens = std::vector<std::string>;

// Checks `/steps/<name>/output…`; steps from `end` on have not run yet.
void check_step_pointer(const Definition& definition, const Tokens& tokens, std::size_t end,
                        const Place& place) {
  if (tokens.size() < 3 || tokens[2] != "output") {
    place.refuse_value("of the form \"/steps/<name>/output\" or deeper");
  }
  const auto step = definition.find(tokens[1]);
  if (!step) {
    std::vector<std::string_view> names;
    for (const Step& known : definition.steps) names.emplace_back(known.name);
    place.refuse(
        fmt::format("{} names no step{}", place.value().dump(), did_you_mean(tokens[1], names)));
  }
  if (*step >= end) {
    place.refuse(
        fmt::format("{} points to step \"{}\", which has not run yet then; point to an "
                    "earlier step",
                    place.value().dump(), tokens[1]));
  }
}

void check_template(const Definition& definition, const std::optional<Template>& checked,
                    std::size_t end, const std::string& where) {
  if (!checked) return;
  for (const std::string& pointer : checked->pointers()) {
    const Json value = pointer;
    const Place place(value, where);
    const Tokens tokens = split_pointer(pointer).value();
    const std::string& root = tokens.front();
    if (root == "steps") {
      check_step_pointer(definition, tokens, end, place);
    } else if (root != "input" && pointer != "/key" && pointer != "/id") {
      place.refuse_value(
          "a pointer to \"/input\", \"/key\", \"/id\" or \"/steps/<name>/output\" at \"$from\"");
    }
  }
}

void check_secret(const Definition& definition, const std::string& pointer,
                  const std::string& where) {
  const Json value = pointer;
  const Place place(value, where);
  const auto tokens = split_pointer(pointer);
  const bool rooted = tokens && !tokens->empty();
  if (rooted && tokens->front() == "steps") {
    return check_step_pointer(definition, *tokens, definition.steps.size(), place);
  }
  if (!rooted || (tokens->front() != "input" && tokens->front() != "output")) {
    place.refuse_value(
        "a pointer to \"/input\", \"/output\" or \"/steps/<name>/output\", or deeper");
  }
}

}  // namespace

void check_pointers(const Definition& definition) {
  for (std::size_t i = 0; i < definition.steps.size(); ++i) {
    const Step& step = definition.steps[i];
    check_template(definition, step.input, i, fmt::format("steps[{}].input", i));
    if (!step.compensation) continue;
    // A compensation may use what its own action answered.
    check_template(definition, step.compensation->input, i + 1,
                   fmt::format("steps[{}].compensation.input", i));
  }
  check_template(definition, definition.output, definition.steps.size(), "output");
  for (std::size_t i = 0; i < definition.secrets.size(); ++i) {
    check_secret(definition, definition.secrets[i], fmt::format("secrets[{}]", i));
  }
}

}  // namespace skald

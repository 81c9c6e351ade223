#include "skald/definition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "definition_normal.hpp"
#include "definition_pointers.hpp"
#include "definition_policies.hpp"
#include "definition_reader.hpp"
#include "definition_shape.hpp"
#include "definition_steps.hpp"
#include "lock_names.hpp"

namespace skald {

namespace {

constexpr std::size_t secrets_max = 256;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

[[noreturn]] void refuse_file(const std::string& path, int error) {
  throw DefinitionError(path, fmt::format("cannot be read: {}", std::strerror(error)));
}

// At most one byte more than a definition may have, which is then refused as too long.
std::string read_file(const std::string& path) {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rb"));
  if (!file) refuse_file(path, errno);
  std::string text(JsonLimits{}.bytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) refuse_file(path, errno);
  return text;
}

// A tree that was built in memory never met the limits that a text is parsed with.
void check_limits(const Json& document) {
  try {
    (void)JsonText::of(document);
  } catch (const JsonError& error) {
    throw DefinitionError("", error.what());
  }
}

}  // namespace

const char* to_string(StepKind kind) {
  switch (kind) {
    case StepKind::compensatable: return "compensatable";
    case StepKind::pivot: return "pivot";
    case StepKind::retriable: return "retriable";
  }
  return "compensatable";
}

std::optional<StepIndex> Definition::find(std::string_view step_name) const {
  const auto found = shape_.by_name.find(std::string(step_name));
  return found == shape_.by_name.end() ? std::nullopt : std::optional(found->second);
}

Definition make_definition(const Json& document) {
  check_limits(document);
  const Place top(document, "");
  top.allow_keys({"$schema", "saga", "version", "description", "deadline", "output", "secrets",
                  "defaults", "participants", "steps", "locks", "priority"});
  Definition definition;
  definition.type = top.require("saga", "the saga type's name").name();
  definition.version = top.require("version", "a whole number from 1").whole_number(1, UINT32_MAX);
  if (const auto p = top.find("description")) definition.description = p->text();
  if (const auto p = top.find("deadline")) definition.deadline = p->duration();
  if (const auto p = top.find("output"))
    definition.output = Template::parse(p->value(), p->where());
  if (const auto p = top.find("secrets")) {
    const std::vector<Place> items = p->items();
    if (items.size() > secrets_max) {
      p->refuse(fmt::format("must be <= {} pointers, is {}", secrets_max, items.size()));
    }
    for (const Place& secret : items) definition.secrets.push_back(secret.text());
  }
  if (const auto p = top.find("priority")) {
    definition.priority = static_cast<std::uint8_t>(p->whole_number(0, priority_max));
  }
  if (const auto p = top.find("locks")) definition.locks = read_locks(*p);
  const StepDefaults defaults(top);
  definition.participants = defaults.policies();
  definition.steps = read_steps(top.require("steps", "a list of steps"), defaults);
  definition.shape_ = shape_of(definition.steps);
  defaults.check_all_used(definition.steps);
  check_pointers(definition);
  definition.normal_form_ = normal_form_of(definition);
  definition.digest_ = Digest::of(definition.normal_form_);
  return definition;
}

Definition parse_definition(std::string_view text) {
  Json document;
  try {
    document = parse_json(text);
  } catch (const JsonError& error) {
    throw DefinitionError("", error.what());
  }
  return make_definition(document);
}

Definition load_definition(const std::string& path) {
  const std::string text = read_file(path);
  try {
    return parse_definition(text);
  } catch (const DefinitionError& error) {
    const std::string place = error.where().empty() ? path : path + ": " + error.where();
    const std::size_t prefix = error.where().empty() ? 0 : error.where().size() + 2;
    throw DefinitionError(place, std::string(error.what()).substr(prefix));
  }
}

}  // namespace skald

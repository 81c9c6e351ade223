#include "skald/definition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "definition/lock_names.hpp"
#include "definition/normal.hpp"
#include "definition/pointers.hpp"
#include "definition/policies.hpp"
#include "definition/shape.hpp"
#include "definition/steps.hpp"
#include "json/strict_reader.hpp"
#include "schema/input_schema.hpp"
#include "skald/definition_faults.hpp"

namespace skald {

namespace {

constexpr std::size_t secrets_max = 256;

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

const char* to_string(OnSiblingFailure rule) {
  return rule == OnSiblingFailure::finish ? "finish" : "compensate";
}
const char* to_string(UndoOrder order) {
  return order == UndoOrder::parallel ? "parallel" : "sequential";
}
const char* to_string(KeyReuse rule) {
  return rule == KeyReuse::after_end ? "after_end" : "reject";
}

std::optional<StepIndex> Definition::find(std::string_view step_name) const {
  const auto found = shape_.by_name.find(std::string(step_name));
  return found == shape_.by_name.end() ? std::nullopt : std::optional(found->second);
}

namespace {

// Reads a document whose faults are collected in `top`, or thrown.
class DefinitionDocument {
 public:
  explicit DefinitionDocument(Place top) : top_(std::move(top)) {}

  /// Everything but what follows from the steps together. False when something was refused.
  bool read(Definition& definition) {
    top_.allow_keys({"$schema", "saga", "version", "description", "deadline", "output", "secrets",
                     "defaults", "participants", "steps", "locks", "priority", "on_sibling_failure",
                     "undo", "key_reuse", "input_schema"});
    top_.part([&] { definition.type = top_.require("saga", "the saga type's name").name(); });
    top_.part([&] {
      definition.version =
          top_.require("version", "a whole number from 1").whole_number(1, UINT32_MAX);
    });
    part("description", [&](const Place& p) { definition.description = p.text(); });
    part("deadline", [&](const Place& p) { definition.deadline = p.duration(); });
    part("output",
         [&](const Place& p) { definition.output = Template::parse(p.value(), p.where()); });
    part("secrets", [&](const Place& p) { definition.secrets = read_secrets(p); });
    part("priority", [&](const Place& p) {
      definition.priority = static_cast<std::uint8_t>(p.whole_number(0, priority_max));
    });
    part("locks", [&](const Place& p) { definition.locks = read_locks(p); });
    part("on_sibling_failure", [&](const Place& p) {
      definition.on_sibling_failure =
          p.choice<OnSiblingFailure>({OnSiblingFailure::compensate, OnSiblingFailure::finish});
    });
    part("undo", [&](const Place& p) {
      definition.undo = p.choice<UndoOrder>({UndoOrder::sequential, UndoOrder::parallel});
    });
    part("key_reuse", [&](const Place& p) {
      definition.key_reuse = p.choice<KeyReuse>({KeyReuse::reject, KeyReuse::after_end});
    });
    part("input_schema", [&](const Place& p) {
      check_input_schema(p);
      definition.input_schema = p.json();
    });
    top_.part([&] { read_steps_of(definition); });
    return top_.faults() == 0;
  }

 private:
  template <typename Read>
  void part(const char* key, Read read) const {
    if (const auto p = top_.find(key)) p->part([&] { read(*p); });
  }

  static std::vector<std::string> read_secrets(const Place& place) {
    const std::vector<Place> items = place.items();
    if (items.size() > secrets_max) {
      place.refuse(fmt::format("must be <= {} pointers, is {}", secrets_max, items.size()));
    }
    std::vector<std::string> secrets;
    for (const Place& secret : items) secrets.push_back(secret.text());
    return secrets;
  }

  void read_steps_of(Definition& definition) const {
    const std::size_t faults = top_.faults();
    const StepDefaults defaults(top_);
    definition.participants = defaults.policies();
    if (top_.faults() > faults) return;  // Each step would repeat them.
    definition.steps = read_steps(top_.require("steps", "a list of steps"), defaults);
    if (top_.faults() == faults) defaults.check_all_used(definition.steps);
  }

  Place top_;
};

}  // namespace

Definition make_definition(const Json& document) {
  check_limits(document);
  Definition definition;
  (void)DefinitionDocument(Place(document, "")).read(definition);
  definition.shape_ = shape_of(definition.steps);
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

std::vector<DefinitionError> faults_of_text(std::string_view text) {
  Faults faults;
  try {
    const Json document = parse_json(text);
    check_limits(document);
    Definition definition;
    if (DefinitionDocument(Place(document, "", &faults)).read(definition)) {
      check_pointers(definition, &faults);
    }
    // What is left stands where nothing is collected.
    if (faults.empty()) (void)make_definition(document);
  } catch (const JsonError& error) {
    faults.emplace_back("", error.what());
  } catch (const DefinitionError& error) {
    faults.push_back(error);
  }
  return faults;
}

}  // namespace skald

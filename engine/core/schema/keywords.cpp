// Each keyword of a schema by itself: whether it is known, safe, and has a value that it can have.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "schema/input_schema.hpp"
#include "schema/tree.hpp"
#include "skald/limits.hpp"
#include "skald/text.hpp"

namespace skald {
namespace {

constexpr std::uint64_t unique_items_weight = 20;
constexpr std::size_t faults_max = 100;

const char* const no_patterns =
    "regular expressions can take for ever on the wrong text, so a schema has none; state what may "
    "come with \"enum\", \"minLength\" and \"maxLength\", or check the text in a step";

bool is_whole(const Json& value) {
  if (!value.is_number_float()) return value.is_number_integer();
  const auto number = value.get<double>();
  return std::trunc(number) == number;
}

bool is_below_zero(const Json& number) { return number.get<double>() < 0; }

class KeywordCheck {
 public:
  explicit KeywordCheck(const Place& root) : root_(root) {}

  void check() {
    if (!root_.value().is_object()) root_.refuse_value("a JSON Schema, which is an object");
    schema(root_.value(), root_.where());
    // A reference may point ahead, so that what it points to is known only now.
    for (const Place& at : references_) at.part([&] { target_of(at); });
  }

  SchemaWeights weights() { return std::move(weights_); }

 private:
  using Check = void (KeywordCheck::*)(const Place&);
  using Keywords = std::unordered_map<std::string_view, Check>;

  static const Keywords& keywords() {
    using K = KeywordCheck;
    static const Keywords all{{"$schema", &K::draft},
                              {"$comment", &K::text},
                              {"title", &K::text},
                              {"description", &K::text},
                              {"format", &K::text},
                              {"contentMediaType", &K::text},
                              {"contentEncoding", &K::text},
                              {"default", &K::anything},
                              {"examples", &K::list},
                              {"readOnly", &K::yes_or_no},
                              {"writeOnly", &K::yes_or_no},
                              {"definitions", &K::named_schemas},
                              {"$ref", &K::reference},
                              {"$id", &K::identifier},
                              {"type", &K::type},
                              {"enum", &K::values},
                              {"const", &K::constant},
                              {"minimum", &K::number},
                              {"maximum", &K::number},
                              {"exclusiveMinimum", &K::number},
                              {"exclusiveMaximum", &K::number},
                              {"multipleOf", &K::divisor},
                              {"minLength", &K::count},
                              {"maxLength", &K::count},
                              {"pattern", &K::pattern},
                              {"patternProperties", &K::pattern},
                              {"items", &K::items},
                              {"additionalItems", &K::additional_items},
                              {"minItems", &K::count},
                              {"maxItems", &K::count},
                              {"uniqueItems", &K::unique},
                              {"contains", &K::subschema},
                              {"properties", &K::named_schemas},
                              {"additionalProperties", &K::subschema},
                              {"propertyNames", &K::subschema},
                              {"required", &K::names},
                              {"minProperties", &K::count},
                              {"maxProperties", &K::count},
                              {"dependencies", &K::dependencies},
                              {"allOf", &K::schemas},
                              {"anyOf", &K::schemas},
                              {"oneOf", &K::schemas},
                              {"not", &K::subschema},
                              {"if", &K::subschema},
                              {"then", &K::branch},
                              {"else", &K::branch}};
    return all;
  }

  void schema(const Json& value, const std::string& where) {
    if (weights_.size() == schema_nodes_max) {
      if (std::exchange(too_many_, true)) return;  // It is said once.
      root_.refuse(
          fmt::format("has more than {} schemas in it; demand less, or check the input in a step",
                      schema_nodes_max));
    }
    weights_[&value] = 1;
    if (value.is_boolean()) return;
    const Place place = root_.elsewhere(value, where);
    if (!value.is_object()) place.refuse_value("a schema: an object, true or false");
    const Json* const outer = std::exchange(schema_, &value);
    for (const auto& [key, member] : value.items()) {
      if (root_.faults() > faults_before_ + faults_max) break;
      const Place at = root_.elsewhere(member, schema_place(where, key));
      at.part([&, &name = key] { keyword(name, at); });
    }
    schema_ = outer;
  }

  void keyword(const std::string& key, const Place& at) {
    const auto known = keywords().find(key);
    if (known == keywords().end()) {
      std::vector<std::string_view> names;
      for (const auto& [name, check] : keywords()) names.push_back(name);
      std::sort(names.begin(), names.end());
      at.refuse("is no keyword of JSON Schema draft 7" + did_you_mean(key, names));
    }
    (this->*known->second)(at);
  }

  void weigh(std::uint64_t more) { weights_[schema_] += more; }

  // Places inside of a schema are JSON Pointers.
  std::vector<Place> elements(const Place& at) {
    list(at);
    std::vector<Place> all;
    for (const Json& element : at.value()) {
      all.push_back(root_.elsewhere(element, schema_place(at.where(), std::to_string(all.size()))));
    }
    return all;
  }

  void anything(const Place& /*at*/) {}
  void text(const Place& at) { (void)at.text(); }
  void list(const Place& at) {
    if (!at.value().is_array()) at.refuse_value("a list");
  }
  void yes_or_no(const Place& at) {
    if (!at.value().is_boolean()) at.refuse_value("true or false");
  }
  void unique(const Place& at) {
    yes_or_no(at);
    weigh(unique_items_weight);
  }

  void draft(const Place& at) {
    const std::string draft = at.text();
    if (draft != "http://json-schema.org/draft-07/schema#" &&
        draft != "http://json-schema.org/draft-07/schema") {
      at.refuse_value("\"http://json-schema.org/draft-07/schema#\", the draft that Skald knows");
    }
  }

  [[noreturn]] void identifier(const Place& at) {
    at.refuse("would change what references mean, and a schema is one document; remove it");
  }
  [[noreturn]] void pattern(const Place& at) { at.refuse(no_patterns); }

  void reference(const Place& at) {
    (void)at.text();
    std::size_t harmless = 0;
    for (const char* key : {"$ref", "$schema", "$comment", "title", "description", "definitions"}) {
      if (schema_->contains(key)) ++harmless;
    }
    if (harmless != schema_->size()) {
      at.refuse(
          "what stands beside a \"$ref\" has no effect in draft 7; put both into an \"allOf\"");
    }
    references_.push_back(at);
  }

  void target_of(const Place& at) {
    const std::string reference = at.text();
    const Json* target = schema_reference(root_.value(), reference);
    if (target && weights_.contains(target)) return;
    if (!target && (reference.empty() || reference.front() != '#')) {
      at.refuse_value(
          "a pointer into this schema such as \"#/definitions/address\": nothing is "
          "fetched from elsewhere");
    }
    at.refuse(fmt::format("{} leads to no schema in this one", dump_json(at.value())));
  }

  void type(const Place& at) {
    const std::vector<Place> types = at.value().is_array() ? elements(at) : std::vector<Place>{at};
    if (types.empty()) at.refuse("is empty, so that nothing would fit; name a type");
    for (const Place& one : types) {
      if (!one.value().is_string() || !schema_type(one.text())) {
        one.refuse_value(
            "\"null\", \"boolean\", \"integer\", \"number\", \"string\", \"array\" or "
            "\"object\"");
      }
    }
  }

  void values(const Place& at) {
    list(at);
    if (at.value().empty()) at.refuse("is empty, so that nothing would fit; name the values");
    constant(at);
  }
  void constant(const Place& at) { weigh(schema_size_of(at.value())); }

  void number(const Place& at) {
    if (!at.value().is_number()) at.refuse_value("a number");
  }
  void divisor(const Place& at) {
    number(at);
    if (at.value() == 0 || is_below_zero(at.value())) at.refuse_value("above zero");
  }
  void count(const Place& at) {
    if (!is_whole(at.value())) at.refuse_value("a whole number");
    if (is_below_zero(at.value())) at.refuse_value(">= 0");
  }

  void names(const Place& at) {
    for (const Place& name : elements(at)) (void)name.text();
    weigh(schema_size_of(at.value()));
  }

  void subschema(const Place& at) { schema(at.value(), at.where()); }

  void branch(const Place& at) {
    if (!schema_->contains("if"))
      at.refuse("has no effect without an \"if\"; add that or remove it");
    subschema(at);
  }

  void schemas(const Place& at) {
    const std::vector<Place> all = elements(at);
    if (all.empty()) at.refuse("is empty; a list of schemas has at least one");
    for (const Place& one : all) one.part([&] { schema(one.value(), one.where()); });
  }

  void items(const Place& at) { at.value().is_array() ? schemas(at) : subschema(at); }
  void additional_items(const Place& at) {
    const auto items = schema_->find("items");
    if (items == schema_->end() || !items->is_array()) {
      at.refuse("has no effect unless \"items\" is a list of schemas; state it in \"items\"");
    }
    subschema(at);
  }

  void object(const Place& at) {
    if (!at.value().is_object()) at.refuse_value("an object");
    std::uint64_t bytes = 0;
    for (const auto& [name, member] : at.value().items()) bytes += name.size();
    weigh(bytes / 64);
  }

  void named_schemas(const Place& at) {
    object(at);
    for (const auto& [name, member] : at.value().items()) {
      const Place place = root_.elsewhere(member, schema_place(at.where(), name));
      place.part([&] { schema(place.value(), place.where()); });
    }
  }

  void dependencies(const Place& at) {
    object(at);
    for (const auto& [name, member] : at.value().items()) {
      const Place place = root_.elsewhere(member, schema_place(at.where(), name));
      place.part([&] { member.is_array() ? names(place) : schema(place.value(), place.where()); });
    }
  }

  const Place& root_;
  const Json* schema_ = nullptr;  // Whose keywords are looked at.
  bool too_many_ = false;
  std::size_t faults_before_ = root_.faults();
  SchemaWeights weights_;
  std::vector<Place> references_;
};

}  // namespace

SchemaWeights check_schema_keywords(const Place& place) {
  KeywordCheck check(place);
  check.check();
  return check.weights();
}

}  // namespace skald

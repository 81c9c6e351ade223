#include "skald/predicate.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "json/compare.hpp"
#include "json/pointer.hpp"
#include "json/strict_reader.hpp"
#include "skald/work.hpp"

namespace skald {

namespace {

constexpr std::array comparisons{"equals",    "not_equals", "in",        "not_in",  "exists",
                                 "less_than", "at_most",    "more_than", "at_least"};

bool is_order(std::string_view name) {
  return name == "less_than" || name == "at_most" || name == "more_than" || name == "at_least";
}

void read_comparison(const Place& place, PointerList& pointers) {
  place.allow_keys({from_key, "equals", "not_equals", "in", "not_in", "exists", "less_than",
                    "at_most", "more_than", "at_least"});
  const Place from = place.require(from_key, "a JSON Pointer such as \"/input/amount\"");
  const std::string pointer = from.value().is_string() ? from.text() : "";
  if (pointer.empty() || !split_pointer(pointer)) {
    from.refuse_value("a JSON Pointer such as \"/input/amount\"");
  }
  pointers.add(pointer);
  if (place.value().size() < 2) {
    place.refuse(
        "compares nothing; add one of equals, not_equals, in, not_in, exists, less_than, "
        "at_most, more_than, at_least");
  }
  for (const char* name : comparisons) {
    const auto operand = place.find(name);
    if (!operand) continue;
    const std::string_view kind = name;
    if (kind == "exists" && !operand->value().is_boolean()) {
      operand->refuse_value("true or false");
    }
    if ((kind == "in" || kind == "not_in") && !operand->value().is_array()) {
      operand->refuse_value("a list of values");
    }
    if (is_order(kind) && !operand->value().is_number() && !operand->value().is_string()) {
      operand->refuse_value("a number or a text");
    }
  }
}

void read_condition(const Place& place, PointerList& pointers) {
  if (!place.value().is_object()) {
    place.refuse_value("an object such as {\"$from\": \"/input/gift\", \"equals\": true}");
  }
  for (const char* name : {"all", "any"}) {
    const auto parts = place.find(name);
    if (!parts) continue;
    place.allow_keys({name});
    if (parts->items().empty()) parts->refuse("is empty; give at least one condition");
    for (const Place& part : parts->items()) read_condition(part, pointers);
    return;
  }
  if (const auto negated = place.find("not")) {
    place.allow_keys({"not"});
    read_condition(*negated, pointers);
    return;
  }
  read_comparison(place, pointers);
}

// What is in no order, such as a number and a text, satisfies no comparison.
bool in_order(const Json& value, const std::string& name, const Json& operand) {
  const std::partial_ordering order = compare_values(value, operand);
  if (name == "less_than") return order < 0;
  if (name == "at_most") return order <= 0;
  if (name == "more_than") return order > 0;
  return order >= 0;
}

bool is_among(const Json& value, const Json& list) {
  return std::any_of(list.begin(), list.end(),
                     [&](const Json& item) { return same_tree(item, value); });
}

bool compare(const Json* value, const std::string& name, const Json& operand) {
  if (name == "exists") return (value != nullptr) == operand.get<bool>();
  if (name == "not_equals") return !value || !same_tree(*value, operand);
  if (name == "not_in") return !value || !is_among(*value, operand);
  if (!value) return false;
  if (name == "equals") return same_tree(*value, operand);
  if (name == "in") return is_among(*value, operand);
  return in_order(*value, name, operand);
}

bool holds_node(const Json& node, const PointerLookup& lookup) {
  const auto part_holds = [&](const Json& part) { return holds_node(part, lookup); };
  if (const auto all = node.find("all"); all != node.end()) {
    return std::all_of(all->begin(), all->end(), part_holds);
  }
  if (const auto any = node.find("any"); any != node.end()) {
    return std::any_of(any->begin(), any->end(), part_holds);
  }
  if (const auto negated = node.find("not"); negated != node.end()) {
    return !holds_node(*negated, lookup);
  }
  const Json* value = lookup(node.at(from_key).get_ref<const std::string&>());
  for (const auto& [name, operand] : node.items()) {
    if (name != from_key && !compare(value, name, operand)) return false;
  }
  return true;
}

}  // namespace

Predicate Predicate::parse(const Json& document, const std::string& where) {
  const Place place(document, where);
  Predicate result;
  result.text_ = place.json();
  result.tree_ = std::make_shared<const Json>(result.text_.value());
  PointerList pointers;
  read_condition(place, pointers);
  result.pointers_ = pointers.take();
  return result;
}

bool Predicate::holds(const PointerLookup& lookup) const {
  work().rendered_bytes += text_.text().size();
  return holds_node(*tree_, lookup);
}

}  // namespace skald

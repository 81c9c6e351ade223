#include "skald/template.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "definition_reader.hpp"
#include "json_pointer.hpp"

namespace skald {

namespace {

constexpr const char* from_key = "$from";
constexpr const char* default_key = "default";

bool is_reference(const Json& node) { return node.is_object() && node.contains(from_key); }

bool holds_reference(const Json& node) {
  if (is_reference(node)) return true;
  return node.is_structured() && std::any_of(node.begin(), node.end(), holds_reference);
}

void read_reference(const Place& place, std::vector<std::string>& pointers) {
  place.allow_keys({from_key, default_key});
  const Place from(place.value().at(from_key), place.where());
  const bool pointer = from.value().is_string() &&
                       !from.value().get_ref<const std::string&>().empty() &&
                       split_pointer(from.value().get_ref<const std::string&>()).has_value();
  if (!pointer) from.refuse_value("a JSON Pointer such as \"/input/sku\" at \"$from\"");
  if (const auto fallback = place.find(default_key);
      fallback && holds_reference(fallback->value())) {
    fallback->refuse("a default is a plain value; \"$from\" is not looked up in it");
  }
  const std::string text = from.text();
  if (std::find(pointers.begin(), pointers.end(), text) == pointers.end()) pointers.push_back(text);
}

void read_node(const Place& place, std::vector<std::string>& pointers) {
  const Json& node = place.value();
  if (is_reference(node)) return read_reference(place, pointers);
  if (node.is_object()) {
    for (const auto& [key, member] : node.items()) read_node(*place.find(key), pointers);
  } else if (node.is_array()) {
    for (const Place& item : place.items()) read_node(item, pointers);
  }
}

// Replaces every reference below `node` by its value. False when one leads nowhere.
bool fill_in(Json& node, const PointerLookup& lookup, std::string& missing) {
  if (is_reference(node)) {
    const auto pointer = node.at(from_key).get<std::string>();
    if (auto value = lookup(pointer)) {
      node = std::move(*value);
    } else if (node.contains(default_key)) {
      Json fallback = std::move(node.at(default_key));
      node = std::move(fallback);
    } else {
      missing = pointer;
      return false;
    }
    return true;
  }
  if (!node.is_structured()) return true;
  return std::all_of(node.begin(), node.end(),
                     [&](Json& member) { return fill_in(member, lookup, missing); });
}

}  // namespace

Template Template::parse(const Json& document, const std::string& where) {
  const Place place(document, where);
  Template result;
  result.text_ = place.json();
  read_node(place, result.pointers_);
  return result;
}

std::optional<JsonText> Template::render(const PointerLookup& lookup, std::string& missing) const {
  if (pointers_.empty()) return text_;
  Json document = text_.value();
  if (!fill_in(document, lookup, missing)) return std::nullopt;
  // Not JsonText::of(): a template and a value within the limits may together be deeper than they
  // allow. Whoever sends or stores the result has a limit of its own.
  return JsonText::trusted(document.dump());
}

}  // namespace skald

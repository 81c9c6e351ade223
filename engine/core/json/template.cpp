#include "skald/template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "json/pointer.hpp"
#include "json/strict_reader.hpp"
#include "skald/error.hpp"
#include "skald/limits.hpp"
#include "skald/text.hpp"
#include "skald/work.hpp"

namespace skald {

namespace {

constexpr const char* default_key = "default";

bool is_reference(const Json& node) { return node.is_object() && node.contains(from_key); }

bool holds_reference(const Json& node) {
  if (is_reference(node)) return true;
  return node.is_structured() && std::any_of(node.begin(), node.end(), holds_reference);
}

void read_reference(const Place& place, PointerList& pointers) {
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
  pointers.add(from.text());
}

void read_part(const Place& place, PointerList& pointers) {
  const Json& node = place.value();
  if (is_reference(node)) return read_reference(place, pointers);
  if (node.is_object()) {
    for (const auto& [key, member] : node.items()) read_part(*place.find(key), pointers);
  } else if (node.is_array()) {
    for (const Place& item : place.items()) read_part(item, pointers);
  }
}

// Writes a template with its references filled in, and stops when the text grows over the limit.
class Renderer {
 public:
  Renderer(const PointerLookup& lookup, std::string& problem)
      : lookup_(lookup), problem_(problem) {}

  // False when it cannot be filled in.
  bool append(const Json& node) {
    if (node.is_array()) return append_array(node);
    if (!node.is_object()) return append_value(node);
    const auto reference = node.find(from_key);
    if (reference == node.end()) return append_object(node);
    const auto& pointer = reference->get_ref<const std::string&>();
    if (const Json* value = lookup_(pointer)) return append_value(*value, pointer);
    const auto fallback = node.find(default_key);
    if (fallback != node.end()) return append_value(*fallback);
    problem_ = "points nowhere: " + pointer;
    return false;
  }

  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  bool append_array(const Json& list) {
    out_ += '[';
    bool first = true;
    for (const Json& item : list) {
      if (!std::exchange(first, false)) out_ += ',';
      if (!append(item)) return false;
    }
    out_ += ']';
    return fits({});
  }

  bool append_object(const Json& object) {
    out_ += '{';
    bool first = true;
    for (const auto& [key, member] : object.items()) {
      if (!std::exchange(first, false)) out_ += ',';
      append_json_string(out_, key);
      out_ += ':';
      if (!append(member)) return false;
    }
    out_ += '}';
    return fits({});
  }

  bool append_value(const Json& value, std::string_view pointer = {}) {
    out_ += dump_json(value);
    return fits(pointer);
  }

  bool fits(std::string_view pointer) {
    if (out_.size() <= payload_bytes_max) return true;
    problem_ = fmt::format("grows over the limit of {} bytes{}; refer to less", payload_bytes_max,
                           pointer.empty() ? "" : fmt::format(" at {}", pointer));
    return false;
  }

  const PointerLookup& lookup_;
  std::string& problem_;
  std::string out_;
};

}  // namespace

struct Template::Parts {
  JsonText text;
  Json tree;
  std::vector<std::string> pointers;
};

Template Template::parse(const Json& document, const std::string& where) {
  const Place place(document, where);
  auto parts = std::make_shared<Parts>();
  parts->text = place.json();
  PointerList pointers;
  read_part(place, pointers);
  parts->pointers = pointers.take();
  if (!parts->pointers.empty()) parts->tree = document;
  Template result;
  result.parts_ = std::move(parts);
  return result;
}

const Template::Parts& Template::parts() const {
  static const Parts null;
  return parts_ ? *parts_ : null;
}

const std::vector<std::string>& Template::pointers() const { return parts().pointers; }
const JsonText& Template::text() const { return parts().text; }

std::optional<JsonText> Template::render(const PointerLookup& lookup, std::string& problem) const {
  if (pointers().empty()) return text();
  Renderer renderer(lookup, problem);
  if (!renderer.append(parts().tree)) return std::nullopt;
  std::string rendered = renderer.take();
  work().rendered_bytes += rendered.size();
  try {
    // A template and a value within the limits may together be too deep.
    return JsonText::parse(rendered);
  } catch (const JsonError& error) {
    problem = std::string("cannot be used: ") + error.what();
    return std::nullopt;
  }
}

}  // namespace skald

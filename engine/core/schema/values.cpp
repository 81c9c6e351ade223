#include "schema/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <compare>
#include <numeric>

#include "json/compare.hpp"
#include "json/multiple_of.hpp"
#include "skald/text.hpp"

namespace skald {
namespace {

constexpr std::size_t values_shown_max = 5;
constexpr std::size_t value_bytes_max = 40;

SchemaType type_of(const Json& value) {
  switch (value.type()) {
    case Json::value_t::boolean: return type_boolean;
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned: return type_integer;
    case Json::value_t::number_float: return type_number;
    case Json::value_t::string: return type_string;
    case Json::value_t::array: return type_array;
    case Json::value_t::object: return type_object;
    default: return type_null;
  }
}

// A total order in which equal values, and only those, stand beside each other.
std::strong_ordering order_of(const Json& a, const Json& b) {
  const auto group = [](const Json& value) {
    return value.is_number() ? std::uint8_t{type_number} : std::uint8_t{type_of(value)};
  };
  if (group(a) != group(b)) return group(a) <=> group(b);
  if (a.is_boolean()) return a.get<bool>() <=> b.get<bool>();
  if (!a.is_structured()) {
    const auto order = a.is_null() ? std::partial_ordering::equivalent : compare_values(a, b);
    return order < 0   ? std::strong_ordering::less
           : order > 0 ? std::strong_ordering::greater
                       : std::strong_ordering::equal;
  }
  if (a.size() != b.size()) return a.size() <=> b.size();
  for (auto left = a.begin(), right = b.begin(); left != a.end(); ++left, ++right) {
    if (a.is_object()) {
      if (const auto order = left.key() <=> right.key(); order != 0) return order;
    }
    if (const auto order = order_of(*left, *right); order != 0) return order;
  }
  return std::strong_ordering::equal;
}

// From the definition, so that it is no secret.
std::string shown(const Json& value) { return clean_text(dump_json(value), value_bytes_max); }

std::string types_in_words(std::uint8_t types) {
  std::string words;
  for (int bit = 1; bit <= type_object; bit *= 2) {
    if ((types & bit) == 0) continue;
    words += (words.empty() ? "" : " or ");
    words += with_article(static_cast<SchemaType>(bit));
  }
  return words;
}

std::string one_of(const Json& values) {
  std::string text = "must be ";
  if (values.size() > 1) text += "one of ";
  for (std::size_t i = 0; i < values.size() && i < values_shown_max; ++i) {
    text += (i > 0 ? ", " : "") + shown(values[i]);
  }
  if (values.size() > values_shown_max) {
    text += fmt::format(" and {} more", values.size() - values_shown_max);
  }
  return text;
}

// Answers false. The sentence is put together only for somebody who reads it.
template <typename Describe>
bool refuse(std::string* problem, Describe describe) {
  if (problem) *problem = describe();
  return false;
}

bool in_range(const CountRange& range, std::uint64_t count, const char* what,
              std::string* problem) {
  if (count >= range.min && count <= range.max) return true;
  return refuse(problem, [&] {
    const bool few = count < range.min;
    const std::uint64_t bound = few ? range.min : range.max;
    return fmt::format("must have at {} {} {}{}", few ? "least" : "most", bound, what,
                       bound == 1 ? "" : "s");
  });
}

bool number_fits(const SchemaNode& node, const Json& number, std::string* problem) {
  const auto must = [problem](const char* how, const Json* bound) {
    return refuse(problem, [&] { return fmt::format("must be {} {}", how, shown(*bound)); });
  };
  if (node.minimum && compare_values(number, *node.minimum) < 0) return must(">=", node.minimum);
  if (node.maximum && compare_values(number, *node.maximum) > 0) return must("<=", node.maximum);
  if (node.above && compare_values(number, *node.above) <= 0) return must(">", node.above);
  if (node.below && compare_values(number, *node.below) >= 0) return must("<", node.below);
  if (node.multiple_of && !is_multiple_of(number, *node.multiple_of)) {
    return must("a multiple of", node.multiple_of);
  }
  return true;
}

// Code points; the text is valid UTF-8.
std::uint64_t length_of(const std::string& text) {
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
  return static_cast<std::uint64_t>(std::count_if(text.begin(), text.end(), begins));
}

bool string_fits(const SchemaNode& node, const Json& value, std::string* problem) {
  if (node.length.min == 0 && node.length.max == UINT64_MAX) return true;
  return in_range(node.length, length_of(value.get_ref<const std::string&>()), "character",
                  problem);
}

bool array_fits(const SchemaNode& node, const Json& list, std::string* problem) {
  if (!in_range(node.items, list.size(), "element", problem)) return false;
  if (!node.unique_items) return true;
  const auto equal = equal_elements(list);
  return !equal || refuse(problem, [&] {
    return fmt::format("must not have equal elements: {} and {} are", equal->first, equal->second);
  });
}

bool is_one_of(const Json& values, const Json& value) {
  return std::any_of(values.begin(), values.end(),
                     [&value](const Json& one) { return same_tree(value, one); });
}

}  // namespace

bool has_type(const Json& value, std::uint8_t types) {
  const SchemaType type = type_of(value);
  if ((types & type) != 0) return true;
  if (type == type_integer) return (types & type_number) != 0;
  if (type != type_number || (types & type_integer) == 0) return false;
  const auto number = value.get<double>();
  return std::trunc(number) == number;
}

bool value_fits(const SchemaNode& node, const Json& value, std::string* problem) {
  if (node.types != type_any && !has_type(value, node.types)) {
    return refuse(problem, [&] {
      return fmt::format("must be {}, is {}", types_in_words(node.types),
                         with_article(type_of(value)));
    });
  }
  if (node.constant && !same_tree(value, *node.constant)) {
    return refuse(problem, [&] { return "must be " + shown(*node.constant); });
  }
  if (node.one_of_values && !is_one_of(*node.one_of_values, value)) {
    return refuse(problem, [&] { return one_of(*node.one_of_values); });
  }
  if (value.is_number()) return number_fits(node, value, problem);
  if (value.is_string()) return string_fits(node, value, problem);
  if (value.is_array()) return array_fits(node, value, problem);
  return !value.is_object() || in_range(node.members, value.size(), "member", problem);
}

std::optional<std::pair<std::size_t, std::size_t>> equal_elements(const Json& list) {
  std::vector<std::size_t> sorted(list.size());
  std::iota(sorted.begin(), sorted.end(), std::size_t{0});
  std::sort(sorted.begin(), sorted.end(), [&list](std::size_t a, std::size_t b) {
    const auto order = order_of(list[a], list[b]);
    return order == 0 ? a < b : order < 0;
  });
  const auto equal = std::adjacent_find(
      sorted.begin(), sorted.end(),
      [&list](std::size_t a, std::size_t b) { return order_of(list[a], list[b]) == 0; });
  if (equal == sorted.end()) return std::nullopt;
  return std::pair(*equal, *std::next(equal));
}

}  // namespace skald

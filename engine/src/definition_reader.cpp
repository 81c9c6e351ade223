#include "definition_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "skald/error.hpp"

#include "skald/text.hpp"

namespace skald {

namespace {

constexpr std::size_t name_length_max = 64;
constexpr std::size_t shown_length_max = 60;

// Levenshtein's distance, in one row.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({replaced, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row.back();
}

std::string shown(const Json& value) { return clean_text(dump_json(value), shown_length_max); }

}  // namespace

bool is_name(std::string_view text) {
  const auto starts = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const auto goes_on = [&](char c) { return starts(c) || c == '.' || c == '_' || c == '-'; };
  return !text.empty() && text.size() <= name_length_max && starts(text.front()) &&
         std::all_of(text.begin(), text.end(), goes_on);
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates) {
  constexpr std::size_t word_length_max = 64;
  constexpr std::size_t distance_max = 2;
  if (word.size() > word_length_max) return {};
  std::string_view best;
  std::size_t best_distance = distance_max + 1;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance && distance < candidate.size()) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best.empty() ? std::string{} : fmt::format("; did you mean \"{}\"?", best);
}

void Place::refuse(const std::string& what) const { throw DefinitionError(where_, what); }

void Place::refuse_value(const std::string& must) const {
  refuse(fmt::format("must be {}, is {}", must, shown(*value_)));
}

std::string Place::where_of(std::string_view key) const {
  std::string text(key);
  if (!is_name(key) && key != "$schema") {
    text.clear();
    append_json_string(text, key);
  }
  return where_.empty() ? text : where_ + "." + text;
}

void Place::allow_keys(std::initializer_list<std::string_view> known) const {
  if (!value_->is_object()) refuse_value("an object");
  for (const auto& [key, member] : value_->items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    Place(member, where_of(key)).refuse("unknown key" + did_you_mean(key, known));
  }
}

JsonText Place::json() const {
  try {
    return JsonText::of(*value_);
  } catch (const JsonError& error) {
    refuse(error.what());
  }
}

std::optional<Place> Place::find(const std::string& key) const {
  const auto member = value_->find(key);
  if (member == value_->end()) return std::nullopt;
  return Place(*member, where_of(key));
}

Place Place::require(const std::string& key, const char* what) const {
  if (auto member = find(key)) return *member;
  throw DefinitionError(where_of(key), fmt::format("is missing; give {}", what));
}

std::vector<Place> Place::items() const {
  if (!value_->is_array()) refuse_value("a list");
  std::vector<Place> items;
  items.reserve(value_->size());
  for (const Json& item : *value_) {
    items.emplace_back(item, fmt::format("{}[{}]", where_, items.size()));
  }
  return items;
}

std::string Place::text() const {
  if (!value_->is_string()) refuse_value("a text");
  return value_->get<std::string>();
}

std::string Place::name() const {
  if (!value_->is_string() || !is_name(value_->get_ref<const std::string&>())) {
    refuse_value(
        fmt::format("a name: 1 to {} of a-z, 0-9, \".\", \"_\" and \"-\", beginning with "
                    "a letter or digit",
                    name_length_max));
  }
  return value_->get<std::string>();
}

Duration Place::duration() const {
  if (!value_->is_string()) refuse_value("a duration such as \"5s\"");
  const auto duration = parse_duration(value_->get_ref<const std::string&>());
  if (!duration) {
    refuse_value(
        "a duration such as \"250ms\", \"5s\", \"10m\", \"2h\" or \"7d\", up to 100 years");
  }
  if (*duration <= Duration::zero()) refuse_value("above zero");
  return *duration;
}

std::uint32_t Place::whole_number(std::uint32_t min, std::uint32_t max) const {
  if (!value_->is_number_integer()) refuse_value("a whole number");
  // A negative number, cast to unsigned, would pass as a large one.
  const bool negative = !value_->is_number_unsigned() && value_->get<std::int64_t>() < 0;
  if (negative || value_->get<std::uint64_t>() < min) refuse_value(fmt::format(">= {}", min));
  if (value_->get<std::uint64_t>() > max) refuse_value(fmt::format("<= {}", max));
  return value_->get<std::uint32_t>();
}

double Place::number(double min, double max) const {
  if (!value_->is_number()) refuse_value("a number");
  const auto number = value_->get<double>();
  if (number < min) refuse_value(fmt::format(">= {}", min));
  if (number > max) refuse_value(fmt::format("<= {}", max));
  return number;
}

}  // namespace skald

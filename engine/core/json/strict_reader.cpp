#include "json/strict_reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "skald/error.hpp"

#include "skald/text.hpp"

namespace skald {

namespace {

constexpr std::size_t name_length_max = 64;
constexpr std::size_t shown_length_max = 60;

std::string shown(const Json& value) { return clean_text(dump_json(value), shown_length_max); }

}  // namespace

bool is_name(std::string_view text) {
  const auto starts = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const auto goes_on = [&](char c) { return starts(c) || c == '.' || c == '_' || c == '-'; };
  return !text.empty() && text.size() <= name_length_max && starts(text.front()) &&
         std::all_of(text.begin(), text.end(), goes_on);
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

void Place::allow_keys(std::initializer_list<std::string_view> known,
                       std::initializer_list<std::string_view> elsewhere,
                       std::string_view subject) const {
  if (!value_->is_object()) refuse_value("an object");
  for (const auto& [key, member] : value_->items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    if (std::find(elsewhere.begin(), elsewhere.end(), key) != elsewhere.end()) {
      part([&] {
        Place(member, where_of(key))
            .refuse(fmt::format("{} has none; it takes {}", subject, fmt::join(known, ", ")));
      });
      continue;
    }
    part([&] { Place(member, where_of(key)).refuse("unknown key" + did_you_mean(key, known)); });
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
  return Place(*member, where_of(key), faults_);
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
    items.emplace_back(item, fmt::format("{}[{}]", where_, items.size()), faults_);
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

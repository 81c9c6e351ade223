#include "definition/lock_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "json/pointer.hpp"
#include "skald/text.hpp"

namespace skald {

namespace {

constexpr std::size_t locks_max = 16;
constexpr std::size_t lock_bytes_max = 255;

// Calls back with each plain piece and each pointer of `text`, in order. False when the braces do
// not match.
template <typename Plain, typename Pointer>
bool split(const std::string& text, Plain plain, Pointer pointer) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t open = text.find('{', at);
    const std::string piece = text.substr(at, open == std::string::npos ? open : open - at);
    if (piece.find('}') != std::string::npos) return false;
    plain(piece);
    if (open == std::string::npos) return true;
    const std::size_t close = text.find('}', open);
    if (close == std::string::npos) return false;
    pointer(text.substr(open + 1, close - open - 1));
    at = close + 1;
  }
  return true;
}

// Numbers that are equal have one name: 1 and 1.0 are the same lock.
std::string number_name(const Json& number) {
  constexpr double beyond_signed = 9223372036854775808.0;     // 2^63
  constexpr double beyond_unsigned = 18446744073709551616.0;  // 2^64
  if (number.is_number_float()) {
    const double value = number.get<double>();
    const bool whole = value == std::trunc(value);
    if (whole && value >= -beyond_signed && value < beyond_signed) {
      return fmt::format("{}", static_cast<std::int64_t>(value));
    }
    if (whole && value > 0 && value < beyond_unsigned) {
      return fmt::format("{}", static_cast<std::uint64_t>(value));
    }
  }
  return dump_json(number);
}

std::optional<std::string> text_at(const std::string& pointer, const Json& input,
                                   const std::optional<std::string>& key) {
  if (pointer == "/key") return key;
  const Json* value = value_at(input, *split_pointer(pointer), 1);
  if (!value || (!value->is_string() && !value->is_number())) return std::nullopt;
  return value->is_string() ? value->get<std::string>() : number_name(*value);
}

}  // namespace

std::vector<std::string> read_locks(const Place& place) {
  std::vector<std::string> locks;
  for (const Place& item : place.items()) {
    const std::string text = item.text();
    if (text.empty()) item.refuse("is empty; name what is locked, such as \"order/{/input/id}\"");
    bool sound = true;
    const bool matched = split(
        text, [](const std::string&) {},
        [&](const std::string& pointer) {
          const auto tokens = split_pointer(pointer);
          const bool input = tokens && !tokens->empty() && tokens->front() == "input";
          sound = sound && (input || pointer == "/key");
        });
    if (!matched || !sound) {
      item.refuse_value(
          "a text with pointers in braces, such as \"order/{/input/order_id}\" or "
          "\"order/{/key}\"");
    }
    locks.push_back(text);
  }
  if (locks.size() > locks_max) place.refuse(fmt::format("must be <= {} locks", locks_max));
  return locks;
}

std::optional<std::vector<std::string>> lock_names(const Definition& definition,
                                                   const JsonText& input,
                                                   const std::optional<std::string>& key,
                                                   std::string& problem) {
  std::vector<std::string> names;
  if (definition.locks.empty()) return names;
  const Json tree = input.value();
  for (const std::string& lock : definition.locks) {
    std::string name;
    std::string missing;
    (void)split(
        lock, [&](const std::string& piece) { name += piece; },
        [&](const std::string& pointer) {
          const auto text = text_at(pointer, tree, key);
          if (text) {
            name += *text;
          } else {
            missing = pointer;
          }
        });
    if (!missing.empty()) {
      problem = fmt::format("{} needs a text or a number at {}", lock, missing);
      return std::nullopt;
    }
    if (name.size() > lock_bytes_max) {
      problem = fmt::format("{} becomes longer than {} bytes", lock, lock_bytes_max);
      return std::nullopt;
    }
    names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace skald

#include "json/compare.hpp"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace skald {

namespace {

bool is_negative(const Json& integer) {
  return !integer.is_number_unsigned() && integer.get<std::int64_t>() < 0;
}

// Exactly: a double holds no integer beyond 2^53 but the even ones.
template <typename Integer>
std::partial_ordering compare_exactly(Integer integer, double with) {
  constexpr auto end = static_cast<double>(std::numeric_limits<Integer>::max());  // Rounds up.
  if (with >= end) return std::partial_ordering::less;
  if (with < static_cast<double>(std::numeric_limits<Integer>::min())) {
    return std::partial_ordering::greater;
  }
  const double whole = std::trunc(with);
  const auto other = static_cast<Integer>(whole);
  return integer != other ? std::partial_ordering(integer <=> other) : whole <=> with;
}

std::partial_ordering compare_integer(const Json& integer, double with) {
  return is_negative(integer) ? compare_exactly(integer.get<std::int64_t>(), with)
                              : compare_exactly(integer.get<std::uint64_t>(), with);
}

std::partial_ordering compare_numbers(const Json& a, const Json& b) {
  if (a.is_number_float() && b.is_number_float()) return a.get<double>() <=> b.get<double>();
  if (b.is_number_float()) return compare_integer(a, b.get<double>());
  if (a.is_number_float()) return 0 <=> compare_integer(b, a.get<double>());
  if (is_negative(a) != is_negative(b)) {
    return is_negative(a) ? std::partial_ordering::less : std::partial_ordering::greater;
  }
  // Of equal signs; two's complement keeps the order of negative numbers.
  return a.get<std::uint64_t>() <=> b.get<std::uint64_t>();
}

}  // namespace

std::partial_ordering compare_values(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) return compare_numbers(a, b);
  if (!a.is_string() || !b.is_string()) return std::partial_ordering::unordered;
  return a.get_ref<const std::string&>() <=> b.get_ref<const std::string&>();
}

bool same_tree(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) return compare_numbers(a, b) == 0;
  if (!a.is_structured() || a.type() != b.type()) return a == b;
  if (a.size() != b.size()) return false;
  for (auto left = a.begin(), right = b.begin(); left != a.end(); ++left, ++right) {
    if (a.is_object() && left.key() != right.key()) return false;
    if (!same_tree(*left, *right)) return false;
  }
  return true;
}

}  // namespace skald

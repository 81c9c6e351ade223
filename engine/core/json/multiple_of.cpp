#include "json/multiple_of.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

namespace skald {
namespace {

__extension__ using Wide = unsigned __int128;

// Without its sign: digits times a power of ten.
struct ScaledNumber {
  std::uint64_t digits = 0;
  int exponent = 0;
};

ScaledNumber decimal_of(double number) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), std::abs(number),
                                 std::chars_format::scientific)
                       .ptr;
  ScaledNumber decimal;
  const char* at = text.data();
  bool fraction = false;
  for (; *at != 'e'; ++at) {
    if (*at == '.') {
      fraction = true;
      continue;
    }
    decimal.digits = decimal.digits * 10 + static_cast<std::uint64_t>(*at - '0');
    if (fraction) --decimal.exponent;
  }
  ++at;
  if (*at == '+') ++at;
  int exponent = 0;
  std::from_chars(at, end, exponent);
  decimal.exponent += exponent;
  return decimal;
}

ScaledNumber decimal_of(const Json& number) {
  if (number.is_number_float()) return decimal_of(number.get<double>());
  if (number.is_number_unsigned()) return {number.get<std::uint64_t>(), 0};
  const auto integer = number.get<std::int64_t>();
  const auto bits = static_cast<std::uint64_t>(integer);
  return {integer < 0 ? 0 - bits : bits, 0};
}

// 10^exponent modulo `modulus`.
std::uint64_t power_of_ten(int exponent, std::uint64_t modulus) {
  Wide result = 1 % modulus;
  Wide square = 10 % modulus;
  for (; exponent > 0; exponent /= 2) {
    if (exponent % 2 != 0) result = result * square % modulus;
    square = square * square % modulus;
  }
  return static_cast<std::uint64_t>(result);
}

}  // namespace

bool is_multiple_of(const Json& number, const Json& divisor) {
  const ScaledNumber a = decimal_of(number);
  const ScaledNumber b = decimal_of(divisor);
  if (a.digits == 0) return true;
  const int shift = a.exponent - b.exponent;
  if (shift >= 0) {
    const Wide rest = Wide{a.digits % b.digits} * power_of_ten(shift, b.digits);
    return rest % b.digits == 0;
  }
  // a is a multiple when it is one of b's digits followed by zeros; 20 of them are more than it
  // has.
  if (shift < -20) return false;
  Wide zeros = 1;
  for (int i = 0; i < -shift; ++i) zeros *= 10;
  const Wide step = b.digits;
  return zeros <= a.digits && a.digits % static_cast<std::uint64_t>(zeros) == 0 &&
         a.digits / static_cast<std::uint64_t>(zeros) % step == 0;
}

}  // namespace skald

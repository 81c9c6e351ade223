#include "id_range.hpp"

#include <array>
#include <cstdint>

namespace skald {
namespace {

constexpr std::string_view form = "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh";

std::optional<std::uint8_t> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
  return std::nullopt;
}

}  // namespace

std::optional<IdRange> id_range(std::string_view prefix) {
  if (prefix.size() > form.size()) return std::nullopt;
  std::array<std::uint8_t, 16> low{};
  std::array<std::uint8_t, 16> high{};
  high.fill(0xFF);
  std::size_t digits = 0;
  for (std::size_t i = 0; i < prefix.size(); ++i) {
    const bool dash = form[i] == '-';
    if (dash != (prefix[i] == '-')) return std::nullopt;
    if (dash) continue;
    const auto digit = hex_digit(prefix[i]);
    if (!digit) return std::nullopt;
    const unsigned shift = digits % 2 == 0 ? 4 : 0;
    const auto bits = static_cast<std::uint8_t>(*digit << shift);
    const auto mask = static_cast<std::uint8_t>(0xF << shift);
    low[digits / 2] = static_cast<std::uint8_t>(low[digits / 2] | bits);
    high[digits / 2] = static_cast<std::uint8_t>((high[digits / 2] & ~mask) | bits);
    ++digits;
  }
  return IdRange{SagaId(low), SagaId(high)};
}

}  // namespace skald

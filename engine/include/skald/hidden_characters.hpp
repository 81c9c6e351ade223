// Characters that a terminal or a log obeys or does not show.
#pragma once

#include <cstdint>

namespace skald {

/// Controls (C0, DEL, C1), line and paragraph separators, what changes the direction of text, and
/// what takes no room, so that two texts that differ would look alike. Whoever shows texts from
/// outside escapes them.
[[nodiscard]] constexpr bool is_hidden_character(std::uint32_t c) {
  const auto within = [c](std::uint32_t first, std::uint32_t last) {
    return c >= first && c <= last;
  };
  return c < 0x20 || within(0x7F, 0x9F) || c == 0xAD || c == 0x034F || c == 0x061C || c == 0x180E ||
         within(0x200B, 0x200F) || within(0x2028, 0x202E) || within(0x2060, 0x206F) ||
         c == 0xFEFF || within(0xFFF9, 0xFFFB) || within(0xE0000, 0xE0FFF);
}

}  // namespace skald

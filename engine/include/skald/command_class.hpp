// How urgent a command is for its participant's policies.
#pragma once

#include <cstdint>

namespace skald {

enum class CommandClass : std::uint8_t {
  undoing,    ///< A compensation, or a question (resolve) on which one may depend.
  first_try,  ///< The first attempt of an action in its round.
  later_try,  ///< A further attempt of an action.
};
inline constexpr std::size_t command_class_count = 3;

/// Of `limit` places, how many are kept for undoing commands: a fifth, rounded up, from three
/// places on. With one or two, a reserve would cost half of them or all; there, what undoes is
/// merely first in line.
[[nodiscard]] constexpr std::uint32_t reserved_share(std::uint32_t limit) {
  return limit < 3 ? 0 : (limit + 4) / 5;
}

}  // namespace skald

// The two marks that a channel leaves among a store's watermarks.
//
// One has the channel's name, and says how far commands are confirmed. A channel that carries
// commands out in the engine's process leaves another when it is closed in order, so that the next
// engine can tell that from a death.
#pragma once

#include <string>
#include <string_view>

namespace skald {

inline constexpr std::string_view closed_suffix = ":closed";

/// The mark that says that the channel of this name was closed in order.
[[nodiscard]] inline std::string closed_mark(std::string channel) {
  return channel.append(closed_suffix);
}
/// The name of the channel that left this mark, whichever of its two it is.
[[nodiscard]] inline std::string_view channel_of_mark(std::string_view mark) {
  if (mark.ends_with(closed_suffix)) mark.remove_suffix(closed_suffix.size());
  return mark;
}

}  // namespace skald

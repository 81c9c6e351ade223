// What somebody probably meant who wrote a word that is not known.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace skald {

/// The candidate that is at most two changes of a character away from `word`; empty when none is.
[[nodiscard]] std::string_view nearest(std::string_view word,
                                       const std::vector<std::string_view>& candidates);

/// `; did you mean "retry"?` when one of `candidates` is close to `word`, otherwise nothing.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       const std::vector<std::string_view>& candidates);

}  // namespace skald

// Names and texts from outside, before they are kept.
#pragma once

#include <optional>
#include <string>

#include "skald/error.hpp"
#include "skald/events.hpp"

namespace skald {

/// Why a name cannot be taken from outside, if it cannot; `what` says whose it is.
[[nodiscard]] std::optional<Refusal> refuse_name(const char* what, const std::string& name);

/// Who asks is kept with what is asked, so it has to be text that can be shown: cleans the reason,
/// and refuses a name that cannot be taken.
[[nodiscard]] std::optional<Refusal> clean(Requester& requester);

}  // namespace skald

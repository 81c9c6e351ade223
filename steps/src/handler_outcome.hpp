// What a handler gives, or throws, as an outcome that can be stored and sent.
//
// A handler has acted by the time it answers, so nothing that is wrong with its answer may lose it:
// an output that cannot be used becomes `unknown`, since the effect may have happened; the texts
// of an error are cleaned and cut.
#pragma once

#include "skald/outcome.hpp"

namespace skald {

/// Longest delay and lease that a participant may ask for; longer ones would be mistakes.
inline constexpr Duration wish_max{std::int64_t{366} * 24 * 60 * 60 * 1000};

/// Code of `unknown`: the output, or the whole reply, is over a limit.
inline constexpr const char* reply_too_large = "REPLY_TOO_LARGE";
/// Code of `unknown`: the output is no JSON within the limits.
inline constexpr const char* bad_output = "BAD_OUTPUT";

/// `error` with a code of 1 to 255 bytes (`NO_CODE` when it is empty), valid UTF-8 without NUL in
/// it, a message that is cleaned and cut, and data within a payload's limits: others are left out,
/// which the message then says.
void tidy_error(ErrorInfo& error);

/// `outcome` within the limits. An output over them makes it `unknown`, with the code
/// `REPLY_TOO_LARGE` or `BAD_OUTPUT` and the sizes; delay, lease and progress are brought into
/// their ranges.
[[nodiscard]] Outcome within_limits(Outcome outcome);

/// For a catch-all handler: the exception under way as `unknown`, code `HANDLER_THREW`, whatever
/// its type.
[[nodiscard]] Outcome handler_threw();

}  // namespace skald

// Replies that the engine itself puts into quarantine: well formed, and of no use to any saga.
//
// What is kept of such a reply is enough to make it again.
#pragma once

#include <optional>

#include "skald/channel.hpp"

namespace skald {

/// The message to keep. `step` is the step's name; the reply may know only its position.
[[nodiscard]] QuarantinedMessage keep_reply(const Reply& reply, const std::string& step,
                                            const Unusable& problem);

/// Whether keep_reply() made this message; otherwise a channel did, which can read it.
[[nodiscard]] bool is_kept_reply(const QuarantinedMessage& message);
/// The reply again, by the step's name and without a receipt; nothing when what was kept is not
/// one.
[[nodiscard]] std::optional<Reply> kept_reply(const QuarantinedMessage& message);

namespace unusable {
inline constexpr const char* unknown_saga = "UNKNOWN_SAGA";
inline constexpr const char* unknown_step = "UNKNOWN_STEP";
inline constexpr const char* forged_attempt = "FORGED_ATTEMPT";
inline constexpr const char* contradiction = "CONTRADICTION";
inline constexpr const char* saga_unusable = "SAGA_UNUSABLE";
inline constexpr const char* internal = "DECISION_FAILED";
}  // namespace unusable

}  // namespace skald

// What the views share.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "skald/definition.hpp"
#include "skald/saga.hpp"
#include "skald/secret_mask.hpp"

namespace skald {

[[nodiscard]] std::string step_name(const Definition& definition, StepIndex step);
/// The step's own error, or while it is undecided that of its last attempt.
[[nodiscard]] std::optional<ErrorInfo> shown_error(const StepState& s);

[[nodiscard]] Json optional_time(const std::optional<Time>& time);
[[nodiscard]] Json optional_id(const std::optional<SagaId>& id);
[[nodiscard]] Json error_json(const SecretMask& mask, const ErrorInfo& error);

}  // namespace skald

// What the views share.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "skald/definition.hpp"
#include "skald/saga.hpp"

namespace skald {

[[nodiscard]] std::string step_name(const Definition& definition, StepIndex step);
/// The step's own error, or while it is undecided that of its last attempt.
[[nodiscard]] std::optional<ErrorInfo> shown_error(const StepState& s);

[[nodiscard]] Json optional_time(const std::optional<Time>& time);
[[nodiscard]] Json optional_id(const std::optional<SagaId>& id);
[[nodiscard]] Json error_json(const ErrorInfo& error);

/// The value at `base` (such as `/input`), with every secret at or below it hidden.
[[nodiscard]] Json masked(const Definition& definition, const std::string& base,
                          const JsonText& text);
[[nodiscard]] Json masked_output(const Definition& definition, StepIndex step,
                                 const JsonText& output);
/// A step's patch may carry what the input's secrets hide, and nobody knows which of its keys do:
/// where a definition has secrets, patches are hidden whole.
[[nodiscard]] Json masked_patch(const Definition& definition, const JsonText& patch);

}  // namespace skald

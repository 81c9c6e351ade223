// The normal form: one text for all ways to write the same definition. Its digest identifies the
// definition, so a change to this form would make every recorded saga's definition a new one.
#pragma once

#include <string>

#include "skald/definition.hpp"

namespace skald {

/// A definition in JSON that states every value at its step, compact, keys sorted. What is absent
/// (a deadline, a template) stays absent.
[[nodiscard]] std::string normal_form_of(const Definition& definition);

}  // namespace skald

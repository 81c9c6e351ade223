// What a command carries, put together from the saga. Pure; the same saga gives the same bytes, so
// a command that is sent again after a crash is the same command.
#pragma once

#include <optional>
#include <string>

#include "skald/decide.hpp"

namespace skald {

/// Fills a template from the saga; nothing when it cannot be filled in, for the reason in
/// `problem`: a pointer that leads nowhere, or a result beyond the limits of JSON.
[[nodiscard]] std::optional<JsonText> render_template(const Template& t,
                                                      const Definition& definition,
                                                      const Saga& saga, std::string& problem);

/// Answers pointers from the saga, which must outlive the answer.
[[nodiscard]] PointerLookup saga_lookup(const Definition& definition, const Saga& saga);

}  // namespace skald

// A definition in place of one that cannot be used any more.
#pragma once

#include "skald/definition.hpp"
#include "skald/saga.hpp"

namespace skald {

/// Has as many steps as the saga, without participants, so that what is stored can be shown and the
/// saga closed. Nothing is to be decided with it.
[[nodiscard]] DefinitionPtr stand_in_definition(const Saga& saga);

}  // namespace skald

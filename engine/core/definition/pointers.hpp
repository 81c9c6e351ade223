// Where the templates and secrets of a definition may point to.
#pragma once

#include "json/strict_reader.hpp"
#include "skald/definition.hpp"

namespace skald {

/// Refuses pointers that can never lead anywhere: to unknown parts of the saga, to steps that do
/// not exist, and to steps that have not run when the template is filled in.
/// `faults`: where they are collected; null: the first is thrown. \throws DefinitionError
void check_pointers(const Definition& definition, Faults* faults = nullptr);

}  // namespace skald

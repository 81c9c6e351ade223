// What every store refuses, in the same words.
#pragma once

#include <string>

#include "skald/definition.hpp"
#include "skald/ids.hpp"
#include "skald/store.hpp"

namespace skald {

/// \throws Refused (wrong_state): sagas have used another definition of this type and version.
[[noreturn]] void throw_definition_used(const Definition& definition);
/// \throws Refused (wrong_state): `saga` uses it.
[[noreturn]] void throw_definition_in_use(const std::string& type, std::int64_t version,
                                          const SagaId& saga);
/// \throws StoreError (corrupt)
[[noreturn]] void throw_unusable(const UnusableDefinition& definition);
/// What is stored must be read back when the store is opened again. \throws Refused (invalid)
void require_readable(const Definition& definition);
/// \throws StoreError (failed): what the engine asked for breaks the port's contract.
[[noreturn]] void throw_misuse(const std::string& what);
[[noreturn]] void throw_no_summary(const SagaId& saga);
[[noreturn]] void throw_untimely_snapshot(const Saga& snapshot, std::uint64_t version);
[[noreturn]] void throw_version_gap(const SagaId& saga, std::uint64_t last, std::uint64_t given);

}  // namespace skald

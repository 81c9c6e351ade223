// Stores that do not keep what they were given: one with damage, and those of the mutants.
#pragma once

#include <memory>
#include <set>

#include "mutants.hpp"
#include "skald/store.hpp"

namespace skald::faults {

/// A decorator of the store in which the journals of these sagas cannot be read. Borrows both.
[[nodiscard]] std::unique_ptr<Store> damage_store(const std::set<SagaId>& damaged, Store& store);

/// A decorator of the store, or nothing when this mutant leaves the store alone.
[[nodiscard]] std::unique_ptr<Store> break_store(DataMutant mutant, Store& store);

}  // namespace skald::faults

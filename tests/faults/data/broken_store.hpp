// Stores that break a rule of I18, for the mutants.
#pragma once

#include <memory>

#include "mutants.hpp"
#include "skald/store.hpp"

namespace skald::faults {

/// A decorator of the store, or nothing when this mutant leaves the store alone.
[[nodiscard]] std::unique_ptr<Store> break_store(DataMutant mutant, Store& store);

}  // namespace skald::faults

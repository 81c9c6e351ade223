// Looks at sagas as operators do, and holds what they are shown against I18.
#pragma once

#include <map>
#include <set>
#include <string>

#include "engine.hpp"

namespace skald::faults {

class Views {
 public:
  /// `damaged`: sagas whose journals cannot be read, as is known.
  Views(Tally& tally, DataMutant mutant, const std::set<SagaId>& damaged)
      : tally_(tally), mutant_(mutant), damaged_(damaged) {}

  /// Looks at every saga of the store that has changed since the last look.
  void look(Store& store, Time now);
  /// Looks at all, also at those that have not changed: after the store was opened again.
  void look_again(Store& store, Time now);

 private:
  void look_at(Store& store, const SagaSummary& summary, Time now);
  void show(const DefinitionPtr& definition, const Saga& saga, const std::vector<JournalRow>& rows,
            Time now);
  void check_reason(const Definition& definition, const Saga& saga, const std::string& why);

  Tally& tally_;
  DataMutant mutant_;
  const std::set<SagaId>& damaged_;
  std::map<SagaId, std::uint64_t> seen_;  ///< Up to which version.
};

}  // namespace skald::faults

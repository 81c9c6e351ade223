// Who holds the locks of sagas: one family at a time, from when they are granted until its root has
// ended and no child of it is left to itself.
#pragma once

#include <map>
#include <string>

#include "findings.hpp"
#include "happenings.hpp"
#include "witness.hpp"

namespace skald::testing {

class LockWatch {
 public:
  LockWatch(const Witnesses& sagas, Findings& findings, Happenings& happenings)
      : sagas_(sagas), findings_(findings), happenings_(happenings) {}

  /// After this row of the saga was walked.
  void after_row(const Witness& of, const JournalAppend& row);

 private:
  [[nodiscard]] bool is_over(const SagaId& root) const;

  const Witnesses& sagas_;
  Findings& findings_;
  Happenings& happenings_;
  std::map<std::string, SagaId> holders_;  // Roots, by lock.
};

}  // namespace skald::testing

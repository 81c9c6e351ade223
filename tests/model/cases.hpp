// The definitions that the model explores, in families, and how far each family is followed.
#pragma once

#include <string>
#include <vector>

#include "skald/definition.hpp"

namespace skald::model {

/// One saga to explore.
struct Case {
  std::string name;  ///< As findings call it.
  DefinitionPtr definition;
  bool is_child = false;    ///< Of a parent that may turn it back.
  bool wants_lock = false;  ///< And may have to wait for it.
  bool is_delayed = false;  ///< Starts later than it is asked for.
};

/// How much may happen on one path, beside what happens anyway.
struct Limits {
  int faults = 2;  ///< A message lost, repeated or late, a crash, a cancel.
  int hindrances =
      0;            ///< A request of an operator, a deadline, no room, the parent, a late engine.
  int resumes = 1;  ///< Of a saga that is stuck or paused.
  bool probes = true;  ///< Every saga is told every input, wanted or not.
};

struct Family {
  std::string name;
  std::vector<Case> cases;
  Limits limits;
};

/// What every test run explores; everything that is asked for if `full`.
[[nodiscard]] std::vector<Family> families(bool full);

}  // namespace skald::model

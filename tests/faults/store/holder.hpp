// Another program that has the store open.
#pragma once

#include <string>

#include "process.hpp"

namespace skald::faults {

/// Begins a transaction on the store, says `holding`, and keeps it until its standard input ends:
/// what the process does that Holder starts. Answers its exit code.
int hold_until_told(const std::string& store, bool to_write);

/// Such a process. Returns from its constructor once it holds. \throws Error
class Holder {
 public:
  Holder(const std::string& store, bool to_write, const std::string& log);
  /// Lets go and waits for its end.
  void let_go();

 private:
  Process process_;
};

}  // namespace skald::faults

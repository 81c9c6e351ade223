// What a harness tells `./dev faults` for the table at its end: one line per run in the file that
// $SKALD_FAULT_LEDGER names; nothing when it names none.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

namespace skald::test {

struct FaultRun {
  std::string fault;  ///< `F11-cuts`: the fault, and which of its harnesses.
  std::string seed;
  std::uint64_t fired = 0;  ///< Faults that really happened.
  std::uint64_t sagas = 0;  ///< Or inputs, where there are no sagas.
  std::uint64_t duplicates = 0;
  std::uint64_t violations = 0;
  bool control = false;  ///< A rule was broken on purpose, so violations are as they should be.
  bool good = false;
};

/// Appends one line, whole also when several harnesses write at once. A ledger that cannot be
/// written ends the program: the table would be wrong.
inline void enter(const FaultRun& run) {
  const char* path = std::getenv("SKALD_FAULT_LEDGER");
  if (path == nullptr || *path == '\0') return;
  std::string line = run.fault + '\t' + run.seed;
  for (const std::uint64_t figure : {run.fired, run.sagas, run.duplicates, run.violations}) {
    line += '\t' + std::to_string(figure);
  }
  line += std::string("\t") + (run.control ? "control" : "run") + '\t' +
          (run.good ? "good" : "FAILED") + '\n';
  const int file = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const bool written =
      file >= 0 && ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  if (file >= 0) ::close(file);
  if (!written) std::abort();
}

}  // namespace skald::test

// Assignments as words of a command line: what a harness tells the processes that it starts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "worker.hpp"

namespace CLI {
class App;
}

namespace skald::faults {

/// What the program was told of its part. The options are not shown by --help.
struct WorkerOptions {
  Assignment assignment;
  bool engine = false;
  std::string participant;
  std::int64_t quiet_limit_ms = 60'000;
};
void add_to(CLI::App& app, WorkerOptions& options);

/// Does the worker's part and answers its exit code; nothing when the program is the harness. Seed,
/// mutant and broker are options of the harness itself, which has put them into the assignment.
[[nodiscard]] std::optional<int> run_worker(WorkerOptions& options);

[[nodiscard]] std::vector<std::string> engine_words(const Assignment& assignment);
[[nodiscard]] std::vector<std::string> participant_words(const Assignment& assignment,
                                                         const std::string& name);

}  // namespace skald::faults

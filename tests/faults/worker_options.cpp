#include "worker_options.hpp"

#include <CLI/CLI.hpp>

#include "skald/crash_point.hpp"

namespace skald::faults {
namespace {

void append_common(const Assignment& assignment, std::vector<std::string>& words) {
  words.insert(words.end(),
               {"--directory", assignment.files.directory, "--seed",
                std::to_string(assignment.seed), "--mutant", to_string(assignment.mutant)});
  if (assignment.undo_outside) words.emplace_back("--undo-outside");
  if (assignment.rabbitmq.empty()) return;
  words.insert(words.end(), {"--rabbitmq", assignment.rabbitmq, "--prefix", assignment.prefix});
}

}  // namespace

void add_to(CLI::App& app, WorkerOptions& options) {
  constexpr const char* internal = "";
  Assignment& assignment = options.assignment;
  app.add_flag("--engine", options.engine)->group(internal);
  app.add_option("--participant", options.participant)->group(internal);
  app.add_option("--directory", assignment.files.directory)->group(internal);
  app.add_option("--first", assignment.first)->group(internal);
  app.add_option("--end", assignment.end)->group(internal);
  app.add_flag("--until-quiet", assignment.until_quiet)->group(internal);
  app.add_option("--quiet-limit", options.quiet_limit_ms)->group(internal);
  app.add_option("--prefix", assignment.prefix)->group(internal);
  app.add_option("--backup", assignment.backup)->group(internal);
  app.add_flag("--over-control", assignment.over_control)->group(internal);
  app.add_flag("--undo-outside", assignment.undo_outside)->group(internal);
  app.add_option("--fat", assignment.fat)->group(internal);
}

std::optional<int> run_worker(WorkerOptions& options) {
  options.assignment.quiet_limit = Duration{options.quiet_limit_ms};
  if (!options.engine && options.participant.empty()) return std::nullopt;
  arm_crash_point_from_environment();
  if (options.engine) return run_engine(options.assignment);
  return run_participant(options.assignment, options.participant);
}

std::vector<std::string> engine_words(const Assignment& assignment) {
  std::vector<std::string> words{"--engine"};
  append_common(assignment, words);
  words.insert(words.end(), {"--first", std::to_string(assignment.first), "--end",
                             std::to_string(assignment.end), "--quiet-limit",
                             std::to_string(assignment.quiet_limit.count())});
  for (const std::uint64_t number : assignment.fat) {
    words.insert(words.end(), {"--fat", std::to_string(number)});
  }
  if (assignment.until_quiet) words.emplace_back("--until-quiet");
  if (assignment.over_control) words.emplace_back("--over-control");
  if (!assignment.backup.empty()) words.insert(words.end(), {"--backup", assignment.backup});
  return words;
}

std::vector<std::string> participant_words(const Assignment& assignment, const std::string& name) {
  std::vector<std::string> words{"--participant", name};
  append_common(assignment, words);
  return words;
}

}  // namespace skald::faults

#include "verbs/store_backup.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "context.hpp"
#include "exit_code.hpp"
#include "output/progress_line.hpp"
#include "skald/error.hpp"
#include "skald/sqlite_reader.hpp"
#include "stop_signals.hpp"
#include "store_access.hpp"
#include "verbs/verb.hpp"

namespace skald::cli {
namespace {

constexpr Duration patience{500};
constexpr std::uint64_t mib = 1024 * 1024;

Json ask(StoreAccess& access, const Json& request) {
  Json answer = access.request_of_engine(request);
  throw_if_refused(answer);
  return answer;
}

/// By this process. Fails as the engine's would.
void copy(const std::string& path, const std::string& target) {
  try {
    SqliteReader(path).backup(target);
  } catch (const StoreError& error) {
    if (error.kind() != StoreError::Kind::failed) throw;
    throw Refused(Refused::Code::invalid, error.what());
  }
}

/// By the engine, between its commits. False when asked to stop.
bool let_engine_copy(StoreAccess& access, const std::string& target, Context& context) {
  const StopSignals signals;
  ProgressLine progress(context);
  Json answer = ask(access, {{"verb", "backup"}, {"file", target}});
  const Json go_on{{"verb", "backup"}, {"job", answer.at("job")}, {"timeout_ms", patience.count()}};
  while (!answer.at("done").get<bool>()) {
    if (context.pause(Duration(0))) {
      progress.end();
      answer = access.request_of_engine({{"verb", "backup"},
                                         {"job", answer.at("job")},
                                         {"stop", true},
                                         {"timeout_ms", 10 * patience.count()}});
      return answer.value("done", false);  // It may just have been made.
    }
    answer = ask(access, go_on);
    progress.show(fmt::format("{} of {} MiB copied", answer.at("bytes").get<std::uint64_t>() / mib,
                              answer.at("of").get<std::uint64_t>() / mib));
  }
  progress.end();
  return true;
}

}  // namespace

CLI::App& add_backup(CLI::App& store, BackupOptions& options) {
  CLI::App& verb = add_verb(
      store, "backup",
      "Copies the store. An engine that works on it makes the copy itself, between its commits",
      "store backup orders-2026-03-01.db");
  verb.add_option("file", options.target, "The new file")->required()->type_name("FILE");
  verb.add_flag("--at-once", options.at_once,
                "Copy beside the engine and without pauses: slows it down, and its log grows");
  return verb;
}

int run(const BackupOptions& options, Context& context) {
  StoreAccess access(context);
  access.require_exists();
  if (options.at_once || !access.engine_running()) {
    copy(access.path(), options.target);
  } else if (!let_engine_copy(access, std::filesystem::absolute(options.target), context)) {
    context.note("the backup was broken off; nothing of it is kept");
    return exit_failed;
  }
  context.note(fmt::format("{} was copied to {}", access.path(), options.target));
  return exit_done;
}

}  // namespace skald::cli

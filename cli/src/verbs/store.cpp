#include "verbs/store.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <ostream>

#include "context.hpp"
#include "exit_code.hpp"
#include "file_size.hpp"
#include "output/style.hpp"
#include "output/text.hpp"
#include "skald/error.hpp"
#include "skald/sqlite_reader.hpp"
#include "skald/text.hpp"
#include "store_access.hpp"
#include "verbs/verb.hpp"

namespace skald::cli {
namespace {

// Opened here, since only a SQLite store has a file to check and copy.
SqliteReader open(const StoreAccess& access) {
  access.require_exists();
  return SqliteReader(access.path());
}

Json counts_by_status(SqliteReader& reader) {
  Json counts = Json::object();
  for (std::size_t i = 0; i < status_count; ++i) {
    SagaFilter filter;
    filter.statuses = {static_cast<Status>(i)};
    counts[to_string(filter.statuses.front())] = reader.count(filter);
  }
  return counts;
}

std::size_t quarantined(SqliteReader& reader) {
  constexpr std::size_t page_size = 500;
  std::size_t count = 0;
  std::int64_t after = 0;
  for (;;) {
    const auto page = reader.quarantine(after, page_size);
    count += page.size();
    if (page.size() < page_size) return count;
    after = page.back().number;
  }
}

int info(const StoreOptions& options, Context& context) {
  StoreAccess access(context);
  SqliteReader reader = open(access);
  Json engine = access.request_of_engine({{"verb", "info"}});
  if (engine.value("ok", false)) {
    engine.erase("ok");
  } else {
    engine = nullptr;
  }
  const Json info{{"path", access.path()},
                  {"engine_id", reader.engine_id()},
                  {"bytes", size_of(access.path())},
                  {"wal_bytes", size_of(access.path() + "-wal")},
                  {"sagas", counts_by_status(reader)},
                  {"definitions", reader.definitions().size()},
                  {"quarantined", quarantined(reader)},
                  {"engine", engine}};
  if (options.format.format() == Format::json) {
    print_json(context.out, Format::json, info);
    return exit_done;
  }
  const Painter paint(context.colored());
  const auto field = [&](const std::string& label, const std::string& value) {
    context.out << paint(Style::dim, padded(label, 12)) << ' ' << printable(value) << '\n';
  };
  field("store", access.path());
  field("engine id", text_at(info, "engine_id"));
  field("size", fmt::format("{} bytes, and {} in the write-ahead log", dump_json(info["bytes"]),
                            dump_json(info["wal_bytes"])));
  for (const auto& [status, count] : info["sagas"].items()) {
    if (count != 0) field(status, dump_json(count));
  }
  field("definitions", dump_json(info["definitions"]));
  field("quarantined", dump_json(info["quarantined"]));
  field("engine", engine.is_null() ? "none runs"
                                   : fmt::format("pid {}, channel {}", dump_json(engine["pid"]),
                                                 text_at(engine, "channel")));
  return exit_done;
}

int check(const StoreOptions& options, Context& context) {
  StoreAccess access(context);
  const auto findings = open(access).check();
  if (options.format.format() == Format::json) {
    print_json(context.out, Format::json, {{"ok", findings.empty()}, {"findings", findings}});
  } else {
    for (const auto& finding : findings) context.out << printable(finding) << '\n';
    if (findings.empty()) context.out << "the file is sound\n";
  }
  return findings.empty() ? exit_done : exit_failed;
}

}  // namespace

void add_to(CLI::App& app, StoreOptions& options) {
  CLI::App& verb = add_verb(app, "store", "The store's file", "store info");
  verb.require_subcommand(1, 1);
  CLI::App& info_verb = add_verb(verb, "info", "Size, contents, and who works on it", "store info");
  add_to(info_verb, options.format, {"table", "json"});
  info_verb.callback([&options] { options.action = StoreOptions::Action::info; });
  CLI::App& check_verb =
      add_verb(verb, "check", "Reads the whole file; exit code 1 if it is damaged", "store check");
  add_to(check_verb, options.format, {"table", "json"});
  check_verb.callback([&options] { options.action = StoreOptions::Action::check; });
  CLI::App& backup_verb = add_backup(verb, options.backup);
  backup_verb.callback([&options] { options.action = StoreOptions::Action::backup; });
  CLI::App& purge_verb = add_purge(verb, options.purge);
  purge_verb.callback([&options] { options.action = StoreOptions::Action::purge; });
}

int run(const StoreOptions& options, Context& context) {
  switch (options.action) {
    case StoreOptions::Action::info: return info(options, context);
    case StoreOptions::Action::check: return check(options, context);
    case StoreOptions::Action::backup: return run(options.backup, context);
    case StoreOptions::Action::purge: return run(options.purge, context);
  }
  return exit_failed;
}

}  // namespace skald::cli

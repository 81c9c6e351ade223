#include "verbs/store_purge.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <istream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "context.hpp"
#include "exit_code.hpp"
#include "file_size.hpp"
#include "output/progress_line.hpp"
#include "skald/error.hpp"
#include "skald/sqlite_reader.hpp"
#include "span_options.hpp"
#include "stop_signals.hpp"
#include "store_access.hpp"
#include "verbs/verb.hpp"

namespace skald::cli {
namespace {

// Of one transaction: some ten milliseconds, in which an engine commits nothing else.
constexpr std::size_t slice_sagas = 250;
constexpr std::uint64_t slice_bytes = 1024 * 1024;
constexpr std::size_t rehearsed_sagas = 5'000;

std::string sagas(std::uint64_t count) {
  return fmt::format("{} {}", count, count == 1 ? "saga" : "sagas");
}

Purged rehearse(const std::string& path, Time ended_before) {
  SqliteReader reader(path);
  PurgeSlice slice{ended_before, {}, rehearsed_sagas};
  Purged sum;
  do {
    const Purged part = reader.rehearse_purge(slice);
    sum.sagas += part.sagas;
    sum.rows += part.rows;
    slice.after = part.last;
  } while (!slice.after.empty());
  return sum;
}

bool confirmed(const Purged& planned, const PurgeOptions& options, Context& context) {
  if (options.yes || planned.sagas == 0) return true;
  if (!context.in_is_terminal) {
    context.err << fmt::format(
        "skald: this would purge {}; add --yes to do it, or --dry-run to see\n",
        sagas(planned.sagas));
    return false;
  }
  context.err << fmt::format("purge {} and their history for good? [y/N] ", sagas(planned.sagas))
              << std::flush;
  std::string answer;
  std::getline(context.in, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return true;
  context.err << "skald: nothing was changed\n";
  return false;
}

// Takes the slices one after the other and tells how far it is.
class Purge {
 public:
  Purge(StoreAccess& access, Context& context)
      : access_(access),
        context_(context),
        progress_(context),
        engine_(access.engine_running()),
        bytes_before_(store_size(access.path())) {}

  /// False when it was asked to stop, or the store refused.
  bool take(Time ended_before) {
    Json request{{"verb", "purge"},
                 {"ended_before", format_time(ended_before)},
                 {"limit", slice_sagas},
                 {"by", context_.operator_name()}};
    for (Json answer;; request["after"] = answer.at("next")) {
      if (!ask(request, answer)) return false;
      taken_.sagas += answer.at("sagas").get<std::uint64_t>();
      taken_.rows += answer.at("rows").get<std::uint64_t>();
      progress_.show(fmt::format("{} purged", sagas(taken_.sagas)));
      if (answer.at("next").is_null()) return true;
      if (asked_to_stop()) return false;
    }
  }

  bool release_space() {
    const Json request{{"verb", "release_space"}, {"bytes", slice_bytes}};
    for (Json answer;;) {
      const std::uint64_t before = free_bytes_;
      if (!ask(request, answer)) return false;
      free_bytes_ = answer.at("free_bytes").get<std::uint64_t>();
      progress_.show(fmt::format("{} bytes to give back", free_bytes_));
      // What new sagas leave free meanwhile is no concern of this purge.
      if (free_bytes_ == 0 || free_bytes_ >= before) return true;
      if (asked_to_stop()) return false;
    }
  }

  int finish(const PurgeOptions& options) {
    access_.release();  // So that the file has its size.
    progress_.end();
    const auto bytes = store_size(access_.path());
    if (options.format.format() == Format::json) {
      print_json(context_.out, Format::json,
                 {{"sagas", taken_.sagas},
                  {"rows", taken_.rows},
                  {"done", !refusal_ && !stopped_},
                  {"bytes_before", bytes_before_},
                  {"bytes", bytes}});
    } else {
      context_.out << fmt::format(
          "{} and {} journal rows purged; the file and its log had {} bytes and have {}\n",
          sagas(taken_.sagas), taken_.rows, bytes_before_, bytes);
    }
    if (refusal_) throw_if_refused(*refusal_);
    if (stopped_) context_.note("stopped before the end; the next purge goes on from there");
    return stopped_ ? exit_failed : exit_done;
  }

 private:
  bool ask(const Json& request, Json& answer) {
    const auto begin = std::chrono::steady_clock::now();
    answer = access_.request(request);
    took_ = std::chrono::steady_clock::now() - begin;
    if (!answer.value("ok", false)) refusal_ = answer;
    return !refusal_;
  }

  // An engine gets three times as much time for its own work as a slice took.
  bool asked_to_stop() {
    const auto pause = engine_ ? std::chrono::ceil<Duration>(3 * took_) : Duration(0);
    stopped_ = context_.pause(pause);
    return stopped_;
  }

  StoreAccess& access_;
  const StopSignals signals_;
  Context& context_;
  ProgressLine progress_;
  bool engine_;
  std::uintmax_t bytes_before_;
  Purged taken_;
  std::uint64_t free_bytes_ = UINT64_MAX;
  std::optional<Json> refusal_;
  std::chrono::steady_clock::duration took_{0};  ///< By the last slice.
  bool stopped_ = false;
};

}  // namespace

CLI::App& add_purge(CLI::App& store, PurgeOptions& options) {
  CLI::App& verb =
      add_verb(store, "purge", "Takes sagas that ended long ago away for good, with their history",
               "store purge --older-than 30d --yes");
  verb.add_option("--older-than", options.older_than, "Ended before: 30d ago, or a date or time")
      ->required()
      ->type_name("AGE");
  verb.add_flag("-y,--yes", options.yes, "Do not ask");
  verb.add_flag("-n,--dry-run", options.dry_run, "Only count what would go");
  verb.add_flag("--keep-space", options.keep_space,
                "Leave the file as large as it is; new sagas use the space");
  add_to(verb, options.format, {"table", "json"});
  return verb;
}

int run(const PurgeOptions& options, Context& context) {
  const Time ended_before = parse_moment("--older-than", options.older_than, context.clock.now());
  StoreAccess access(context);
  access.require_exists();
  const bool counts = options.dry_run || !options.yes;
  const Purged planned = counts ? rehearse(access.path(), ended_before) : Purged{};
  if (options.dry_run) {
    if (options.format.format() == Format::json) {
      print_json(context.out, Format::json, {{"sagas", planned.sagas}, {"rows", planned.rows}});
    } else {
      context.out << fmt::format("{} and {} journal rows would be purged\n", sagas(planned.sagas),
                                 planned.rows);
    }
    return exit_done;
  }
  if (!confirmed(planned, options, context)) return exit_not_confirmed;
  Purge purge(access, context);
  if (purge.take(ended_before) && !options.keep_space) (void)purge.release_space();
  return purge.finish(options);
}

}  // namespace skald::cli

// skald_growth: whether the engine and what people ask of its store stay as fast while millions of
// sagas pile up. Every saga is started and run through the engine; nothing is written by SQL.
#include <fmt/format.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <thread>

#include "growth_engine.hpp"
#include "growth_probe.hpp"
#include "report.hpp"
#include "setting.hpp"
#include "skald/error.hpp"
#include "skald/sqlite_reader.hpp"

namespace skald::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double payload_bytes = 300;
constexpr double mib = 1024.0 * 1024.0;

struct Options {
  std::uint64_t sagas = 200'000;
  std::uint64_t waiting = 50'000;
  std::uint64_t purge = std::numeric_limits<std::uint64_t>::max();
  int points = 5;
  double seconds = 2;
  std::string directory = std::filesystem::temp_directory_path();
  std::string json;
};

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

// Runs `work` again and again beside something else, until that is over.
class Meanwhile {
 public:
  explicit Meanwhile(std::function<void(const std::stop_token&)> work) : thread_(std::move(work)) {}

 private:
  std::jthread thread_;
};

// What a page of a dashboard asks for: the newest sagas, the troubled ones, the counts.
void look(const std::string& path) {
  SqliteReader reader(path);
  (void)reader.list({}, {}, 50);
  SagaFilter troubled;
  troubled.statuses = {Status::stuck, Status::compensating};
  (void)reader.list(troubled, {}, 50);
  for (std::size_t s = 0; s < status_count; ++s) {
    SagaFilter one;
    one.statuses = {static_cast<Status>(s)};
    (void)reader.count(one);
  }
}

// A read transaction that is not closed: the log cannot begin anew meanwhile, and grows.
class HeldState {
 public:
  explicit HeldState(const std::string& path) {
    const char* sql = "BEGIN; SELECT count(*) FROM meta";
    if (sqlite3_open_v2(path.c_str(), &handle_, SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK ||
        sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
      throw Error("cannot hold a state of " + path);
    }
  }
  ~HeldState() { sqlite3_close(handle_); }
  HeldState(const HeldState&) = delete;
  HeldState& operator=(const HeldState&) = delete;

 private:
  sqlite3* handle_ = nullptr;
};

class Growth {
 public:
  Growth(const Options& options, std::string path)
      : options_(options), path_(std::move(path)), engine_(path_) {}

  Json run() {
    Json result;
    result["curve"] = Json::array();
    for (int point = 1; point <= options_.points; ++point) {
      result["curve"].push_back(grow(point));
      if (point == 1 || point == options_.points) result["backups"].push_back(backup());
    }
    result["readers"] = readers();
    result["waiting"] = wait_long();
    result["purge"] = purge();
    return result;
  }

 private:
  // One point further on the curve.
  Json grow(int point) {
    const std::uint64_t step = options_.sagas / static_cast<std::uint64_t>(options_.points);
    const double seconds = engine_.run(step);
    const double wal = file_mib(path_ + "-wal");
    const double open = engine_.reopen();
    const std::uint64_t sagas = engine_.ended();
    const ReadTimes times = time_reads(path_);
    const double file = file_mib(path_);
    const double each = file * mib / static_cast<double>(sagas) - payload_bytes;
    const double rate = static_cast<double>(step) / seconds;
    if (point == 1) {
      fmt::print(
          "{:>10}{:>9}{:>10}{:>8}{:>9}{:>8}{:>8} | ms: {:>6}{:>7}{:>7}{:>7}{:>7}{:>7}{:>7}"
          "{:>7}{:>8}{:>8}\n",
          "sagas", "sagas/s", "file MiB", "B/saga", "WAL MiB", "RSS MiB", "open s", "open", "page",
          "compl", "compn", "rare", "deep", "old", "count", "counts", "history");
    }
    fmt::print(
        "{:>10}{:>9.0f}{:>10.0f}{:>8.0f}{:>9.0f}{:>8.0f}{:>8.2f} |     {:>6.2f}{:>7.2f}"
        "{:>7.2f}{:>7.2f}{:>7.2f}{:>7.2f}{:>7.2f}{:>7.2f}{:>8.2f}{:>8.2f}\n",
        sagas, rate, file, each, wal, resident_mib(), open, times.open, times.first_page,
        times.completed, times.compensated, times.rare, times.deep, times.old, times.count,
        times.by_status, times.journal);
    std::fflush(stdout);
    return {{"sagas", sagas},       {"sagas_per_second", rate},
            {"file_mib", file},     {"bytes_per_saga_besides_payload", each},
            {"wal_mib", wal},       {"rss_mib", resident_mib()},
            {"open_seconds", open}, {"read_ms", times.json()}};
  }

  // Runs in turn without and with `meanwhile`, so that what else the machine does falls on both.
  double share_beside(const char* name, const std::function<void(const std::stop_token&)>& work) {
    double alone = 0;
    double beside = 0;
    for (int i = 0; i < 3; ++i) {
      alone += engine_.run_for(options_.seconds);
      Meanwhile other(work);
      beside += engine_.run_for(options_.seconds);
    }
    fmt::print("{:<44}{:>8.0f} sagas/s, {:>8.0f} without: {:.2f}\n", name, beside / 3, alone / 3,
               beside / alone);
    std::fflush(stdout);
    return beside / alone;
  }

  Json readers() {
    Json result;
    result["dashboards"] =
        share_beside("3 dashboards, each looking twice a second", [this](const std::stop_token& s) {
          while (!s.stop_requested()) {
            for (int i = 0; i < 3; ++i) look(path_);
            std::this_thread::sleep_for(std::chrono::milliseconds(500));
          }
        });
    double wal = 0;
    result["long_reader"] = share_beside(
        "a reader that holds one state all the time", [this, &wal](const std::stop_token& s) {
          const HeldState held(path_);
          while (!s.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
          wal = std::max(wal, file_mib(path_ + "-wal"));
        });
    fmt::print("{:<44}{:>8.0f} MiB\n", "the log then had", wal);
    result["long_reader_wal_mib"] = wal;
    return result;
  }

  Json backup() {
    const std::string target = path_ + ".backup";
    std::atomic<bool> done = false;
    double took = 0;
    double sum = 0;
    int parts = 0;
    const double before = engine_.run_for(options_.seconds);
    {
      std::jthread copier([&] {
        const auto began = Clock::now();
        engine_.backup(target);
        took = seconds_since(began);
        done = true;
      });
      for (; !done; ++parts) sum += engine_.run_for(std::min(0.5, options_.seconds));
    }
    const double during = parts > 0 ? sum / parts : 0;
    const double alone = (before + engine_.run_for(options_.seconds)) / 2;
    const double size = file_mib(target);
    std::filesystem::remove(target);
    fmt::print(
        "backup under load: {:.0f} MiB in {:.1f} s; {:.0f} sagas/s, {:.0f} without: {:.2f}; "
        "WAL then {:.0f} MiB\n",
        size, took, during, alone, during / alone, file_mib(path_ + "-wal"));
    return {{"mib", size},
            {"seconds", took},
            {"share", during / alone},
            {"wal_mib", file_mib(path_ + "-wal")}};
  }

  Json wait_long() {
    engine_.reopen();
    const double before = resident_mib();
    const double seconds = engine_.start(sleeping_type, options_.waiting);
    const double started = resident_mib();
    const double open = engine_.reopen();
    const double reopened = resident_mib();
    constexpr std::uint64_t naps = 1'000;
    (void)engine_.start(napping_type, naps);
    const auto began = Clock::now();
    while (engine_.naps() < naps && seconds_since(began) < 60) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    const double beside = engine_.run_for(options_.seconds);
    fmt::print(
        "{} waiting sagas: {:.0f} starts/s; RSS {:.0f} MiB before, {:.0f} with them, {:.0f} "
        "after opening anew, which took {:.2f} s; {} naps of 0.5 s ended at most {:.0f} ms "
        "off; beside them {:.0f} sagas/s\n",
        options_.waiting, static_cast<double>(options_.waiting) / seconds, before, started,
        reopened, open, engine_.naps(), engine_.worst_nap(), beside);
    std::fflush(stdout);
    const ReadTimes times = time_reads(path_);
    return {{"sagas", options_.waiting},
            {"rss_mib_before", before},
            {"rss_mib", started},
            {"rss_mib_opened", reopened},
            {"open_seconds", open},
            {"naps", engine_.naps()},
            {"worst_nap_ms", engine_.worst_nap()},
            {"sagas_per_second", beside},
            {"read_ms", times.json()}};
  }

  /// One slice after the other, with pauses three times as long as each took, as `skald store
  /// purge` does.
  std::uint64_t purge_slices(const std::string& before, std::uint64_t sagas_max,
                             const std::function<bool()>& go_on, bool pauses) {
    Json request{{"verb", "purge"}, {"ended_before", before}, {"limit", 250}};
    std::uint64_t sagas = 0;
    for (Json answer; sagas < sagas_max && go_on(); request["after"] = answer["next"]) {
      const auto began = Clock::now();
      answer = engine_.engine().handle(request);
      if (!answer.value("ok", false)) throw Error("a purge was refused: " + answer.dump());
      sagas += answer["sagas"].get<std::uint64_t>();
      if (answer["next"].is_null()) break;
      if (pauses) std::this_thread::sleep_for(3 * (Clock::now() - began));
    }
    return sagas;
  }

  Json purge() {
    const std::string now = format_time(SystemClock().now());
    const double size = file_mib(path_);
    const double before = engine_.run_for(options_.seconds);
    std::atomic<bool> stop = false;
    std::uint64_t under_load = 0;
    double during = 0;
    {
      std::jthread purging([&] {
        under_load = purge_slices(
            now, options_.purge, [&] { return !stop; }, true);
      });
      during = engine_.run_for(options_.seconds * 2);
      stop = true;
    }
    const auto began = Clock::now();
    const std::uint64_t idle = purge_slices(
        now, options_.purge, [] { return true; }, false);
    const double took = seconds_since(began);
    const auto releasing = Clock::now();
    std::uint64_t left = 1;
    while (left > 0) {
      const Json answer =
          engine_.engine().handle({{"verb", "release_space"}, {"bytes", 1024 * 1024}});
      left = answer.at("free_bytes").get<std::uint64_t>();
    }
    const double released = seconds_since(releasing);
    fmt::print(
        "purge: under load {:.0f} sagas/s purged beside {:.0f} run, {:.0f} before: {:.2f}; "
        "then {} sagas at {:.0f}/s; file {:.0f} MiB, {:.0f} after {:.1f} s of giving back\n",
        static_cast<double>(under_load) / (options_.seconds * 2), during, before, during / before,
        idle, static_cast<double>(idle) / took, size, file_mib(path_), released);
    return {{"under_load_per_second", static_cast<double>(under_load) / (options_.seconds * 2)},
            {"share_under_load", during / before},
            {"sagas", idle},
            {"per_second", static_cast<double>(idle) / took},
            {"mib_before", size},
            {"mib_after", file_mib(path_)},
            {"release_seconds", released}};
  }

  const Options& options_;
  std::string path_;
  GrowthEngine engine_;
};

int run(Options& options) {
  std::string directory = options.directory + "/skald-growth-XXXXXX";
  if (::mkdtemp(directory.data()) == nullptr) throw Error("cannot make a directory " + directory);
  const Json setting = describe_setting(options.seconds, 1, directory, "");
  for (const auto& [name, value] : setting.items()) {
    fmt::print("{}: {}\n", name, value.is_string() ? value.get<std::string>() : value.dump());
  }
  const auto began = Clock::now();
  Json result;
  {
    Growth growth(options, directory + "/growth.db");
    result = growth.run();
  }
  std::filesystem::remove_all(directory);
  fmt::print("{:.0f} s in all\n", seconds_since(began));
  if (!options.json.empty()) {
    result["format"] = 1;
    result["setting"] = setting;
    std::ofstream file(options.json);
    file << result.dump(2) << "\n";
    if (!file) throw Error("cannot write " + options.json);
  }
  return 0;
}

}  // namespace
}  // namespace skald::bench

int main(int argc, char** argv) {
  CLI::App app{"Measures an engine and its store while millions of sagas pile up"};
  skald::bench::Options options;
  app.add_option("--sagas", options.sagas, "Ended sagas in the end")->check(CLI::PositiveNumber);
  app.add_option("--waiting", options.waiting, "Sagas that wait in the end");
  app.add_option("--purge", options.purge, "Purge at most so many of them at the end");
  app.add_option("--points", options.points, "Of the curve")->check(CLI::PositiveNumber);
  app.add_option("--seconds", options.seconds, "Of each throughput beside readers and the like")
      ->check(CLI::PositiveNumber);
  app.add_option("--directory", options.directory, "Where the store is made");
  app.add_option("--json", options.json, "Write the figures to this file, too");
  CLI11_PARSE(app, argc, argv);
  try {
    return skald::bench::run(options);
  } catch (const std::exception& error) {
    std::cerr << "skald_growth: " << error.what() << "\n";
    return 1;
  }
}

// skald_bench: the raw ceilings and the engine beside them, in one table.
#include <fmt/format.h>
#include <stdlib.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>

#include "engine_inside.hpp"
#include "engine_rabbitmq.hpp"
#include "paced.hpp"
#include "raw_rabbitmq.hpp"
#include "raw_sqlite.hpp"
#include "skald/error.hpp"

namespace skald::bench {
namespace {

struct Options {
  Setting setting;
  std::vector<std::string> only;
  std::string json;
  // Of the process of a participant.
  std::string participant;
  std::string prefix;
  std::string queue = "quorum";
};

// One row of the table; `group` is what --only chooses by.
struct Benchmark {
  const char* group;
  bool needs_broker;
  std::function<Row(const Setting&)> run;
};

std::vector<Benchmark> benchmarks() {
  std::vector<Benchmark> list;
  for (const int batch : {1, 8, 32, 128, 512}) {
    list.push_back(
        {"raw-sqlite", false, [batch](const Setting& s) { return raw_sqlite(s, batch); }});
  }
  for (const QueueKind kind : {QueueKind::quorum, QueueKind::classic}) {
    for (const int in_flight : {512, 1}) {
      list.push_back({"raw-rabbitmq", true, [kind, in_flight](const Setting& s) {
                        return raw_rabbitmq(s, kind, in_flight);
                      }});
      if (kind != QueueKind::quorum || in_flight == 1) continue;
      list.push_back({"raw-rabbitmq", true, [kind, in_flight](const Setting& s) {
                        return raw_rabbitmq(s, kind, in_flight, Dress::headers);
                      }});
    }
  }
  for (const int steps : {6, 3}) {
    list.push_back(
        {"inside", false, [steps](const Setting& s) { return engine_inside(s, steps, 2048); }});
  }
  list.push_back({"inside", false,
                  [](const Setting& s) { return engine_inside(s, 6, 2048, Starter::callers); }});
  list.push_back({"inside", false,
                  [](const Setting& s) { return engine_inside(s, 6, 2048, Starter::keyed); }});
  list.push_back(
      {"compensation", false, [](const Setting& s) { return engine_undoing(s, 6, 2048); }});
  list.push_back({"alone", false, [](const Setting& s) { return engine_alone(s, 6); }});
  for (const bool keyed : {false, true}) {
    list.push_back(
        {"starts", false, [keyed](const Setting& s) { return durable_starts(s, 64, keyed); }});
  }
  list.push_back({"paced", false, [](const Setting& s) { return paced_starts(s, 5'000); }});
  list.push_back({"paced", false, [](const Setting& s) { return paced_sagas(s, 2'000); }});
  for (const Demand demand : {Demand::normal, Demand::refused, Demand::waiting}) {
    list.push_back({"overload", false, [demand](const Setting& s) { return overload(s, demand); }});
  }
  for (const Answerer answerer : {Answerer::bare, Answerer::kit}) {
    list.push_back({"rabbitmq", true,
                    [answerer](const Setting& s) { return engine_rabbitmq(s, answerer, 1024); }});
  }
  list.push_back({"rabbitmq-alone", true, engine_rabbitmq_alone});
  return list;
}

std::vector<std::string> groups() {
  std::vector<std::string> names;
  for (const Benchmark& benchmark : benchmarks()) {
    if (names.empty() || names.back() != benchmark.group) names.emplace_back(benchmark.group);
  }
  return names;
}

bool is_chosen(const Options& options, const Benchmark& benchmark) {
  if (benchmark.needs_broker && options.setting.rabbitmq.empty()) return false;
  const auto& only = options.only;
  return only.empty() || std::find(only.begin(), only.end(), benchmark.group) != only.end();
}

int run_benchmarks(Options& options) {
  std::string directory = options.setting.directory + "/skald-bench-XXXXXX";
  if (::mkdtemp(directory.data()) == nullptr) throw Error("cannot make a directory " + directory);
  options.setting.directory = directory;
  const Setting& setting = options.setting;
  const Json described =
      describe_setting(setting.seconds, setting.repetitions, directory, setting.rabbitmq);
  std::vector<Row> rows;
  for (const Benchmark& benchmark : benchmarks()) {
    if (!is_chosen(options, benchmark)) continue;
    rows.push_back(benchmark.run(setting));
    std::cerr << fmt::format("{}: {:.0f} {}/s\n", rows.back().name, rows.back().per_second,
                             rows.back().unit);
  }
  std::filesystem::remove_all(directory);
  print_table(std::cout, described, rows);
  if (setting.rabbitmq.empty()) std::cout << "Rows over RabbitMQ need --rabbitmq URL.\n";
  if (!options.json.empty()) {
    std::ofstream file(options.json);
    file << to_json(described, rows).dump(2) << "\n";
    if (!file) throw Error("cannot write " + options.json);
  }
  return 0;
}

int run(Options& options) {
  const QueueKind kind = options.queue == "classic" ? QueueKind::classic : QueueKind::quorum;
  const Setting& setting = options.setting;
  if (options.participant == "bare") {
    bare_participant(setting.rabbitmq, options.prefix, kind);
  } else if (options.participant == "kit") {
    kit_participant(setting.rabbitmq, options.prefix, setting.directory);
  } else {
    return run_benchmarks(options);
  }
  return 0;
}

void add_options(CLI::App& app, Options& options) {
  options.setting.directory = std::filesystem::temp_directory_path();
  app.add_option("--only", options.only, "Only these groups of rows")
      ->check(CLI::IsMember(groups()))
      ->delimiter(',');
  app.add_option("--seconds", options.setting.seconds, "Of one repetition")
      ->check(CLI::PositiveNumber);
  app.add_option("--repetitions", options.setting.repetitions, "The median is shown")
      ->check(CLI::PositiveNumber);
  app.add_option("--json", options.json, "Write the figures to this file, too");
  app.add_option("--rabbitmq", options.setting.rabbitmq, "URL of a broker to measure with");
  app.add_option("--directory", options.setting.directory, "Where stores are made");
  constexpr const char* internal = "";  // Not shown: for the process of a participant.
  app.add_option("--participant", options.participant)->group(internal);
  app.add_option("--prefix", options.prefix)->group(internal);
  app.add_option("--queue", options.queue)->group(internal);
}

}  // namespace
}  // namespace skald::bench

int main(int argc, char** argv) {
  CLI::App app{"Measures the engine beside the raw ceilings of SQLite and RabbitMQ"};
  skald::bench::Options options;
  skald::bench::add_options(app, options);
  CLI11_PARSE(app, argc, argv);
  try {
    return skald::bench::run(options);
  } catch (const std::exception& error) {
    std::cerr << "skald_bench: " << error.what() << "\n";
    return 1;
  }
}

// skald_data_bench: what large and awkward data costs its own saga, and what others feel of it.
//
// Each kind of data is tried at once, twice and four times its size. While it is worked on, another
// thread starts small sagas one after the other: the longest of these starts is what matters.
#include <fmt/format.h>
#include <stdlib.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "skald/error.hpp"
#include "skald/in_process_channel.hpp"
#include "skald/limits.hpp"
#include "skald/orchestrator.hpp"
#include "skald/sqlite_store.hpp"

namespace skald::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr Duration patience{300'000};

double ms_since(Clock::time_point began) {
  return std::chrono::duration<double, std::milli>(Clock::now() - began).count();
}

/// An engine in process whose one participant succeeds at once.
class World {
 public:
  explicit World(const std::string& path) : store_(path), engine_(open()) {
    engine_->define(parse_definition(
        R"({"saga": "small", "version": 1, "steps": [{"name": "nap", "sleep": "30d"}]})"));
  }
  Orchestrator& engine() { return *engine_; }
  void define(const std::string& definition) { engine_->define(parse_definition(definition)); }
  void await(const SagaId& id) {
    const auto result = engine_->wait(id, patience);
    if (!result || result->status != Status::completed) throw Error("a saga did not complete");
  }

 private:
  std::unique_ptr<Orchestrator> open() {
    channel_.handle("p", "a", [](const HandlerCall&) { return Outcome::success({{"n", 1}}); });
    OrchestratorOptions options;
    options.control_socket = false;
    return std::make_unique<Orchestrator>(store_, channel_, options);
  }
  SqliteStore store_;
  InProcessChannel channel_;
  std::unique_ptr<Orchestrator> engine_;
};

/// Starts small sagas, one after the other, until it ends.
class Neighbour {
 public:
  explicit Neighbour(Orchestrator& engine)
      : thread_([this, &engine](const std::stop_token& stop) {
          while (!stop.stop_requested()) {
            const auto began = Clock::now();
            (void)engine.start("small", Json::object());
            longest_ = std::max(longest_, ms_since(began));
            ++starts_;
          }
        }) {}
  /// Milliseconds.
  double longest() {
    thread_ = {};
    if (starts_ == 0) throw Error("no other saga was started meanwhile");
    return longest_;
  }

 private:
  double longest_ = 0;  // Of the thread until it has ended, like the next.
  std::uint64_t starts_ = 0;
  std::jthread thread_;
};

Json small_numbers(std::size_t bytes) { return Json::array_t(bytes / 2, Json(7)); }

/// 1 MB of input, and `steps` conditions that look into it.
void conditions(World& world, std::size_t steps) {
  Json list = Json::array();
  for (std::size_t i = 0; i < steps; ++i) {
    list.push_back({{"name", fmt::format("s{}", i)},
                    {"participant", "p"},
                    {"action", "a"},
                    {"compensation", "none"},
                    {"when", {{"$from", "/input/items/3"}, {"equals", "no"}}}});
  }
  world.define(Json{{"saga", "conditions"}, {"version", 1}, {"steps", list}}.dump());
  world.await(world.engine().start("conditions", Json{{"items", small_numbers(1'000'000)}}));
}

/// A list of `count` elements of 1 KB, a step for each.
void elements(World& world, std::size_t count) {
  world.define(R"({"saga": "elements", "version": 1, "steps": [
    {"name": "each", "for_each": {"in": "/input/items", "concurrency": 1000, "gather": "/output/n",
      "step": {"participant": "p", "action": "a", "compensation": "none"}}} ]})");
  const Json items = Json::array_t(count, Json(std::string(1'000, 'x')));
  world.await(world.engine().start("elements", Json{{"items", items}}));
}

/// A list of `count` elements, a child saga for each.
void children(World& world, std::size_t count) {
  world.define(R"({"saga": "child", "version": 1, "steps": [
    {"name": "only", "participant": "p", "action": "a", "compensation": "none"} ]})");
  world.define(R"({"saga": "family", "version": 1, "steps": [
    {"name": "each", "for_each": {"in": "/input/items", "concurrency": 1000, "gather": "none",
      "step": {"saga": {"type": "child"}}}} ]})");
  const Json items = Json::array_t(count, Json(1));
  world.await(world.engine().start("family", Json{{"items", items}}));
}

/// One start of 1 MB and `count` repetitions whose members come in another order.
void repetitions(World& world, std::size_t count) {
  world.define(R"({"saga": "repeated", "version": 1, "steps": [{"name": "nap", "sleep": "30d"}]})");
  std::string first = "{", other = "{";
  constexpr int members = 20'000;
  for (int i = 0; i < members; ++i) {
    const int back = members - 1 - i;
    first +=
        fmt::format(R"({}"member-{:05}":{{"value":{},"text":"xxxxxxxx"}})", i ? "," : "", i, i);
    other += fmt::format(R"({}"member-{:05}":{{"text":"xxxxxxxx","value":{}}})", i ? "," : "", back,
                         back);
  }
  StartOptions options;
  options.key = "the-key";
  const Started made =
      world.engine().start("repeated", JsonText::parse(first + "}", payload_limits), options);
  for (std::size_t i = 0; i < count; ++i) {
    const Started again =
        world.engine().start("repeated", JsonText::parse(other + "}", payload_limits), options);
    if (again.id != made.id) throw Error("a repeated start has made a second saga");
  }
}

/// A history of `rows` rows, then a hundred pauses and resumes; answers the longest, in ms.
double touches(World& world, std::size_t rows) {
  const SagaId id = world.engine().start("small", Json::object());
  const auto touch = [&](const char* verb) {
    const auto began = Clock::now();
    const Json answer = world.engine().handle(
        {{"verb", verb}, {"id", id.to_string()}, {"by", "bench"}, {"reason", "bench"}});
    if (!answer.value("ok", false)) throw Error("a touch was refused");
    return ms_since(began);
  };
  for (std::size_t i = 1; i < rows; i += 2) {
    (void)touch("pause");
    (void)touch("resume");
  }
  double longest = 0;
  for (int i = 0; i < 50; ++i) longest = std::max({longest, touch("pause"), touch("resume")});
  return longest;
}

struct Kind {
  const char* name;
  std::size_t size;
  std::function<void(World&, std::size_t)> work;
};

std::string fresh_store(const std::string& directory) {
  std::string made = directory + "/skald-data-XXXXXX";
  if (::mkdtemp(made.data()) == nullptr) throw Error("cannot make a directory " + made);
  return made + "/store.db";
}

void run(const std::string& directory) {
  const std::vector<Kind> kinds{{"conditions on 1 MB", 100, conditions},
                                {"elements of 1 KB", 240, elements},
                                {"child sagas", 240, children},
                                {"repeated starts of 1 MB", 5, repetitions}};
  fmt::print("{:<26} {:>8} {:>12} {:>26}\n", "", "size", "whole ms", "longest other start ms");
  for (const Kind& kind : kinds) {
    for (const std::size_t times : {1, 2, 4}) {
      const std::string path = fresh_store(directory);
      {
        World world(path);
        Neighbour neighbour(world.engine());
        const auto began = Clock::now();
        kind.work(world, kind.size * times);
        const double whole = ms_since(began);
        fmt::print("{:<26} {:>8} {:>12.0f} {:>26.1f}\n", kind.name, kind.size * times, whole,
                   neighbour.longest());
      }
      std::filesystem::remove_all(std::filesystem::path(path).parent_path());
    }
  }
  fmt::print("{:<26} {:>8} {:>12}\n", "", "rows", "touch ms");
  for (const std::size_t rows : {25'000, 50'000, 100'000}) {
    const std::string path = fresh_store(directory);
    {
      World world(path);
      fmt::print("{:<26} {:>8} {:>12.1f}\n", "touching a long history", rows, touches(world, rows));
    }
    std::filesystem::remove_all(std::filesystem::path(path).parent_path());
  }
}

}  // namespace
}  // namespace skald::bench

int main(int argc, char** argv) {
  CLI::App app{"Measures what large and awkward data costs, and what other sagas feel of it"};
  std::string directory = std::filesystem::temp_directory_path();
  app.add_option("--directory", directory, "Where stores are made")->check(CLI::ExistingDirectory);
  CLI11_PARSE(app, argc, argv);
  try {
    skald::bench::run(directory);
  } catch (const std::exception& error) {
    std::cerr << "skald_data_bench: " << error.what() << "\n";
    return 1;
  }
  return 0;
}

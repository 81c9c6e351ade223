// skald_waiting_bench: what very many sagas that wait cost in memory, and at opening the store.
//
// One process starts them and ends; another opens what it left behind, and says how much memory it
// takes, how long that took, and whether timers are on time beside them.
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <mutex>
#include <semaphore>

#include "setting.hpp"
#include "skald/error.hpp"
#include "skald/in_process_channel.hpp"
#include "skald/orchestrator.hpp"
#include "skald/sqlite_store.hpp"

namespace skald::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t chunk = 8'192;
constexpr std::size_t punctual_sagas = 1'000;
constexpr Duration nap{2'000};

struct Options {
  std::size_t sagas = 1'000'000;
  std::string waits_on = "sleep";
  std::string directory = std::filesystem::temp_directory_path();
};

// Takes every command and never answers, like participants that work for days.
class SilentChannel final : public NullChannel {
 public:
  [[nodiscard]] std::string name() const override { return "silent"; }
  void open(const std::string&, ChannelListener& listener) override { listener_ = &listener; }
  void send(std::vector<Command> commands) override {
    for (const Command& command : commands) {
      listener_->sent(command.id.saga, command.attempt);
      listener_->confirmed(command.position, command.id.saga, command.attempt);
    }
  }
  [[nodiscard]] bool has_room(const std::string&) const override { return true; }

 private:
  ChannelListener* listener_ = nullptr;
};

const char* waiting_definition(const std::string& waits_on) {
  if (waits_on == "sleep") {
    return R"({"saga": "waiting", "version": 1, "steps": [{"name": "nap", "sleep": "30d"}]})";
  }
  if (waits_on == "signal") {
    return R"({"saga": "waiting", "version": 1,
      "steps": [{"name": "go", "wait_for": {"signal": "go"}}]})";
  }
  // Both have six steps, because in memory every step has a place; the first is under way, or waits
  // for its next attempt.
  return R"({"saga": "waiting", "version": 1,
    "defaults": {"timeout": "30d",
                 "retry": {"max_attempts": 9, "initial_delay": "7d", "max_delay": "7d"}},
    "steps": [
      {"name": "a", "participant": "service", "action": "act", "compensation": "undo"},
      {"name": "b", "participant": "service", "action": "act", "compensation": "undo"},
      {"name": "c", "participant": "service", "action": "act", "compensation": "undo"},
      {"name": "d", "participant": "service", "action": "act", "compensation": "undo"},
      {"name": "e", "participant": "service", "action": "act", "compensation": "undo"},
      {"name": "f", "participant": "service", "action": "act", "compensation": "undo"}]})";
}

std::unique_ptr<Channel> channel_for(const std::string& waits_on) {
  if (waits_on == "reply") return std::make_unique<SilentChannel>();
  auto channel = std::make_unique<InProcessChannel>();
  channel->handle("service", "act", [](const HandlerCall&) { return Outcome::failed("BUSY"); });
  return channel;
}

// `VmRSS` or `VmHWM`, in MiB.
double memory_mib(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field + ":")) return std::stod(line.substr(field.size() + 1)) / 1024;
  }
  throw Error("/proc/self/status does not say " + field);
}

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

OrchestratorOptions quiet_options() {
  OrchestratorOptions options;
  options.control_socket = false;
  return options;
}

void start_them(const Options& options, const std::string& path) {
  SqliteStore store(path);
  const auto channel = channel_for(options.waits_on);
  Orchestrator engine(store, *channel, quiet_options());
  engine.define(parse_definition(waiting_definition(options.waits_on)));
  const NewSaga saga{"waiting", payload(), {}};
  const auto began = Clock::now();
  for (std::size_t left = options.sagas; left > 0;) {
    const std::size_t now = std::min(left, chunk);
    for (const StartOutcome& outcome : engine.start_many(std::vector<NewSaga>(now, saga))) {
      if (const auto* refused = std::get_if<Refused>(&outcome)) throw Refused(*refused);
    }
    left -= now;
  }
  const double seconds = seconds_since(began);
  fmt::print("started     {:>10.0f} sagas/s, {:.0f} MiB resident, {:.0f} at most\n",
             static_cast<double>(options.sagas) / seconds, memory_mib("VmRSS"),
             memory_mib("VmHWM"));
}

// How late sagas are whose nap ends while the others wait.
class Lateness {
 public:
  Observer observer() {
    return [this](const Definition&, const Saga& saga, const std::vector<Event>&) {
      if (saga.type != "punctual" || !is_end(saga.status)) return;
      const Time due = *saga.steps.front().wake_at;
      const SystemClock clock;
      late_.push_back(static_cast<double>((clock.now() - due).count()));
      if (late_.size() == punctual_sagas) done_.release();
    };
  }
  std::vector<double> wait() {
    done_.acquire();
    std::sort(late_.begin(), late_.end());
    return late_;
  }

 private:
  std::vector<double> late_;  // Of the orchestrator's thread until done_.
  std::binary_semaphore done_{0};
};

void open_them(const Options& options, const std::string& path) {
  const auto began = Clock::now();
  SqliteStore store(path);
  const auto channel = channel_for(options.waits_on);
  Lateness lateness;
  OrchestratorOptions watched = quiet_options();
  watched.observer = lateness.observer();
  Orchestrator engine(store, *channel, watched);
  const double seconds = seconds_since(began);
  fmt::print("opened in   {:>10.2f} s, {:.0f} MiB resident, {:.0f} at most\n", seconds,
             memory_mib("VmRSS"), memory_mib("VmHWM"));
  engine.define(parse_definition(fmt::format(
      R"({{"saga": "punctual", "version": 1, "steps": [{{"name": "nap", "sleep": "{}ms"}}]}})",
      nap.count())));
  (void)engine.start_many(std::vector<NewSaga>(punctual_sagas, {"punctual", payload(), {}}));
  const std::vector<double> late = lateness.wait();
  const auto at = [&late](double share) {
    return late[static_cast<std::size_t>(share * static_cast<double>(late.size() - 1))];
  };
  fmt::print("timers late {:>10.0f} ms p50, {:.0f} p99, {:.0f} at most; {:.0f} MiB resident\n",
             at(0.5), at(0.99), at(1), memory_mib("VmRSS"));
}

// In a process of its own, so that one phase's memory is not taken for the other's.
void in_a_child(const std::function<void()>& phase) {
  const pid_t child = fork();
  if (child < 0) throw Error("cannot fork");
  if (child == 0) {
    int code = 0;
    try {
      phase();
    } catch (const std::exception& error) {
      std::cerr << "skald_waiting_bench: " << error.what() << "\n";
      code = 1;
    }
    std::fflush(stdout);
    _exit(code);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0) throw Error("a phase failed");
}

void run(const Options& options) {
  std::string directory = options.directory + "/skald-waiting-XXXXXX";
  if (::mkdtemp(directory.data()) == nullptr) throw Error("cannot make a directory " + directory);
  const std::string path = directory + "/waiting.db";
  fmt::print("{} sagas that wait for a {}, payloads of 300 bytes\n", options.sagas,
             options.waits_on);
  std::fflush(stdout);
  in_a_child([&] { start_them(options, path); });
  fmt::print("store       {:>10.0f} MiB\n",
             static_cast<double>(std::filesystem::file_size(path)) / (1024.0 * 1024));
  std::fflush(stdout);
  in_a_child([&] { open_them(options, path); });
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace skald::bench

int main(int argc, char** argv) {
  CLI::App app{"Measures what very many waiting sagas cost"};
  skald::bench::Options options;
  app.add_option("--sagas", options.sagas, "How many")->check(CLI::PositiveNumber);
  app.add_option("--waits-on", options.waits_on, "What they wait for")
      ->check(CLI::IsMember({"sleep", "signal", "retry", "reply"}));
  app.add_option("--directory", options.directory, "Where the store is made");
  CLI11_PARSE(app, argc, argv);
  try {
    skald::bench::run(options);
  } catch (const std::exception& error) {
    std::cerr << "skald_waiting_bench: " << error.what() << "\n";
    return 1;
  }
  return 0;
}

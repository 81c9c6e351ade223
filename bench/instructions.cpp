// skald_instructions: runs sagas through the coordinator on one thread, always the same way, for an
// instruction counter to look at: `bench/instructions` runs it under valgrind and compares.
//
// Times on a shared machine say little about a change of a few percent; the number of instructions
// that a transition takes hardly moves from run to run.
#include <fmt/format.h>
#include <stdlib.h>

#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

#include "coordinator/coordinator.hpp"
#include "kept_commands.hpp"
#include "setting.hpp"
#include "skald/error.hpp"
#include "skald/memory_store.hpp"
#include "skald/sqlite_store.hpp"

namespace skald::bench {
namespace {

constexpr int steps = 6;
constexpr int sagas = 1'024;
constexpr int in_flight = 64;

// In batches as an engine makes them under load: replies of some sagas, and a start for each that
// has ended.
class Run {
 public:
  Run(Store& store, bool undone) : coordinator_(store, channel_, settings()), undone_(undone) {
    coordinator_.recover(now_);
    const auto definition = std::make_shared<const Definition>(definition_of(steps));
    tell(DefineArrival{definition, [](const auto&) {}});
  }

  void all() {
    while (ended_ < sagas) {
      std::vector<Arrival> batch;
      for (Command& command : std::exchange(channel_.sent, {})) answer(command, batch);
      while (started_ < sagas && started_ - ended_ < in_flight) batch.push_back(next_start());
      if (batch.empty()) throw Error("the sagas do not go on");
      now_ += Duration(1);
      coordinator_.process(std::move(batch), now_);
    }
  }

  [[nodiscard]] std::uint64_t rows() const { return rows_; }

 private:
  Coordinator::Settings settings() {
    Coordinator::Settings settings;
    settings.id_seed = 7;
    settings.observer = [this](const Definition&, const Saga& saga, const std::vector<Event>&) {
      ++rows_;
      if (is_end(saga.status)) ++ended_;
    };
    return settings;
  }

  template <class A>
  void tell(A arrival) {
    std::vector<Arrival> batch;
    batch.emplace_back(std::move(arrival));
    coordinator_.process(std::move(batch), now_);
  }

  Arrival next_start() {
    ++started_;
    StartArrival start;
    start.type = type_of(steps);
    start.input = input_;
    start.answer = [](const auto&) {};
    return start;
  }

  // What a channel reports of a command: sent, answered, confirmed.
  void answer(const Command& command, std::vector<Arrival>& batch) const {
    const SagaId id = command.id.saga;
    const bool refuse = undone_ && command.attempt.step == steps - 1;
    batch.emplace_back(SentArrival{id, command.attempt});
    batch.emplace_back(ReplyArrival{
        {id, command.attempt, {}, refuse ? Outcome::rejected("NO") : Outcome::success(), 0}});
    batch.emplace_back(ConfirmedArrival{command.position, id, command.attempt});
  }

  test::KeptCommands channel_;
  Coordinator coordinator_;
  bool undone_;
  JsonText input_ = payload();
  Time now_{Duration{1'800'000'000'000}};
  int started_ = 0;
  int ended_ = 0;
  std::uint64_t rows_ = 0;
};

}  // namespace

// The part that valgrind is told to count (--toggle-collect), by this name.
extern "C" [[gnu::noinline]] void skald_counted(void* run) { static_cast<Run*>(run)->all(); }

namespace {

int run(const std::string& what) {
  const bool undone = what.find("undone") != std::string::npos;
  const bool in_memory = what.rfind("memory", 0) == 0;
  std::string directory = (std::filesystem::temp_directory_path() / "skald-count-XXXXXX").string();
  if (::mkdtemp(directory.data()) == nullptr) throw Error("cannot make a directory " + directory);
  std::unique_ptr<Store> store;
  if (in_memory) {
    store = std::make_unique<MemoryStore>();
  } else {
    store = std::make_unique<SqliteStore>(directory + "/count.db");
  }
  {
    Run counted(*store, undone);
    skald_counted(&counted);
    fmt::print("{}\n", counted.rows());
  }
  store.reset();
  std::filesystem::remove_all(directory);
  return 0;
}

}  // namespace
}  // namespace skald::bench

int main(int argc, char** argv) {
  const std::string what = argc == 2 ? argv[1] : "";
  if (what != "memory" && what != "memory-undone" && what != "sqlite" && what != "sqlite-undone") {
    std::cerr << "usage: skald_instructions memory|memory-undone|sqlite|sqlite-undone\n";
    return 2;
  }
  try {
    return skald::bench::run(what);
  } catch (const std::exception& error) {
    std::cerr << "skald_instructions: " << error.what() << "\n";
    return 1;
  }
}

// A database in a folder of its own with one table of effects, and calls to try a barrier with.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "channel_conformance.hpp"
#include "skald/barrier.hpp"

namespace skald::test {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "skald-parts-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw Error("cannot make a temporary folder");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline const Outcome charged = Outcome::success({{"charge", 7}});

inline Command barrier_command(Direction direction, std::uint64_t number = 1,
                               std::uint32_t round = 1, std::uint32_t attempt = 1) {
  Command command = make_command(number, "payment", "charge", attempt, direction);
  command.round = round;
  return command;
}

/// Counts effects in the table `effects (key, n)`.
struct BarrierBench {
  explicit BarrierBench(const std::string& path) : database(path), barrier(database.handle()) {
    run_script(database.handle(),
               "CREATE TABLE IF NOT EXISTS effects (key TEXT PRIMARY KEY, n INTEGER NOT NULL)");
  }

  static TransactionHandler effect(Outcome outcome) {
    return [outcome](const HandlerCall& call, sqlite3* tx) {
      run_sql(tx, "INSERT INTO effects VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET n = n + 1",
              call.idempotency_key());
      return outcome;
    };
  }
  Outcome run(const Command& command, const Outcome& outcome) {
    return barrier.run(HandlerCall(command, {}), effect(outcome));
  }
  std::int64_t effects(const Command& command) {
    return query_integer(database.handle(), "SELECT n FROM effects WHERE key = ?",
                         command.id.idempotency_key())
        .value_or(0);
  }
  std::int64_t records() {
    return query_integer(database.handle(), "SELECT count(*) FROM skald_barrier").value();
  }

  ParticipantDatabase database;
  Barrier barrier;
};

}  // namespace skald::test

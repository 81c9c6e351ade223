#include "ledger.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <fstream>
#include <system_error>

#include "skald/participant_database.hpp"

namespace skald::faults {
namespace {

std::int64_t monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

void make_ledger(sqlite3* database) {
  run_script(database,
             "CREATE TABLE IF NOT EXISTS effects (number INTEGER PRIMARY KEY, saga TEXT NOT NULL, "
             "step TEXT NOT NULL, direction TEXT NOT NULL, at INTEGER NOT NULL)");
}

void write_effect(sqlite3* database, const HandlerCall& call) {
  run_sql(database, "INSERT INTO effects (saga, step, direction, at) VALUES (?, ?, ?, ?)",
          call.saga().to_string(), call.step(), std::string(to_string(call.direction())),
          monotonic_ns());
}

std::vector<Effect> read_effects(const std::string& database_path, const std::string& participant) {
  const ParticipantDatabase database(database_path, ParticipantDatabase::Access::read);
  SqlStatement rows(database.handle(), "SELECT saga, step, direction, at FROM effects ORDER BY at");
  std::vector<Effect> effects;
  while (rows.step()) {
    effects.push_back({participant, SagaId::parse(rows.text(0)).value_or(SagaId{}), rows.text(1),
                       parse_direction(rows.text(2)).value_or(Direction::action), rows.integer(3)});
  }
  return effects;
}

bool is_sound(const std::string& database_path) {
  const ParticipantDatabase database(database_path, ParticipantDatabase::Access::read);
  return query_text(database.handle(), "PRAGMA integrity_check") == "ok";
}

DeliveryLog::DeliveryLog(const std::string& path)
    : file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
  if (file_ < 0) throw std::system_error(errno, std::generic_category(), "open " + path);
}

DeliveryLog::~DeliveryLog() { ::close(file_); }

void DeliveryLog::note(const CommandId& command) const {
  const std::string line = command.to_string() + "\n";
  if (::write(file_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    throw std::system_error(errno, std::generic_category(), "write to the delivery log");
  }
}

std::vector<CommandId> DeliveryLog::read(const std::string& path) {
  std::vector<CommandId> commands;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (auto command = CommandId::parse(line)) commands.push_back(*std::move(command));
  }
  return commands;
}

}  // namespace skald::faults

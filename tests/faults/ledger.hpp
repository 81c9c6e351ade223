// What participants write down, so that the checker need not believe the engine: their effects, in
// the same transaction as the barrier's memory, and every delivery of a command.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "skald/participant_call.hpp"

struct sqlite3;

namespace skald::faults {

/// An effect that was committed.
struct Effect {
  std::string participant;
  SagaId saga;
  std::string step;
  Direction direction = Direction::action;
  std::int64_t at =
      0;  ///< Nanoseconds of the machine's monotonic clock, the same for all processes.
};

/// Makes the table of effects. \throws ParticipantError
void make_ledger(sqlite3* database);
/// Writes the effect of this call in the transaction under way. \throws ParticipantError
void write_effect(sqlite3* database, const HandlerCall& call);
/// All effects of a participant's database. \throws ParticipantError
[[nodiscard]] std::vector<Effect> read_effects(const std::string& database_path,
                                               const std::string& participant);
/// True when the database passes its integrity check. \throws ParticipantError
[[nodiscard]] bool is_sound(const std::string& database_path);

/// One line per delivered command, appended by one write: it survives the death of the process, and
/// costs no fsync. Any number of threads and processes.
class DeliveryLog {
 public:
  /// \throws std::system_error
  explicit DeliveryLog(const std::string& path);
  ~DeliveryLog();
  DeliveryLog(const DeliveryLog&) = delete;
  DeliveryLog& operator=(const DeliveryLog&) = delete;
  void note(const CommandId& command) const;

  /// The ids in such a file; empty when it is missing.
  [[nodiscard]] static std::vector<CommandId> read(const std::string& path);

 private:
  int file_;
};

}  // namespace skald::faults

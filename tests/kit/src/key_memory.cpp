#include "key_memory.hpp"

namespace skald::testing {

using barrier::Record;
using barrier::RecordState;

std::optional<Record>& KeyMemory::slot(const Command& command) {
  Memory& memory = of(command);
  return command.id.direction == Direction::compensate ? memory.compensation : memory.action;
}

barrier::Verdict KeyMemory::judge(const Command& command, Time now) {
  return barrier::judge({command.id.direction, command.round, command.id.attempt, false},
                        slot(command), of(command).action, now);
}

void KeyMemory::conclude(const Command& command) {
  Memory& memory = of(command);
  memory.action = Record{};
  memory.action->state = RecordState::barred;
  if (command.id.direction != Direction::compensate) return;
  memory.compensation = Record{};
  memory.compensation->state = RecordState::success;
}

void KeyMemory::remember(const Command& command, const Outcome& outcome) {
  if (command.id.direction == Direction::resolve) return;
  Record record;
  switch (outcome.kind) {
    case OutcomeKind::success: record.state = RecordState::success; break;
    case OutcomeKind::rejected: record.state = RecordState::rejected; break;
    case OutcomeKind::failed: record.state = RecordState::failed; break;
    case OutcomeKind::unknown:
    case OutcomeKind::pending: return;
  }
  record.round = command.round;
  record.attempt = command.id.attempt;
  record.output = outcome.output;
  record.error = outcome.error;
  slot(command) = std::move(record);
}

void KeyMemory::claim(const Command& command, Time lease_until) {
  Record record;
  record.round = command.round;
  record.lease_until = lease_until;
  slot(command) = std::move(record);
}

std::string KeyMemory::fingerprint() const {
  std::string text;
  const auto put = [&text](const std::optional<Record>& record) {
    text += record ? static_cast<char>('a' + static_cast<int>(record->state)) : '-';
    if (!record) return;
    text += static_cast<char>('0' + static_cast<int>(record->round));
    text += static_cast<char>('0' + static_cast<int>(record->attempt));
  };
  for (const auto& [key, memory] : memories_) {
    text += static_cast<char>('0' + static_cast<int>(key.second));
    put(memory.action);
    put(memory.compensation);
  }
  return text;
}

}  // namespace skald::testing

#include "key_memory.hpp"

namespace skald::testing {

using barrier::Record;
using barrier::RecordState;

std::optional<Record>& KeyMemory::slot(const Command& command) {
  Memory& memory = of(command);
  return command.id.direction == Direction::compensate ? memory.compensation : memory.action;
}

barrier::Verdict KeyMemory::judge(const Command& command, Time now) {
  const Memory& memory = of(command);
  barrier::Verdict verdict = barrier::judge({command.id.direction, command.round, false},
                                            slot(command), memory.action, now);
  // A second delivery of an attempt that was answered `failed` must not act any more: the engine
  // has counted on its having had no effect.
  const bool straggler = command.id.direction == Direction::action &&
                         command.id.attempt <= memory.failed_attempt &&
                         std::holds_alternative<barrier::Proceed>(verdict);
  if (straggler) return barrier::Answer{Outcome::failed("ANSWERED_BEFORE")};
  return verdict;
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
  const bool action = command.id.direction == Direction::action;
  if (outcome.kind == OutcomeKind::failed && action) {
    of(command).failed_attempt = command.id.attempt;
  }
  if (outcome.kind != OutcomeKind::success && outcome.kind != OutcomeKind::rejected) return;
  Record record;
  record.round = command.round;
  record.output = outcome.output;
  record.error = outcome.error;
  const bool success = outcome.kind == OutcomeKind::success;
  record.state = success ? RecordState::success : RecordState::rejected;
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
    if (record) text += static_cast<char>('0' + static_cast<int>(record->round));
  };
  for (const auto& [key, memory] : memories_) {
    text += static_cast<char>('0' + static_cast<int>(key.second));
    put(memory.action);
    put(memory.compensation);
    text += static_cast<char>('0' + static_cast<int>(memory.failed_attempt));
  }
  return text;
}

}  // namespace skald::testing

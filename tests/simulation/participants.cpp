#include "participants.hpp"

#include <nlohmann/json.hpp>
#include <variant>

#include "skald/edge_data.hpp"
#include "skald/text.hpp"

namespace skald::simulation {

using testing::Accident;
using testing::Desk;
using testing::Label;
using testing::mix;

namespace {

constexpr Duration lease{400};
constexpr std::uint64_t work_max_ms = 380;  // Done before the lease is over.
constexpr std::uint64_t retry_after_max_ms = 300;

// The same for every delivery of an attempt.
testing::EdgeData data_for(const EdgeShare& share, Label label) {
  constexpr std::size_t bytes_max = 2'000;
  return testing::EdgeData{mix(share.seed, label, 0x65646765U), bytes_max};
}

Label label_of(const Command& command) { return testing::hash_of(command.id.idempotency_key()); }

}  // namespace

bool SimulatedParticipants::is_strange(EdgeKind kind, Label label) {
  if (edge_.of(kind) == 0) return false;
  auto draw = data_for(edge_, mix(label, static_cast<std::uint64_t>(kind)));
  if (!draw.chance(edge_.of(kind))) return false;
  edge_.note(kind);
  return true;
}

Outcome SimulatedParticipants::success_of(const Command& command) {
  Outcome outcome = Outcome::success();
  outcome.output = JsonText::trusted(R"({"from":")" + command.id.step + R"("})");
  const Label label = label_of(command);
  if (!is_strange(EdgeKind::output, label)) return outcome;
  auto draw = data_for(edge_, label);
  Json output = draw.chance(50) ? draw.document() : draw.value();
  if (output.is_object() && draw.chance(80)) output["from"] = command.id.step;
  try {
    outcome.output = JsonText::of(output);
  } catch (const JsonError&) {
    // Too deep: no handler's answer gets that far.
  }
  return outcome;
}

Outcome SimulatedParticipants::failure_of(const Command& command, OutcomeKind kind,
                                          const char* code) {
  Outcome outcome = Outcome::failed(code);
  outcome.kind = kind;
  const Label label = mix(label_of(command), command.id.attempt);
  auto draw = data_for(edge_, label);
  if (is_strange(EdgeKind::error, label)) {
    if (draw.chance(50)) outcome.error.code = clean_text(code + draw.utf8_text(), 255);
    outcome.error.message = draw.utf8_text();
    if (draw.chance(50))
      outcome.error.data = JsonText::trusted(dump_json(draw.deep(draw.below(60))));
  }
  if (kind == OutcomeKind::failed && is_strange(EdgeKind::retry_after, label)) {
    outcome.retry_after = draw.duration();
  }
  return outcome;
}

void SimulatedParticipants::carry_out(const Command& command, Desk& desk) {
  const Label label = desk.label(command);
  const barrier::Verdict verdict = memory_.judge(command, desk.now());
  if (const auto* known = std::get_if<barrier::Answer>(&verdict)) {
    const bool repeats =
        known->outcome.kind == OutcomeKind::success && command.id.direction != Direction::resolve;
    if (habit_ == Habit::forgetful && repeats) desk.took_effect(command);
    desk.reply(command, known->outcome);
  } else if (const auto* concluded = std::get_if<barrier::Conclude>(&verdict)) {
    memory_.conclude(command);
    desk.reply(command, concluded->outcome);
  } else {
    run(command, desk, label);
  }
}

void SimulatedParticipants::succeed(const Command& command, Desk& desk) {
  memory_.remember(command, success_of(command));
  desk.took_effect(command);
  if (habit_ == Habit::hasty && command.id.attempt > 1) desk.took_effect(command);
}

void SimulatedParticipants::answer(const Command& command, Desk& desk, const Outcome& outcome) {
  memory_.remember(command, outcome);
  desk.reply(command, outcome);
}

void SimulatedParticipants::run(const Command& command, Desk& desk, Label label) {
  if (accidents_.happens(Accident::rejected, label)) {
    answer(command, desk, failure_of(command, OutcomeKind::rejected, "REFUSED"));
    if (accidents_.happens(Accident::contradiction, label)) {
      desk.lies_about(command);
      desk.reply(command, Outcome::success());
    }
    return;
  }
  if (accidents_.happens(Accident::failed, label)) {
    Outcome outcome = failure_of(command, OutcomeKind::failed, "BUSY");
    if (label % 3 == 0 && !outcome.retry_after) {
      outcome.retry_after = Duration{accidents_.pick(label, retry_after_max_ms)};
    }
    answer(command, desk, outcome);
    return;
  }
  const bool acts = label % 2 == 0;  // Whether it does what it then cannot tell.
  if (accidents_.happens(Accident::unknown, label)) {
    if (acts) succeed(command, desk);
    desk.reply(command, failure_of(command, OutcomeKind::unknown, "GATEWAY"));
    return;
  }
  if (accidents_.happens(Accident::silence, label)) {
    if (acts) succeed(command, desk);
    return;
  }
  if (accidents_.happens(Accident::pending, label)) {
    run_long(command, desk, label);
    return;
  }
  succeed(command, desk);
  desk.reply(command, success_of(command));
}

// Claims the key, says `pending`, and answers when it is done.
void SimulatedParticipants::run_long(const Command& command, Desk& desk, Label label) {
  memory_.claim(command, desk.now() + lease);
  desk.reply(command, Outcome::pending(lease));
  desk.after(Duration{accidents_.pick(mix(label, 1), work_max_ms)}, [this, command, &desk] {
    succeed(command, desk);
    desk.reply(command, success_of(command));
  });
}

}  // namespace skald::simulation

#include "checker.hpp"

#include <algorithm>

#include "accidents.hpp"
#include "skald/decide.hpp"
#include "skald/expansion.hpp"
#include "skald/limits.hpp"

namespace skald::testing {

void Checker::define(DefinitionPtr definition) {
  auto& known = definitions_[{definition->type, definition->version}];
  policies_.use(definition->participants);
  known = std::move(definition);
}

void Checker::opened(std::uint64_t life, bool momentary, Time wall) {
  life_ = life;
  momentary_ = momentary;
  if (!momentary) policies_.opened(wall);
}

const Witness* Checker::find(const SagaId& saga) const {
  const auto found = sagas_.find(saga);
  return found == sagas_.end() ? nullptr : &found->second;
}

std::optional<SagaId> Checker::started_by(std::uint64_t label) const {
  const auto found = by_label_.find(label);
  return found == by_label_.end() ? std::nullopt : std::optional{found->second};
}

SagaId Checker::kin_of(const SagaId& saga, std::uint32_t number) const {
  if (number == 0) return saga;
  std::vector<SagaId> below;
  for (const auto& [id, witness] : sagas_) {
    if (witness.path.saga().root == saga && id != saga) below.push_back(id);
  }
  return below.empty() ? saga : below[(number - 1) % below.size()];
}

void Checker::committed(const Batch& batch, Position first, std::uint64_t life, Instant instant) {
  findings_.expect(Invariant::I11, life == life_, "owner {} wrote while owner {} has the store",
                   life, life_);
  if (momentary_) check_momentary(batch);
  Position position = first;
  for (const JournalAppend& append : batch.appends) take_row(append, position++, instant);
  policies_.stored(batch.participants);
  for (const SagaSummary& summary : batch.summaries) {
    const auto found = sagas_.find(summary.id);
    if (found == sagas_.end()) continue;
    found->second.path.check_summary(summary);
    found->second.summary = summary;
  }
  for (const JournalAppend& append : batch.appends) {
    const auto found = sagas_.find(append.saga);
    if (found == sagas_.end()) continue;
    const SagaPath& path = found->second.path;
    const SagaSummary now = summarize(path.definition(), path.saga());
    findings_.expect(Invariant::I3, !filters_differ(found->second.summary, now),
                     "{}: its row was not brought up to version {}", path.name(),
                     path.saga().version);
  }
  family_.batch_done();
}

// Without an engine nobody sends, waits for answers or knows how participants stand.
void Checker::check_momentary(const Batch& batch) {
  bool sends = !batch.watermarks.empty() || !batch.participants.empty();
  for (const JournalAppend& append : batch.appends) {
    for (const Event& event : append.events) {
      const auto* lost = std::get_if<AttemptUnanswered>(&event);
      sends = sends || std::holds_alternative<CommandIssued>(event) ||
              std::holds_alternative<LocksGranted>(event) ||
              (lost && lost->error.code == "TIMEOUT");
    }
  }
  findings_.expect(Invariant::I10, !sends, "an owner without an engine did an engine's work");
}

void Checker::take_row(const JournalAppend& append, Position position, Instant instant) {
  findings_.expect(Invariant::I3, position == last_position_ + 1,
                   "the journal's position {} follows {}", position, last_position_);
  last_position_ = position;
  auto found = sagas_.find(append.saga);
  Witness* witness = found == sagas_.end() ? nullptr : &found->second;
  if (!witness && !append.events.empty()) {
    if (const auto* started = std::get_if<SagaStarted>(&append.events.front())) {
      witness = begin(*started);
    }
  }
  findings_.expect(Invariant::I3, witness != nullptr, "{}: its journal does not begin with a start",
                   append.saga.to_string());
  if (!witness) return;
  family_.before_row(*witness, append);
  for (const Event& event : append.events) {
    if (std::holds_alternative<KeyHandedOver>(event)) take_key_from(*witness);
  }
  policies_.take_row(witness->path.definition(), append);
  witness->path.walk_row({position, append.version, append.at, append.events}, instant);
  locks_.after_row(*witness, append);
  note_happenings(append);
}

void Checker::take_key_from(const Witness& witness) {
  const Saga& saga = witness.path.saga();
  findings_.expect(Invariant::I1, is_end(saga.status) && saga.holds_key,
                   "{}: its key was handed over, and it had not ended", witness.path.name());
  findings_.expect(Invariant::I1, witness.path.definition().key_reuse == KeyReuse::after_end,
                   "{}: its key was handed over, which its definition does not say",
                   witness.path.name());
  if (saga.key) keys_.erase({saga.type, *saga.key});
}

// The same in every run of the schedule, also for children and replays.
std::uint64_t Checker::label_of(const SagaStarted& started) const {
  if (!started.parent) return hash_of(started.input.text());
  const Witness* parent = find(started.parent->saga);
  return mix(parent ? parent->label : 0, started.parent->step, started.parent->attempt);
}

Witness* Checker::begin(const SagaStarted& started) {
  const auto definition = definitions_.find({started.type, started.definition_version});
  if (definition == definitions_.end()) return nullptr;
  const auto effective = effective_definition(definition->second, started.input);
  const auto* steps = std::get_if<DefinitionPtr>(&effective);
  if (!steps) return nullptr;
  if (started.key) {
    const bool fresh = keys_.insert({started.type, *started.key}).second;
    findings_.expect(Invariant::I1, fresh || started.replay_of,
                     "two sagas were started with the key {}", *started.key);
  }
  std::uint64_t label = label_of(started);
  while (by_label_.count(label) != 0) label = mix(label, 1);  // A replay, or the same input again.
  by_label_[label] = started.id;
  if (started.replay_of) by_label_[hash_of(started.input.text())] = started.id;
  std::string name = started.id.to_string();
  name += started.key ? " (" + *started.key + ")" : started.parent ? " (child)" : " (no key)";
  Witness witness{{*steps, std::move(name), findings_}, label, {}, {}, {}};
  witness.effects.resize(started.step_count);
  Witness& saga = sagas_.emplace(started.id, std::move(witness)).first->second;
  check_locks(**steps, started, saga);
  if (started.not_before) happenings_.note(Happening::delayed_start);
  if (started.parent) family_.begin(saga, started);
  return &saga;
}

void Checker::check_locks(const Definition& definition, const SagaStarted& started,
                          const Witness& saga) {
  // Names with pointers in them are filled in by the engine: only their number is known here.
  const bool all = started.locks.size() == definition.locks.size();
  findings_.expect(Invariant::I8, all, "{}: it wants {} locks, its definition {}", saga.path.name(),
                   started.locks.size(), definition.locks.size());
}

void Checker::observed(const Saga& live) {
  const Witness* witness = find(live.id);
  findings_.expect(Invariant::I3, witness && witness->path.saga() == live,
                   "{}: the engine's saga is not what its journal folds to",
                   witness ? witness->path.name() : live.id.to_string());
}

void Checker::sent(const Command& command) {
  const auto found = sagas_.find(command.id.saga);
  const bool issued = found != sagas_.end() &&
                      found->second.path.issued_at(command.attempt) == command.position &&
                      command.position > 0;
  findings_.expect(Invariant::I10, issued, "{} was sent and no journal row issued it",
                   command.id.to_string());
  if (!issued) return;
  const auto [body, first] = found->second.bodies.emplace(command.attempt, command.body.text());
  findings_.expect(Invariant::I10, first || body->second == command.body.text(),
                   "{} was sent again with another body", command.id.to_string());
}

void Checker::arrived(const Reply& reply, Time real) {
  const auto found = sagas_.find(reply.saga);
  if (found == sagas_.end()) return;
  const Outcome& outcome = reply.outcome;
  if (outcome.kind == OutcomeKind::pending) {
    found->second.path.note_lease(reply.attempt, real + outcome.lease);
  }
  policies_.note_reply(reply);
}

void Checker::took_effect(const SagaId& saga, StepIndex step, Direction direction) {
  const auto found = sagas_.find(saga);
  const bool known = found != sagas_.end() && step < found->second.effects.size();
  findings_.expect(Invariant::I10, known, "{} had an effect and is not in the store",
                   saga.to_string());
  if (!known) return;
  StepEffects& effects = found->second.effects[step];
  const std::string& name = found->second.path.name();
  const std::string& step_name = found->second.path.definition().steps[step].name;
  const bool action = direction == Direction::action;
  std::uint32_t& times = action ? effects.done : effects.undone;
  findings_.expect(Invariant::I6, ++times == 1, "{}: {} of {} took effect {} times", name,
                   to_string(direction), step_name, times);
  if (action) {
    findings_.expect(Invariant::I7, effects.undone == 0, "{}: {} took effect after it was undone",
                     name, step_name);
  }
  (action ? effects.done_at : effects.undone_at) = ++effects_;
}

// Counted at each opening before it is run again; what ended in order, and attempts that are over,
// are not counted.
void Checker::killed(const Command& command) {
  happenings_.note(Happening::handler_killed);
  const Witness* witness = find(command.id.saga);
  if (!witness) return;
  const Direction direction = command.id.direction;
  const Attempts& attempts = witness->path.saga().steps[command.attempt.step].of(direction);
  const std::uint64_t kills =
      ++kills_[{command.id.saga, command.attempt.step, direction, command.round}];
  findings_.expect(Invariant::I12, kills <= interruptions_max + stops_ + attempts.in_round(),
                   "{}: {} of {} has ended the engine {} times", witness->path.name(),
                   command.action, command.id.step, kills);
}

void Checker::lied(const SagaId& saga, StepIndex step) {
  const auto found = sagas_.find(saga);
  if (found != sagas_.end()) found->second.effects[step].lied = true;
}

// A reply that was receipted must have been used: decided again, it changes nothing.
void Checker::receipted(const Reply& reply, Time engine_now) {
  const Witness* witness = find(reply.saga);
  const AttemptRef& attempt = reply.attempt;
  const bool forged =
      !witness || attempt.step >= witness->path.saga().steps.size() ||
      !witness->path.definition().steps[attempt.step].as<Call>() ||
      attempt.attempt > witness->path.saga().steps[attempt.step].of(attempt.direction).made;
  if (forged) {
    ++forged_;
    return;
  }
  // Of a liar, or from a round that is over: repeated, it contradicts what came since.
  const Attempts& attempts = witness->path.saga().steps[attempt.step].of(attempt.direction);
  const bool over = attempt.attempt <= attempts.before_round;
  // An operator may have said the contrary since.
  const bool overruled = witness->path.is_forced(attempt.step);
  if (witness->effects[attempt.step].lied || over || overruled) return;
  Saga again = witness->path.saga();
  const Decision decision =
      decide(witness->path.definition(), again, ReplyReceived{attempt, reply.outcome}, engine_now,
             ClosedAdmission{});
  findings_.expect(Invariant::I10, decision.events.empty(),
                   "{}: the reply {} to attempt {} of {} was receipted and is not in the journal",
                   witness->path.name(), to_string(reply.outcome.kind), attempt.attempt,
                   witness->path.definition().steps[attempt.step].name);
}

namespace {

// A delay that is none leaves no trace; one beyond a hundred years is cut there.
bool begins_as_asked(const Saga& saga, const std::optional<Duration>& delay) {
  if (!delay) return !saga.not_before;
  if (*delay <= Duration::zero()) {
    return !saga.not_before || *saga.not_before <= saga.started_at;
  }
  return saga.not_before == saga.started_at + std::min(*delay, duration_max);
}

}  // namespace

void Checker::acknowledged(const AskedStart& asked, const SagaId& id) {
  const Witness* witness = find(id);
  findings_.expect(Invariant::I1, witness != nullptr,
                   "{} was acknowledged and is not in the journal", id.to_string());
  acknowledged_.emplace_back(asked.key, id);
  if (!witness) return;
  const Saga& saga = witness->path.saga();
  findings_.expect(Invariant::I12, begins_as_asked(saga, asked.delay) || saga.replay_of,
                   "{}: it may begin at another time than it was started for",
                   witness->path.name());
}

}  // namespace skald::testing

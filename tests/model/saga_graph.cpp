#include "saga_graph.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace skald::model {

using testing::Invariant;

namespace {

constexpr Duration overslept_time{std::chrono::hours{1}};

// Everything may be issued, or nothing.
class Room final : public Admission {
 public:
  explicit Room(bool open) : open_(open) {}
  [[nodiscard]] bool admits(const std::string&, Direction, bool) const override { return open_; }
  [[nodiscard]] LockState lock_state(const Saga& saga) const override {
    if (open_) return {};
    return {false, saga.locks.front(), SagaId::make(saga.started_at, 0, 9)};
  }

 private:
  bool open_;
};

class Key {
 public:
  template <typename... Values>
  void put(Values... values) {
    ((text_ += static_cast<char>(static_cast<int>(values))), ...);
  }
  /// What is left until then; what is over is over.
  void put_left(const std::optional<Time>& at, Time now) {
    const std::int64_t left = !at ? -1 : std::max<std::int64_t>(0, (*at - now).count());
    text_.append(reinterpret_cast<const char*>(&left), sizeof left);
  }
  void put_text(const std::string& text) {
    text_ += text;
    text_ += '\0';
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void put_attempts(Key& key, const Step& step, const Attempts& a, Time now) {
  key.put(a.made, a.round, a.before_round, a.outstanding, a.unanswered.size());
  for (const std::uint32_t attempt : a.unanswered) key.put(attempt);
  key.put_left(a.retry_at, now);
  if (step.deadline && a.round_started_at) {
    key.put_left(*a.round_started_at + *step.deadline, now);
  }
}

void put_step(Key& key, const Step& step, const StepState& s, Time now) {
  key.put_left(s.wake_at, now);
  if (step.hedge && s.issued_at) key.put_left(*s.issued_at + step.hedge->delay, now);
  key.put_text(s.output ? s.output->text() : "-");
  for (const Attempts& a : s.attempts) put_attempts(key, step, a, now);
  if (s.child) key.put(s.of(Direction::compensate).error.has_value());
}

// Only the order of the decisions about steps that are done is ever looked at.
int rank(const Saga& saga, const StepState& s) {
  int earlier = 0;
  for (const StepState& other : saga.steps) {
    if (is_done(other) && other.decided < s.decided) ++earlier;
  }
  return is_done(s) ? earlier : -1;
}

std::uint8_t small(std::uint32_t value) { return static_cast<std::uint8_t>(value); }

Message message_of(const Saga& saga, const AttemptRef& a) {
  return {small(a.step), a.direction, small(a.attempt),
          small(saga.steps[a.step].of(a.direction).round)};
}

void note_effects(const Saga& saga, const std::vector<Effect>& effects, Answer& answer) {
  for (const Effect& effect : effects) {
    if (const auto* send = std::get_if<SendCommand>(&effect)) {
      answer.sent.push_back(message_of(saga, send->attempt));
    } else if (const auto* begun = std::get_if<StartChild>(&effect)) {
      answer.begun_children.push_back(small(begun->attempt.step));
    } else if (const auto* turned = std::get_if<TurnChildBack>(&effect)) {
      for (StepIndex i = 0; i < saga.steps.size(); ++i) {
        if (saga.steps[i].child == turned->child) answer.turned_children.push_back(small(i));
      }
    }
  }
}

}  // namespace

SagaGraph::SagaGraph(const Case& subject, const Decide& decide, Coverage& coverage,
                     testing::Findings& findings)
    : subject_(subject),
      definition_(*subject.definition),
      decide_(decide),
      coverage_(coverage),
      findings_(findings) {
  Node nothing;
  nothing.now = *parse_time("2026-01-01T00:00:00Z");
  nodes_.push_back(std::move(nothing));
}

Input SagaGraph::start() const {
  StartRequested start;
  const Time now = nodes_.front().now;
  start.id = SagaId::make(now, 0, 1);
  if (subject_.wants_lock) start.locks = {"order/1"};
  if (subject_.is_delayed) start.not_before = now + std::chrono::hours{48};
  if (subject_.is_child) {
    start.parent = ParentRef{SagaId::make(now, 0, 4), 0, 1};
    start.depth = 1;
  }
  return start;
}

// Times are compared by what is left of them. The saga's own deadline is so far that only a jump
// to it reaches it: then it is either far away or over. Of a final end only that is kept which its
// check looks at; it is told everything all the same.
std::string SagaGraph::key(const Node& node) const {
  const Saga& s = node.saga;
  Key key;
  key.put(s.status, s.paused, s.forced, s.contradicted, s.replayed_by.has_value());
  const bool may_return = subject_.is_child && s.status == Status::completed;
  const bool over = is_end(s.status) && !may_return;
  for (StepIndex i = 0; i < s.steps.size(); ++i) {
    const StepState& step = s.steps[i];
    key.put(step.status, step.compensation, step.forced, step.undo_forced, step.child.has_value(),
            node.history.forced.contains(i), step.of(Direction::compensate).made > 0);
    if (over) continue;
    put_step(key, definition_.steps[i], step, node.now);
    key.put(rank(s, step), s.begun.contains(i), s.timed.contains(i));
  }
  for (const StepIndex planned : s.undo_plan) key.put(planned);
  if (over) return key.take();
  key.put(s.failing.has_value(), s.wish.has_value(), s.holds_locks, s.lock_wait.has_value(),
          s.turn_back.has_value(), s.turn_back && s.turn_back->step != no_step,
          s.deadline && *s.deadline <= node.now, s.signals.size());
  key.put_left(s.not_before, node.now);
  if (s.stuck) key.put(s.stuck->step + 1, s.stuck->direction, s.stuck->resumes_to);
  for (const StepIndex done : node.history.done) key.put(done);
  return key.take();
}

std::uint32_t SagaGraph::intern(Node node) {
  const auto [found, fresh] = numbers_.emplace(key(node), size());
  if (fresh) {
    const Saga& saga = node.saga;
    const auto wake = next_wake(definition_, saga);
    node.has_timer = wake && (wake != saga.deadline || *wake <= node.now);
    node.may_issue = skald::may_issue(definition_, saga, node.now);
    node.outstanding.clear();
    for (const AttemptRef& a : outstanding_attempts(saga)) {
      node.outstanding.push_back(message_of(saga, a));
    }
    nodes_.push_back(std::move(node));
  }
  return found->second;
}

std::string SagaGraph::describe(std::uint32_t from, const Move& move) const {
  const Node& node = nodes_[from];
  if (move.asked == Asked::start) return move.has_room ? "start" : "start without room";
  const Input input = input_of(move, definition_, node.saga);
  const Time now = time_of(move, definition_, node.saga, node.now);
  std::string text = to_string(met_by(definition_, node.saga, input, now, now - node.now));
  if (move.attempt > 0 || move.asked == Asked::skip) {
    text += fmt::format(" {}/{}/{}", definition_.steps[move.step].name, to_string(move.direction),
                        move.attempt);
  }
  return move.has_room ? text : text + " without room";
}

std::string SagaGraph::path(std::uint32_t node) const {
  std::vector<std::string> told;
  for (std::uint32_t at = node; at != not_started(); at = nodes_[at].from) {
    const Node& here = nodes_[at];
    told.push_back(here.overslept ? "an hour passes" : describe(here.from, here.by));
  }
  std::reverse(told.begin(), told.end());
  return fmt::format("{}: {}", subject_.name, fmt::join(told, "; "));
}

SagaGraph::Told SagaGraph::decide_once(std::uint32_t from, const Move& move) {
  const Node& node = nodes_[from];
  ++decided_;
  const bool starts = move.asked == Asked::start;
  const Input input = starts ? start() : input_of(move, definition_, node.saga);
  const Time now = time_of(move, definition_, node.saga, node.now);
  const Met met = met_by(definition_, node.saga, input, now, now - node.now);
  Told told;
  told.node.saga = node.saga;
  told.node.now = now;
  told.node.history = node.history;
  told.decision = decide_(definition_, told.node.saga, input, now, Room{move.has_room});
  told.node.from = from;
  told.node.by = move;
  const auto where = [&] { return path(from) + "; " + describe(from, move); };
  check_row(subject_, node.saga, told.decision, now, told.node.saga, told.node.history, where,
            findings_);
  told.node.phase = phase_of(definition_, told.node.saga, now);
  coverage_.note(node.phase, met, told.node.phase);
  return told;
}

const Answer& SagaGraph::tell(std::uint32_t node, const Move& move) {
  const std::uint64_t asked = (std::uint64_t{node} << 32) | move.key();
  const auto known = answers_.find(asked);
  if (known != answers_.end()) return known->second;
  Told told = decide_once(node, move);
  Answer answer;
  answer.changed = !told.decision.events.empty();
  note_effects(told.node.saga, told.decision.effects, answer);
  answer.next = intern(std::move(told.node));
  return answers_.emplace(asked, std::move(answer)).first->second;
}

std::uint32_t SagaGraph::overslept(std::uint32_t node) {
  Node later = nodes_[node];
  later.now += overslept_time;
  later.phase = phase_of(definition_, later.saga, later.now);
  later.probed = false;
  later.from = node;
  later.overslept = true;
  return intern(std::move(later));
}

void SagaGraph::probe_attempts(std::uint32_t node, std::uint8_t step) {
  for (const Direction direction : {Direction::action, Direction::compensate, Direction::resolve}) {
    const std::uint32_t made = nodes_[node].saga.steps[step].of(direction).made;
    // One more than were made: somebody made it up.
    for (std::uint32_t attempt = 1; attempt <= made + 1; ++attempt) {
      Move move{Asked::reply, step, direction, small(attempt), 0, true};
      for (int said = 0; said < said_count; ++said) {
        move.detail = static_cast<std::uint8_t>(said);
        probe(node, move);
        if (attempt > made) break;
      }
      if (!definition_.steps[step].as<Call>() || attempt > made) continue;
      move.detail = 0;
      for (const Asked asked : {Asked::timeout, Asked::process_ended}) {
        move.asked = asked;
        probe(node, move);
      }
      move.detail = 1;  // For good.
      probe(node, move);
    }
  }
}

void SagaGraph::probe(std::uint32_t node) {
  if (node == not_started() || nodes_[node].probed) return;
  nodes_[node].probed = true;
  const auto all = [&](Asked asked, int details) {
    for (int detail = 0; detail < details; ++detail) {
      probe(node, {asked, 0, Direction::action, 0, static_cast<std::uint8_t>(detail), true});
    }
  };
  const Status status = nodes_[node].saga.status;
  for (std::uint8_t step = 0; step < definition_.steps.size(); ++step) {
    probe_attempts(node, step);
    for (int as = 0; as < 4; ++as) {
      probe(node, {Asked::skip, step, Direction::action, 0, static_cast<std::uint8_t>(as), true});
    }
    for (const Status end : {Status::completed, Status::compensated, Status::abandoned}) {
      const auto detail = static_cast<std::uint8_t>(end);
      probe(node, {Asked::child_ended, step, Direction::action, 0, detail, true});
      const bool its_own = nodes_[node].saga.steps[step].child.has_value();
      if (its_own) probe(node, {Asked::child_ended, step, Direction::action, 1, detail, true});
    }
  }
  all(Asked::wake, 4);
  for (const Asked asked :
       {Asked::resume, Asked::retry, Asked::cancel, Asked::pause, Asked::abandon}) {
    all(asked, 1);
  }
  all(Asked::replay, 2);
  all(Asked::signal, 2);
  all(Asked::message_unusable, 1);
  all(Asked::key_wanted, 1);
  // What has a pivot, or goes forward only, is never the child of somebody who may turn it back;
  // and an end is final for all but a parent.
  const auto undoable = [](const Step& step) { return step.kind == StepKind::compensatable; };
  const bool returns = std::all_of(definition_.steps.begin(), definition_.steps.end(), undoable);
  if (returns && (!is_end(status) || subject_.is_child)) all(Asked::parent_turned_back, 1);
}

}  // namespace skald::model

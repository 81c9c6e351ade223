#include "attempts.hpp"

#include <algorithm>
#include <variant>

#include "skald/decide.hpp"

namespace skald::cli {
namespace {

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
// clang 16 does not deduce aggregates.
template <typename... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

class Spans {
 public:
  explicit Spans(const Definition& definition) : definition_(definition) {}

  void take(const JournalRow& row) {
    at_ = row.at;
    for (const Event& event : row.events) apply(event);
    evolve_row(saga_, row.events, row.version, row.at);
    // What ends a wait is told by the state: many events can do it.
    each_open([this](Span& span) {
      if (is_over(span)) close(span);
    });
    if (is_end(saga_.status)) close_all();
    note_held();
  }
  [[nodiscard]] std::vector<Span> take_all() { return std::move(spans_); }

 private:
  void apply(const Event& event) {
    std::visit(
        Overloaded{
            [this](const SagaStarted& e) {
              for (const auto& carried : e.carried) point(Span::Kind::carried, carried.step, {});
            },
            [this](const CommandIssued& e) {
              close_before_issue(e.attempt.step, e.attempt.direction);
              open(Span::Kind::attempt, e.attempt);
            },
            [this](const AttemptFailed& e) { answer(e.attempt, Span::End::failed, e.error); },
            [this](const AttemptUnanswered& e) {
              answer(e.attempt, Span::End::unanswered, e.error);
            },
            [this](const RetryScheduled& e) {
              open(Span::Kind::backoff, {e.step, e.direction, 0}).due = e.at;
            },
            [this](const StepSucceeded& e) { answer(e.attempt, Span::End::succeeded, {}); },
            [this](const StepRejected& e) { answer(e.attempt, Span::End::rejected, e.error); },
            [this](const StepCompensated& e) { answer(e.attempt, Span::End::succeeded, {}); },
            [this](const SagaResumed&) { close_stuck(); },
            [this](const SagaStuck& e) {
              close_stuck();
              open(Span::Kind::stuck, {e.why.step, e.why.direction, 0}).error = e.why.error;
            },
            [this](const SagaPaused&) { open(Span::Kind::paused, {}); },
            [this](const StepWaiting& e) {
              const bool sleeps = definition_.steps[e.step].as<Sleep>() != nullptr;
              open(sleeps ? Span::Kind::sleep : Span::Kind::signal, action_of(e.step)).due =
                  e.until;
            },
            [this](const ChildStarted& e) { open_child(e.attempt, e.child); },
            [this](const ChildTurnedBack& e) { open_child(e.attempt, e.child); },
            [this](const LocksAwaited& e) {
              open(Span::Kind::lock, action_of(no_step)).error.message = e.name;
            },
            [this](const OperatorDecided& e) {
              point(Span::Kind::decided, e.step, {e.verdict, {}, {}});
            },
            [this](const StepSkipped& e) { settle(e.step); },
            [this](const StepFailed& e) { settle(e.step); },
            [this](const StepInDoubt& e) { settle(e.step); },
            [this](const CompensationSkipped& e) { settle(e.step); },
            [](const auto&) {},
        },
        event);
  }

  static AttemptRef action_of(StepIndex step) { return {step, Direction::action, 0}; }

  void open_child(const AttemptRef& attempt, const SagaId& child) {
    close_before_issue(attempt.step, attempt.direction);
    open(Span::Kind::child, attempt).error.message = child.to_string();
  }

  Span& open(Span::Kind kind, const AttemptRef& attempt) {
    open_.push_back(spans_.size());
    Span& span = spans_.emplace_back();
    span.kind = kind;
    span.attempt = attempt;
    span.begin = at_;
    return span;
  }

  void point(Span::Kind kind, StepIndex step, ErrorInfo error) {
    Span& span = open(kind, {step, Direction::action, 0});
    span.end = at_;
    span.ended = Span::End::succeeded;
    span.error = std::move(error);
    open_.pop_back();
  }

  // A definitive answer may name an attempt that was given up long before: then it is the later
  // attempts of the same command that stop here.
  void answer(const AttemptRef& attempt, Span::End ended, const ErrorInfo& error) {
    each_open([&](Span& span) {
      if (span.kind != Span::Kind::attempt || span.attempt != attempt) return;
      span.end = at_;
      span.ended = ended;
      span.error = error;
    });
    if (ended == Span::End::succeeded || ended == Span::End::rejected) settle(attempt.step);
  }

  // The saga may get stuck again in the row that resumes it.
  void close_stuck() {
    each_open([this](Span& span) {
      if (span.kind == Span::Kind::stuck) close(span);
    });
  }

  void settle(StepIndex step) {
    each_open([&](Span& span) {
      const bool standstill = span.kind == Span::Kind::stuck || span.kind == Span::Kind::paused;
      if (span.attempt.step == step && !standstill) close(span);
    });
  }

  // A back-off ends when it is due. What passes from then to the issue is for other reasons.
  void close_before_issue(StepIndex step, Direction direction) {
    std::optional<Time> held_from;
    each_open([&](Span& span) {
      if (span.attempt.step != step || span.attempt.direction != direction) return;
      if (span.kind == Span::Kind::backoff) {
        close(span);
        if (span.due && *span.due > span.begin && *span.due < at_) {
          span.end = *span.due;
          held_from = *span.due;
        }
      } else if (span.kind == Span::Kind::held) {
        close(span);
      }
    });
    if (!held_from) return;
    Span& held = open(Span::Kind::held, {step, direction, 0});
    held.begin = *held_from;
    held.end = at_;
    held.ended = Span::End::waited;
    open_.pop_back();
  }

  [[nodiscard]] bool is_over(const Span& span) const {
    const auto& [step, direction, number] = span.attempt;
    if (span.kind == Span::Kind::stuck) return saga_.status != Status::stuck;
    if (span.kind == Span::Kind::paused) return !saga_.paused;
    if (span.kind == Span::Kind::lock) return saga_.holds_locks;
    if (step >= saga_.steps.size()) return false;
    const StepState& s = saga_.steps[step];
    switch (span.kind) {
      case Span::Kind::attempt: return !s.of(direction).outstanding;
      case Span::Kind::backoff: return !s.of(direction).retry_at;
      case Span::Kind::sleep:
      case Span::Kind::signal: return s.status != StepStatus::waiting;
      case Span::Kind::child:
        return direction == Direction::compensate ? s.compensation != CompensationStatus::dispatched
                                                  : s.status != StepStatus::waiting;
      case Span::Kind::held: return !is_ready(step, direction);
      case Span::Kind::stuck:
      case Span::Kind::paused:
      case Span::Kind::lock:
      case Span::Kind::carried:
      case Span::Kind::decided: break;
    }
    return false;
  }

  // The journal does not say what holds a command back, only that it went out later than it could.
  void note_held() {
    if (is_end(saga_.status) || saga_.status == Status::stuck || saga_.paused) return;
    for (StepIndex i = 0; i < saga_.steps.size(); ++i) note_held(i, Direction::action);
    if (const StepIndex undo = next_undo(); undo != no_step) note_held(undo, Direction::compensate);
  }

  void note_held(StepIndex step, Direction direction) {
    if (!is_ready(step, direction) || has_open(Span::Kind::held, step, direction)) return;
    open(Span::Kind::held, {step, direction, 0});
  }

  [[nodiscard]] bool has_open(Span::Kind kind, StepIndex step, Direction direction) const {
    return std::any_of(open_.begin(), open_.end(), [&](std::size_t i) {
      const Span& span = spans_[i];
      return span.kind == kind && span.attempt.step == step && span.attempt.direction == direction;
    });
  }

  [[nodiscard]] bool is_ready(StepIndex step, Direction direction) const {
    if (saga_.paused || is_end(saga_.status)) return false;
    return direction == Direction::action ? is_ready_to_act(step) : is_ready_to_undo(step);
  }

  [[nodiscard]] bool is_ready_to_act(StepIndex step) const {
    const bool forward = saga_.status == Status::pending || saga_.status == Status::running;
    const bool delayed = saga_.not_before && *saga_.not_before > at_;
    const bool locked_out = !saga_.locks.empty() && !saga_.holds_locks;
    if (!forward || delayed || locked_out) return false;
    const Step& of = definition_.steps[step];
    if (!of.as<Call>() || saga_.steps[step].status != StepStatus::pending) return false;
    if (!definition_.shape().before[step].subset_of(saga_.done)) return false;
    if (of.group_limit == 0) return true;
    const std::size_t begun = saga_.begun.count(of.group_first, of.group_end);
    const std::size_t done = saga_.done.count(of.group_first, of.group_end);
    return begun - done < of.group_limit;
  }

  [[nodiscard]] bool is_ready_to_undo(StepIndex step) const {
    if (saga_.status != Status::compensating || next_undo() != step) return false;
    const StepState& s = saga_.steps[step];
    return s.compensation == CompensationStatus::pending && s.status != StepStatus::unknown &&
           !s.of(Direction::action).outstanding;
  }

  // The first entry of the undo plan that is not closed.
  [[nodiscard]] StepIndex next_undo() const {
    for (const StepIndex step : saga_.undo_plan) {
      if (!is_closed(saga_.steps[step].compensation)) return step;
    }
    return no_step;
  }

  void close_all() {
    each_open([&](Span& span) { close(span); });
  }

  // Of a long history only these are looked at, with every row.
  template <typename Visit>
  void each_open(Visit visit) {
    for (const std::size_t i : open_) visit(spans_[i]);
    std::erase_if(open_, [this](std::size_t i) { return spans_[i].end.has_value(); });
  }

  void close(Span& span) const {
    span.end = at_;
    span.ended = span.kind == Span::Kind::attempt ? Span::End::withdrawn : Span::End::waited;
  }

  const Definition& definition_;
  std::vector<Span> spans_;
  std::vector<std::size_t> open_;  // Of `spans_`, those without an end.
  Saga saga_;
  Time at_{};
};

}  // namespace

std::vector<Span> spans_of(const Definition& definition, const std::vector<JournalRow>& rows) {
  Spans spans(definition);
  for (const JournalRow& row : rows) spans.take(row);
  auto all = spans.take_all();
  // What took no time was not held back, only recorded in two rows.
  std::erase_if(all, [](const Span& span) {
    return span.kind == Span::Kind::held && span.end && *span.end == span.begin;
  });
  std::stable_sort(all.begin(), all.end(),
                   [](const Span& a, const Span& b) { return a.begin < b.begin; });
  return all;
}

}  // namespace skald::cli

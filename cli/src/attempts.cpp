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

class Spans {
 public:
  void take(const JournalRow& row) {
    at_ = row.at;
    for (const Event& event : row.events) apply(event);
    evolve_row(saga_, row.events, row.version, row.at);
    // What ends a standstill is told by the state: many events can do it.
    if (saga_.status != Status::stuck) close_waits(Span::Kind::stuck);
    if (!saga_.paused) close_waits(Span::Kind::paused);
    if (is_end(saga_.status)) close_all();
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
              close_backoff(e.attempt.step, e.attempt.direction);
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
            [this](const SagaStuck& e) {
              open(Span::Kind::stuck, {e.why.step, e.why.direction, 0}).error = e.why.error;
            },
            [this](const SagaPaused&) { open(Span::Kind::paused, {}); },
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

  Span& open(Span::Kind kind, const AttemptRef& attempt) {
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
  }

  // A definitive answer may name an attempt that was given up long before: then it is the later
  // attempts of the same command that stop here.
  void answer(const AttemptRef& attempt, Span::End ended, const ErrorInfo& error) {
    for (Span& span : spans_) {
      if (span.kind != Span::Kind::attempt || span.end || span.attempt != attempt) continue;
      span.end = at_;
      span.ended = ended;
      span.error = error;
    }
    if (ended == Span::End::succeeded || ended == Span::End::rejected) settle(attempt.step);
  }

  void settle(StepIndex step) {
    for (Span& span : spans_) {
      if (span.attempt.step != step || span.end || span.kind == Span::Kind::stuck) continue;
      close(span);
    }
  }

  void close_backoff(StepIndex step, Direction direction) {
    for (Span& span : spans_) {
      const bool same = span.attempt.step == step && span.attempt.direction == direction;
      if (same && span.kind == Span::Kind::backoff && !span.end) close(span);
    }
  }

  void close_waits(Span::Kind kind) {
    for (Span& span : spans_) {
      if (span.kind == kind && !span.end) close(span);
    }
  }

  void close_all() {
    for (Span& span : spans_) {
      if (!span.end) close(span);
    }
  }

  void close(Span& span) const {
    span.end = at_;
    span.ended = span.kind == Span::Kind::attempt ? Span::End::withdrawn : Span::End::waited;
  }

  std::vector<Span> spans_;
  Saga saga_;
  Time at_{};
};

}  // namespace

std::vector<Span> spans_of(const std::vector<JournalRow>& rows) {
  Spans spans;
  for (const JournalRow& row : rows) spans.take(row);
  auto all = spans.take_all();
  std::stable_sort(all.begin(), all.end(),
                   [](const Span& a, const Span& b) { return a.begin < b.begin; });
  return all;
}

}  // namespace skald::cli

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

  void settle(StepIndex step) {
    each_open([&](Span& span) {
      if (span.attempt.step == step && span.kind != Span::Kind::stuck) close(span);
    });
  }

  void close_backoff(StepIndex step, Direction direction) {
    each_open([&](Span& span) {
      const bool same = span.attempt.step == step && span.attempt.direction == direction;
      if (same && span.kind == Span::Kind::backoff) close(span);
    });
  }

  void close_waits(Span::Kind kind) {
    each_open([&](Span& span) {
      if (span.kind == kind) close(span);
    });
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

  std::vector<Span> spans_;
  std::vector<std::size_t> open_;  // Of `spans_`, those without an end.
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

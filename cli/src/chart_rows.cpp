#include "chart_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "output/text.hpp"
#include "skald/secret_mask.hpp"

namespace skald::cli {
namespace {

class Rows {
 public:
  Rows(const std::vector<Span>& spans, const FoldedSaga& folded, Time now, const Glyphs& glyphs)
      : spans_(spans),
        folded_(folded),
        mask_(*folded.definition, folded.saga),
        now_(now),
        glyphs_(glyphs) {}

  [[nodiscard]] std::vector<ChartRow> all() const;

 private:
  [[nodiscard]] std::string step_name(StepIndex step) const;
  [[nodiscard]] std::string label_of(const Span& span) const;
  [[nodiscard]] ChartRow row_of(const Span& span) const;
  [[nodiscard]] std::string length_of(const Span& span) const;
  [[nodiscard]] std::string code_of(const Span& span) const { return mask_.text(span.error.code); }
  void describe_attempt(const Span& span, ChartRow& row) const;

  const std::vector<Span>& spans_;
  const FoldedSaga& folded_;
  SecretMask mask_;
  Time now_;
  const Glyphs& glyphs_;
};

std::vector<ChartRow> Rows::all() const {
  std::vector<ChartRow> rows;
  std::set<StepIndex> seen;
  const Span* backoff = nullptr;
  for (std::size_t i = 0; i < spans_.size(); ++i) {
    const Span& span = spans_[i];
    seen.insert(span.attempt.step);
    if (span.kind == Span::Kind::backoff && span.end) {
      backoff = &span;
      continue;
    }
    ChartRow row = row_of(span);
    if (span.kind == Span::Kind::attempt && backoff != nullptr &&
        backoff->attempt.step == span.attempt.step) {
      row.backoff = backoff;
      backoff = nullptr;
    }
    rows.push_back(std::move(row));
  }
  for (StepIndex step = 0; step < folded_.definition->steps.size(); ++step) {
    if (seen.contains(step) || step >= folded_.saga.steps.size()) continue;
    ChartRow row;
    row.label = step_name(step);
    const StepStatus status = folded_.saga.steps[step].status;
    row.result = status == StepStatus::cancelled ? "not run" : to_string(status);
    row.style = Style::dim;
    rows.push_back(std::move(row));
  }
  return rows;
}

ChartRow Rows::row_of(const Span& span) const {
  ChartRow row;
  row.label = label_of(span);
  row.span = &span;
  switch (span.kind) {
    case Span::Kind::attempt: describe_attempt(span, row); break;
    case Span::Kind::backoff:
      row.result = span.end ? "waited " + length_of(span)
                            : "next attempt " + relative_time(span.due.value_or(now_), now_);
      row.style = Style::busy;
      break;
    case Span::Kind::stuck:
      row.result = fmt::format("{}{} {}", span.end ? "" : "for ", length_of(span), code_of(span));
      row.style = Style::bad;
      break;
    case Span::Kind::paused:
      row.result = (span.end ? "" : "for ") + length_of(span);
      row.style = Style::turning;
      break;
    case Span::Kind::sleep:
      row.result = span.end ? "slept " + length_of(span)
                            : "wakes " + relative_time(span.due.value_or(now_), now_);
      row.style = Style::busy;
      break;
    case Span::Kind::signal:
      row.result =
          fmt::format("{}{} for its signal", span.end ? "waited " : "waits ", length_of(span));
      row.style = Style::busy;
      break;
    case Span::Kind::child:
      row.result = fmt::format("{} {} saga {}", span.end ? "took" : "under way for",
                               length_of(span), span.error.message);
      row.style = span.end ? Style::plain : Style::busy;
      break;
    case Span::Kind::lock:
      row.result = fmt::format("{}{} {}", span.end ? "" : "for ", length_of(span),
                               mask_.lock(span.error.message));
      row.style = Style::turning;
      break;
    case Span::Kind::held:
      row.result =
          fmt::format("{} {}, not issued", span.end ? "ready" : "ready for", length_of(span));
      row.style = Style::turning;
      break;
    case Span::Kind::carried:
      row.result = "output taken over";
      row.style = Style::dim;
      break;
    case Span::Kind::decided:
      row.result = fmt::format("operator: {}", code_of(span));
      row.style = Style::turning;
      break;
  }
  return row;
}

void Rows::describe_attempt(const Span& span, ChartRow& row) const {
  const std::string length = length_of(span);
  const bool undo = span.attempt.direction == Direction::compensate;
  switch (span.ended) {
    case Span::End::succeeded:
      row.result = fmt::format("{} {}{}", glyphs_.ok, undo ? "undone " : "", length);
      row.style = undo ? Style::turning : Style::good;
      return;
    case Span::End::rejected:
      row.result = fmt::format("{} rejected {}", glyphs_.bad, code_of(span));
      row.style = Style::bad;
      return;
    case Span::End::failed:
      row.result = fmt::format("{} failed {}", glyphs_.bad, code_of(span));
      row.style = Style::bad;
      return;
    case Span::End::unanswered:
      row.result = span.error.code == "TIMEOUT"
                       ? fmt::format("{} no answer in {}", glyphs_.unsure, length)
                       : fmt::format("{} unknown {}", glyphs_.unsure, code_of(span));
      row.style = Style::bad;
      return;
    case Span::End::withdrawn:
      row.result = "given up after " + length;
      row.style = Style::dim;
      return;
    case Span::End::open:
    case Span::End::waited:
      row.result = fmt::format("{} under way for {}", glyphs_.open, length);
      row.style = Style::busy;
      return;
  }
}

std::string Rows::label_of(const Span& span) const {
  switch (span.kind) {
    case Span::Kind::stuck: return "stuck";
    case Span::Kind::paused: return "paused";
    case Span::Kind::lock: return "lock";
    case Span::Kind::sleep:
    case Span::Kind::signal:
    case Span::Kind::child:
    case Span::Kind::held:
    case Span::Kind::carried:
    case Span::Kind::decided:
    case Span::Kind::backoff:
    case Span::Kind::attempt: break;
  }
  std::string label = step_name(span.attempt.step);
  if (span.attempt.direction == Direction::compensate) {
    label = fmt::format("{} {}", glyphs_.back, label);
  } else if (span.attempt.direction == Direction::resolve) {
    label = fmt::format("? {}", label);
  }
  if (span.attempt.attempt > 1) label += fmt::format(" #{}", span.attempt.attempt);
  return label;
}

std::string Rows::step_name(StepIndex step) const {
  if (step >= folded_.definition->steps.size()) return "saga";
  return folded_.definition->steps[step].name;
}

std::string Rows::length_of(const Span& span) const {
  return describe_duration(span.end.value_or(std::max(now_, span.begin)) - span.begin);
}

}  // namespace

std::vector<ChartRow> chart_rows(const std::vector<Span>& spans, const FoldedSaga& folded, Time now,
                                 const Glyphs& glyphs) {
  return Rows(spans, folded, now, glyphs).all();
}

}  // namespace skald::cli

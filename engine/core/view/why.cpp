// The sentence of `why`: what a saga waits for, since when, what comes next, what would help.
#include <fmt/format.h>

#include <algorithm>

#include "skald/decide.hpp"
#include "skald/view.hpp"
#include "view/advice.hpp"
#include "view/parts.hpp"

namespace skald {
namespace {

std::string describe_shown(const ErrorInfo& error) {
  if (error.message.empty()) return error.code;
  // The engine's own sentences name the code already.
  if (error.message.find(error.code) != std::string::npos) return error.message;
  return fmt::format("{}: {}", error.code, error.message);
}

// When the journal last recorded something; nothing when it did not, or is not at hand.
template <typename Matches>
std::optional<Time> last_time(const std::vector<JournalRow>* rows, Matches matches) {
  if (!rows) return std::nullopt;
  for (auto row = rows->rbegin(); row != rows->rend(); ++row) {
    if (std::any_of(row->events.begin(), row->events.end(), matches)) return row->at;
  }
  return std::nullopt;
}

class Why {
 public:
  /// `rows`: the whole journal, or null.
  Why(const SecretMask& mask, const Saga& saga, const std::vector<JournalRow>* rows, Time now)
      : mask_(mask), definition_(mask.definition()), saga_(saga), rows_(rows), now_(now) {}

  [[nodiscard]] std::string sentence() const {
    std::string text = by_status();
    if (saga_.paused) text = paused(text);
    if (saga_.failing) text += "; " + failing();
    if (saga_.unusable && !is_end(saga_.status)) text += unusable();
    if (saga_.wish) {
      text += fmt::format("; a wish to turn back ({}) waits for the outcome of {}",
                          mask_.text(saga_.wish->reason.code), name(definition_.pivot()));
    }
    return text;
  }

 private:
  [[nodiscard]] std::string by_status() const {
    switch (saga_.status) {
      case Status::pending: return not_begun();
      case Status::running: return forward();
      case Status::compensating: return back();
      case Status::stuck: return stuck();
      case Status::completed: return fmt::format("completed {}{}", ago(*saga_.ended_at), forced());
      case Status::compensated:
        return fmt::format("compensated {}, because {}{}", ago(*saga_.ended_at), cause(), forced());
      case Status::abandoned:
        return fmt::format("abandoned by an operator {}; effects may remain", ago(*saga_.ended_at));
    }
    return {};
  }

  [[nodiscard]] std::string paused(const std::string& text) const {
    if (saga_.status == Status::stuck) {
      return fmt::format("paused, and `skald resume` only ends that; then it is {}", text);
    }
    return fmt::format("paused: nothing new is issued until `skald resume`; {}", text);
  }

  [[nodiscard]] std::string failing() const {
    return fmt::format(
        "{} failed ({}), and the saga turns back once the steps beside it have ended; `skald "
        "cancel` turns it back now",
        name(saga_.failing->step), mask_.text(saga_.failing->error.code));
  }

  // Only while its step waits for an answer: that message may have been it.
  [[nodiscard]] std::string unusable() const {
    const UnusableNotice& message = *saga_.unusable;
    if (message.step < saga_.steps.size() && saga_.done.contains(message.step)) return {};
    const std::string about = message.step < saga_.steps.size() ? " for " + name(message.step) : "";
    return fmt::format(
        "; a message{} came {} and could not be used ({}: {}): it is in quarantine, see `skald "
        "quarantine list`",
        about, ago(message.at), message.reason, mask_.text(message.detail));
  }

  [[nodiscard]] std::string not_begun() const {
    if (saga_.not_before && *saga_.not_before > now_) {
      return fmt::format("its start is delayed until {}, {}", format_time(*saga_.not_before),
                         until(*saga_.not_before));
    }
    if (saga_.lock_wait) return awaiting_lock();
    return fmt::format(
        "has waited {} for an engine to issue {}: is `skald run` or the "
        "service running on this store?",
        since(saga_.started_at), name(0));
  }

  [[nodiscard]] std::string awaiting_lock() const {
    return fmt::format(
        "waits for the lock {} behind saga {}, which gets or has it first; the lock is free when "
        "that saga has ended",
        mask_.lock(saga_.lock_wait->name), saga_.lock_wait->behind.to_string());
  }

  // Of a graph, every step that is under way; of many, the first few.
  [[nodiscard]] std::string forward() const {
    constexpr std::size_t named_max = 3;
    std::vector<StepIndex> under_way;
    saga_.begun.each([&](StepIndex i) {
      const StepStatus status = saga_.steps[i].status;
      const bool over = status == StepStatus::rejected || status == StepStatus::failed;
      if (!saga_.done.contains(i) && !(saga_.failing && over)) under_way.push_back(i);
    });
    if (under_way.empty() && saga_.failing) return "nothing is under way any more";
    if (under_way.empty()) {
      const StepIndex at = current_step(saga_);
      return at == no_step ? "all steps are done" : forward(at);
    }
    std::string text;
    for (std::size_t i = 0; i < under_way.size() && i < named_max; ++i) {
      text += (i == 0 ? "" : "; ") + forward(under_way[i]);
    }
    if (under_way.size() > named_max) {
      text += fmt::format("; and {} more steps are under way", under_way.size() - named_max);
    }
    return text;
  }

  [[nodiscard]] std::string waiting(StepIndex at) const {
    const StepState& s = saga_.steps[at];
    const Step& step = definition_.steps[at];
    const std::string end = s.wake_at ? until(*s.wake_at) : "";
    if (const auto* wait = step.as<WaitFor>()) {
      if (saga_.paused && has_kept(wait->signal)) {
        return fmt::format("{} has its signal {} already: {}", name(at), wait->signal,
                           advice(definition_, saga_, Standstill::signal_kept, at));
      }
      return fmt::format("{} waits for the signal {}, since {}{}; {}", name(at), wait->signal,
                         ago(s.started_at.value_or(now_)),
                         s.wake_at ? ", and times out " + end : "",
                         advice(definition_, saga_, Standstill::signal_awaited, at));
    }
    if (s.child) {
      return fmt::format("{} waits for child saga {} to end; `skald why {}` says how it stands",
                         name(at), s.child->to_string(), s.child->to_string());
    }
    return fmt::format("{} sleeps and wakes {}", name(at), end);
  }

  [[nodiscard]] std::string forward(StepIndex at) const {
    const StepState& s = saga_.steps[at];
    switch (s.status) {
      case StepStatus::waiting: return waiting(at);
      case StepStatus::dispatched: return awaiting(at, Direction::action);
      case StepStatus::retry_wait: return retrying(at, Direction::action);
      case StepStatus::unknown:
        return fmt::format("{} may have happened; {}", name(at),
                           s.of(Direction::resolve).retry_at ? retrying(at, Direction::resolve)
                                                             : awaiting(at, Direction::resolve));
      default:
        if (participant(at).empty()) return fmt::format("{} is next", name(at));
        return fmt::format("{} is ready and waits to be issued to {}", name(at), participant(at));
    }
  }

  [[nodiscard]] std::string back() const {
    const StepIndex at = current_step(saga_);
    if (at == no_step) return "everything is undone";
    const StepState& s = saga_.steps[at];
    std::string what;
    if (s.of(Direction::action).outstanding) {
      what = fmt::format("waits for the answer of {} before undoing it", name(at));
    } else if (s.compensation == CompensationStatus::dispatched && s.child) {
      what = fmt::format(
          "waits for child saga {} of {} to undo itself; `skald why {}` says how it "
          "stands",
          s.child->to_string(), name(at), s.child->to_string());
    } else if (s.compensation == CompensationStatus::dispatched) {
      what = awaiting(at, Direction::compensate);
    } else if (s.compensation == CompensationStatus::retry_wait) {
      what = retrying(at, Direction::compensate);
    } else {
      what = fmt::format("{} is next to be undone", name(at));
    }
    return fmt::format("turned back because {}; {}", cause(), what);
  }

  [[nodiscard]] bool has_kept(const std::string& signal) const {
    return std::any_of(saga_.signals.begin(), saga_.signals.end(),
                       [&](const KeptSignal& kept) { return kept.name == signal; });
  }

  [[nodiscard]] std::string stuck() const {
    const StepIndex step = saga_.stuck->step;
    const Standstill standstill = standstill_of(definition_, saga_);
    return fmt::format("stuck{}: {}; {}{}", stuck_for(), stuck_by(standstill),
                       advice(definition_, saga_, standstill, step), also_stuck());
  }

  // Of an undo in parallel, the other branches that need somebody.
  [[nodiscard]] std::string also_stuck() const {
    std::string text;
    for (const StepIndex step : saga_.undo_plan) {
      const StepState& s = saga_.steps[step];
      if (step == saga_.stuck->step || s.compensation != CompensationStatus::stuck) continue;
      const Attempts& undo = s.of(Direction::compensate);
      text += fmt::format("{}{}{}", text.empty() ? "" : ", ", name(step),
                          undo.error ? " (" + describe(*undo.error) + ")" : "");
    }
    return text.empty() ? text
                        : fmt::format("; stuck as well, and helped with --step NAME: {}", text);
  }

  // What holds it, without how long and what helps.
  [[nodiscard]] std::string stuck_by(Standstill standstill) const {
    const std::string at = name(saga_.stuck->step);
    const std::string error = describe(saga_.stuck->error);
    switch (standstill) {
      case Standstill::answered_since: return fmt::format("{} has been answered since", at);
      case Standstill::action_in_doubt:
        return fmt::format("{} may have happened and nobody can tell ({})", at, error);
      case Standstill::action_failed: return fmt::format("{} failed for good ({})", at, error);
      case Standstill::undo_by_hand:
        return fmt::format("{} has to be undone by hand ({})", at, error);
      case Standstill::input_unfilled:
      case Standstill::list_uncollected:
      case Standstill::undo_failed:
      case Standstill::undo_unfilled:
      case Standstill::output_unfilled:
      case Standstill::undecidable:
      case Standstill::signal_awaited:
      case Standstill::signal_kept:
      case Standstill::retry_awaited: break;
    }
    return error;
  }

  // Not since the last change: others of its steps may still be answered.
  [[nodiscard]] std::string stuck_for() const {
    const auto at = last_time(
        rows_, [](const Event& event) { return std::holds_alternative<SagaStuck>(event); });
    return at ? " for " + since(*at) : "";
  }

  [[nodiscard]] std::string awaiting(StepIndex at, Direction direction) const {
    const StepState& s = saga_.steps[at];
    const Attempts& a = s.of(direction);
    if (!a.outstanding) {
      return fmt::format("{} waits to be issued to {}", what(at, direction), participant(at));
    }
    const Duration timeout = attempt_timeout(definition_.steps[at], direction);
    const AttemptRef attempt{at, direction, a.made};
    const auto issued = last_time(rows_, [&](const Event& event) {
      const auto* e = std::get_if<CommandIssued>(&event);
      return e && e->attempt == attempt;
    });
    std::string text =
        fmt::format("waits for {} to answer {} (attempt {} of {}, {} {})", participant(at),
                    what(at, direction), a.in_round(), limit(at, direction),
                    issued ? "issued" : "last change", ago(issued.value_or(saga_.updated_at)));
    // A participant may ask for more time, and of that the journal knows nothing.
    if (issued && now_ - *issued > timeout) {
      return text + fmt::format(
                        "; its timeout of {} has passed, so the participant has asked for more "
                        "time, or the command has not reached it yet",
                        describe_duration(timeout));
    }
    return text + fmt::format(
                      "; without an answer it times out {} after it was sent, or later if the "
                      "participant asks for more time",
                      describe_duration(timeout));
  }

  [[nodiscard]] std::string retrying(StepIndex at, Direction direction) const {
    const Attempts& a = saga_.steps[at].of(direction);
    const std::string error = a.error ? describe(*a.error) : "no answer";
    std::string text =
        fmt::format("attempt {} of {} at {} ended with {}; the next is due {}", a.in_round(),
                    limit(at, direction), what(at, direction), error, until(*a.retry_at));
    // A paused saga refuses a retry.
    if (saga_.paused) return text;
    return text + ", " + advice(definition_, saga_, Standstill::retry_awaited, at);
  }

  [[nodiscard]] std::string cause() const {
    if (!saga_.turn_back) return "it was turned back";
    const TurnBack& turn = *saga_.turn_back;
    if (turn.step != no_step) {
      const bool refused = saga_.steps[turn.step].status == StepStatus::rejected;
      return fmt::format("{} {} ({})", name(turn.step), refused ? "was refused" : "failed",
                         describe(turn.error));
    }
    const std::string message = mask_.text(turn.error.message);
    if (turn.error.code == "PARENT_TURNED_BACK") return message;
    if (turn.error.code == "CANCELLED") {
      return message.empty() ? "an operator cancelled it" : "an operator cancelled it: " + message;
    }
    return describe(turn.error);
  }

  [[nodiscard]] std::string forced() const {
    if (!saga_.forced) return {};
    std::string names;
    for (const StepIndex step : saga_.undo_plan) {
      if (!saga_.steps[step].undo_forced) continue;
      names += (names.empty() ? "" : ", ") + name(step);
    }
    return names.empty() ? "; forced by an operator"
                         : fmt::format("; forced by an operator, not confirmed: {}", names);
  }

  [[nodiscard]] std::string describe(const ErrorInfo& error) const {
    return describe_shown(mask_.error(error));
  }
  [[nodiscard]] std::string name(StepIndex step) const { return step_name(definition_, step); }
  // `refund of charge-payment`: what the participant is asked to do, and for which step.
  [[nodiscard]] std::string what(StepIndex step, Direction direction) const {
    const Step& s = definition_.steps[step];
    const std::string& action = direction == Direction::action       ? s.action
                                : direction == Direction::compensate ? s.compensation->action
                                                                     : s.resolve;
    return fmt::format("{} of {}", action, s.name);
  }
  [[nodiscard]] std::string participant(StepIndex step) const {
    return definition_.steps[step].participant;
  }
  [[nodiscard]] std::uint32_t limit(StepIndex step, Direction direction) const {
    const Step& s = definition_.steps[step];
    return direction == Direction::compensate ? s.compensation->retry.max_attempts
                                              : s.retry.max_attempts;
  }
  [[nodiscard]] std::string ago(Time at) const {
    return now_ > at ? describe_duration(now_ - at) + " ago" : "just now";
  }
  [[nodiscard]] std::string since(Time at) const {
    return describe_duration(std::max(now_ - at, Duration::zero()));
  }
  [[nodiscard]] std::string until(Time at) const {
    return at > now_ ? "in " + describe_duration(at - now_) : "now";
  }

  const SecretMask& mask_;
  const Definition& definition_;
  const Saga& saga_;
  const std::vector<JournalRow>* rows_;
  Time now_;
};

}  // namespace

std::string why(const SecretMask& mask, const Saga& saga, Time now) {
  return Why{mask, saga, nullptr, now}.sentence();
}

std::string why(const Definition& definition, const Saga& saga, Time now) {
  return why(SecretMask(definition, saga), saga, now);
}

std::string why(const SecretMask& mask, const Saga& saga, const std::vector<JournalRow>& rows,
                Time now) {
  return Why{mask, saga, &rows, now}.sentence();
}

}  // namespace skald

// Replies, and the quarantine for those that cannot be used.
#include <fmt/format.h>

#include <algorithm>

#include "coordinator/coordinator.hpp"
#include "ports/quarantined_reply.hpp"
#include "saga/outcome_limits.hpp"
#include "skald/secret_mask.hpp"

namespace skald {
namespace {

using Code = Refused::Code;

Refusal no_such_message(std::int64_t number) {
  return {Code::not_found, fmt::format("the quarantine has no message {}", number)};
}

// Why a message that was read changed nothing.
std::string unneeded_note(const Saga& saga) {
  if (is_end(saga.status)) {
    return fmt::format("nothing changed: the saga is {}", to_string(saga.status));
  }
  return "nothing changed: what it answers is decided, or waits for another attempt";
}

}  // namespace

void Coordinator::take(ReplyArrival& a) {
  if (a.reply.receipt != 0) open_.receipts.push_back(a.reply.receipt);
  if (const auto problem = use(a.reply)) quarantine(a.reply, *problem);
}

std::optional<Unusable> Coordinator::use(Reply& reply) {
  LiveSaga* saga = live(reply.saga);
  if ((saga && saga->problem) || unusable_.contains(reply.saga)) {
    return Unusable{unusable::saga_unusable, refuse_saga(reply.saga).message};
  }
  if (!saga) {
    return Unusable{unusable::unknown_saga, "it names a saga that this store does not have"};
  }
  AttemptRef& attempt = reply.attempt;
  if (attempt.step == no_step) attempt.step = saga->definition->find(reply.step).value_or(no_step);
  if (attempt.step >= saga->saga.steps.size()) {
    return Unusable{unusable::unknown_step, "it names a step that the saga does not have"};
  }
  const std::uint32_t made = saga->saga.steps[attempt.step].of(attempt.direction).made;
  const bool asked = saga->definition->steps[attempt.step].as<Call>() != nullptr;
  if (!asked || attempt.attempt == 0 || attempt.attempt > made) {
    return Unusable{unusable::forged_attempt, "it answers an attempt that was never made"};
  }
  limit_outcome(reply.outcome, saga->saga);
  const std::size_t before = open_.batch.appends.size();
  if (const auto failed = apply(*saga, ReplyReceived{attempt, reply.outcome})) {
    return Unusable{unusable::internal, failed->message};
  }
  for (std::size_t i = before; i < open_.batch.appends.size(); ++i) {
    for (const Event& event : open_.batch.appends[i].events) {
      if (!std::holds_alternative<ContradictionSeen>(event)) continue;
      return Unusable{unusable::contradiction, "it contradicts the participant's first answer"};
    }
  }
  return std::nullopt;
}

void Coordinator::quarantine(const Reply& reply, const Unusable& problem) {
  std::string step = reply.step;
  const LiveSaga* saga = step.empty() ? live(reply.saga) : nullptr;
  if (saga && reply.attempt.step < saga->definition->steps.size()) {
    step = saga->definition->steps[reply.attempt.step].name;
  }
  QuarantinedMessage message = keep_reply(reply, step, problem);
  message.step = step;
  keep_in_quarantine(std::move(message));
}

void Coordinator::take(UnusableArrival& a) {
  meter_.store(a.message.body.size() + a.message.headers.size());
  keep_in_quarantine(a.message);
  if (a.receipt != 0) open_.receipts.push_back(a.receipt);
}

void Coordinator::keep_in_quarantine(QuarantinedMessage message) {
  message.at = now_;
  message.channel = channel_.name();
  tell_of_quarantine(message.reason, message.saga);
  note_on_saga(message);
  open_.batch.quarantined.push_back(std::move(message));
}

void Coordinator::note_on_saga(const QuarantinedMessage& message) {
  // What is told there by an event of its own, or by what stopped the saga.
  if (message.reason == unusable::contradiction || message.reason == unusable::internal) return;
  const auto id = SagaId::parse(message.saga);
  LiveSaga* saga = id ? live(*id) : nullptr;
  if (!saga || saga->problem) return;
  const StepIndex step = saga->definition->find(message.step).value_or(no_step);
  if (step != no_step) book_.unusable(saga->definition->steps[step].participant);
  (void)apply(*saga, MessageUnusable{step, message.reason, message.detail});
}

// The first at once, then a sum now and then: whoever sends one may send thousands. What it says is
// not repeated, since nobody knows what is in it.
void Coordinator::tell_of_quarantine(const std::string& reason, const std::string& saga) {
  constexpr Duration told_every{60'000};
  ++quarantined_untold_;
  if (quarantine_told_at_ && now_ >= *quarantine_told_at_ &&
      now_ < *quarantine_told_at_ + told_every) {
    return;
  }
  const auto id = SagaId::parse(saga);
  const std::string whose = id ? " of saga " + id->to_string() : std::string();
  const std::string more = quarantined_untold_ > 1
                               ? fmt::format(", one of {} since the last line", quarantined_untold_)
                               : std::string();
  log(LogLevel::warning,
      fmt::format("a message{} cannot be used and is in quarantine ({}){}; `skald quarantine list` "
                  "shows it",
                  whose, reason, more));
  quarantine_told_at_ = now_;
  quarantined_untold_ = 0;
}

void Coordinator::take(DropQuarantinedArrival& a) {
  try {
    if (store().drop_quarantined(a.number)) {
      a.answer(true);
    } else {
      a.answer(no_such_message(a.number));
    }
  } catch (const StoreError& error) {
    if (!is_passing(error)) throw;
    a.answer(Refusal{Code::unavailable, error.what()});
  }
}

void Coordinator::take(RequeueQuarantinedArrival& a) {
  const auto found = store().quarantine(a.number - 1, 1);
  if (found.empty() || found.front().number != a.number) {
    a.answer(no_such_message(a.number));
    return;
  }
  const QuarantinedMessage& message = found.front();
  const auto stays = [&](const Unusable& problem) {
    const Refusal refusal{Code::wrong_state,
                          fmt::format("message {} stays in quarantine ({}): {}", a.number,
                                      problem.reason, shown_detail(message, problem.detail))};
    a.answer(refusal);
  };
  Reconsidered again = Unusable{message.reason, "what was kept of it is not a whole reply"};
  if (!is_kept_reply(message)) {
    again = channel_.reconsider(message);
  } else if (auto reply = kept_reply(message)) {
    again = *std::move(reply);
  }
  if (const auto* problem = std::get_if<Unusable>(&again)) return stays(*problem);
  Reply& reply = std::get<Reply>(again);
  const std::size_t appends = open_.batch.appends.size();
  const std::size_t effects = open_.effects.size();
  if (const auto problem = use(reply)) return stays(*problem);
  const bool changed = open_.batch.appends.size() > appends || open_.effects.size() > effects;
  if (!changed && message.reason == unusable::contradiction) {
    // Its saga was marked when it came first, and is marked once only.
    return stays({message.reason, "it contradicts what is decided; drop it once that is settled"});
  }
  used_again(a, reply, changed);
}

// A channel's words may quote the message. With its saga it is known what to hide of them.
std::string Coordinator::shown_detail(const QuarantinedMessage& message,
                                      const std::string& detail) {
  const auto id = SagaId::parse(message.saga);
  const LiveSaga* saga = id ? live(*id) : nullptr;
  if (saga && !saga->problem) return SecretMask(*saga->definition, saga->saga).text(detail);
  if (is_kept_reply(message) || !may_hold_secrets()) return detail;
  return fmt::format(
      "the details are not shown, since its saga cannot be read and definitions in this store "
      "declare secrets or cannot be used; see skald quarantine show {}",
      message.number);
}

bool Coordinator::may_hold_secrets() {
  const auto known = known_definitions();
  return std::any_of(known.begin(), known.end(),
                     [](const DefinitionPtr& d) { return !d->secrets.empty(); }) ||
         !store().unusable_definitions().empty();
}

// The message leaves the quarantine after the commit: a crash between the two leaves it there, and
// looking at it once more then changes nothing.
void Coordinator::used_again(const RequeueQuarantinedArrival& a, const Reply& reply, bool changed) {
  RequeueOutcome outcome{reply.saga, changed, "taken as if it had just come"};
  open_.alone = true;
  if (!changed) outcome.note = unneeded_note(live(reply.saga)->saga);
  open_.answers.emplace_back([this, number = a.number, by = a.requester, answer = a.answer,
                              outcome] {
    RequeueOutcome told = outcome;
    try {
      (void)store().drop_quarantined(number);
    } catch (const StoreError& error) {
      if (!is_passing(error)) throw;
      told.note += "; the store is full, so it is still in quarantine: drop it later";
    }
    if (settings_.log) {
      settings_.log(LogLevel::info, fmt::format("message {} of the quarantine was requeued by {}",
                                                number, by.by.empty() ? "an operator" : by.by));
    }
    answer(told);
  });
  owe_refusal(a.answer);
}

}  // namespace skald

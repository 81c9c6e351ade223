#include "skald/participant.hpp"

#include <sqlite3.h>

#include <utility>

#include "handler_outcome.hpp"
#include "skald/crash_point.hpp"

namespace skald {
namespace {

// Not `failed`, although nothing happened: that must be remembered, and the database is out of
// reach.
Outcome describe(const ParticipantError& error) {
  return Outcome::unknown(error.is_busy() ? "DATABASE_BUSY" : "DATABASE_FAILED", error.what());
}

}  // namespace

Participant::Participant(std::string name, const std::string& database_path)
    : name_(std::move(name)), database_(database_path), barrier_(database_.handle()) {}

void Participant::handle(const std::string& action, TransactionHandler handler) {
  handlers_.insert_or_assign(action, std::move(handler));
}

void Participant::handle_outside(const std::string& action, OutsideHandler handler) {
  handlers_.insert_or_assign(action, std::move(handler));
}

void Participant::before_each(std::function<std::optional<Outcome>(const HandlerCall&)> hook) {
  before_ = std::move(hook);
}

void Participant::after_each(std::function<Outcome(const HandlerCall&, Outcome)> hook) {
  after_ = std::move(hook);
}

const Participant::AnyHandler* Participant::find(const std::string& action) const {
  const auto found = handlers_.find(action);
  return found == handlers_.end() ? nullptr : &found->second;
}

bool Participant::is_outside(const std::string& action) const {
  const AnyHandler* handler = find(action);
  return handler != nullptr && std::holds_alternative<OutsideHandler>(*handler);
}

bool Participant::answers_alone(const std::string& action) const {
  return before_ || after_ || is_outside(action);
}

Outcome Participant::answer(const HandlerCall& call) {
  return std::move(answer_all({&call}).front());
}

std::vector<Outcome> Participant::answer_all(const std::vector<const HandlerCall*>& calls) {
  std::vector<std::optional<Outcome>> outcomes(calls.size());
  for (std::size_t i = 0; i < calls.size(); ++i) outcomes[i] = answer_before(*calls[i]);
  answer_in_transaction(calls, outcomes);
  std::vector<Outcome> answers;
  answers.reserve(calls.size());
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (!outcomes[i]) {
      outcomes[i] = answer_outside(*calls[i], std::get<OutsideHandler>(*find(calls[i]->action())));
    }
    answers.push_back(answer_after(*calls[i], std::move(*outcomes[i])));
  }
  return answers;
}

std::optional<Outcome> Participant::answer_before(const HandlerCall& call) const {
  std::optional<Outcome> outcome;
  try {
    if (before_) outcome = before_(call);
  } catch (...) {  // Whatever it is, the outcome says so.
    return handler_threw();
  }
  if (!outcome && find(call.action()) == nullptr && call.direction() != Direction::resolve) {
    outcome = Outcome::failed("UNKNOWN_ACTION", name_ + " has no action " + call.action());
  }
  return outcome;
}

Outcome Participant::answer_after(const HandlerCall& call, Outcome outcome) const {
  if (!after_) return within_limits(std::move(outcome));
  try {
    return within_limits(after_(call, std::move(outcome)));
  } catch (...) {  // Whatever it is, the outcome says so.
    return handler_threw();
  }
}

void Participant::answer_in_transaction(const std::vector<const HandlerCall*>& calls,
                                        std::vector<std::optional<Outcome>>& outcomes) {
  std::vector<std::size_t> ours;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const bool resolve = calls[i]->direction() == Direction::resolve;
    // A failure that was decided before any handler is remembered like a handler's.
    const bool within = outcomes[i] ? outcomes[i]->kind == OutcomeKind::failed
                                    : resolve || !is_outside(calls[i]->action());
    if (within) ours.push_back(i);
  }
  if (ours.empty()) return;
  const std::lock_guard lock(mutex_);
  try {
    SqlTransaction transaction(database());
    for (const std::size_t i : ours) outcomes[i] = answer_within(*calls[i], outcomes[i]);
    crash_point(CrashPoint::participant_before_commit);
    transaction.commit();
    crash_point(CrashPoint::participant_after_commit);
  } catch (const ParticipantError& error) {
    for (const std::size_t i : ours) outcomes[i] = describe(error);
  }
}

// One command's trouble is its own as long as the transaction stands.
Outcome Participant::answer_within(const HandlerCall& call, const std::optional<Outcome>& failure) {
  const AnyHandler* handler = find(call.action());
  const auto* effect = handler == nullptr ? nullptr : std::get_if<TransactionHandler>(handler);
  try {
    if (failure) {
      return barrier_.run_within(call, [&](const HandlerCall&, sqlite3*) { return *failure; });
    }
    return barrier_.run_within(call, effect == nullptr ? TransactionHandler{} : *effect);
  } catch (const ParticipantError& error) {
    if (sqlite3_get_autocommit(database()) != 0) throw;
    return describe(error);
  } catch (...) {  // Whatever it is, the outcome says so.
    return handler_threw();
  }
}

Outcome Participant::answer_outside(const HandlerCall& call, const OutsideHandler& handler) {
  try {
    std::unique_lock lock(mutex_);
    auto claimed = barrier_.claim(call, handler.lease);
    lock.unlock();
    if (auto* outcome = std::get_if<Outcome>(&claimed)) return std::move(*outcome);
    const auto& claim = std::get<Barrier::Claim>(claimed);

    const HandlerCall informed(call.command(), call.stop(), claim.output);
    const Outcome worked = call_handler(handler.work, informed);
    lock.lock();
    return barrier_.finish(claim, call, [&](const HandlerCall& inner, sqlite3* transaction) {
      if (worked.kind != OutcomeKind::success || !handler.record) return worked;
      return handler.record(inner, worked, transaction);
    });
  } catch (const ParticipantError& error) {
    return describe(error);
  } catch (...) {  // Whatever it is, the outcome says so.
    return handler_threw();
  }
}

}  // namespace skald

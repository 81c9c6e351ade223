#include "skald/barrier.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "barrier_records.hpp"
#include "handler_outcome.hpp"
#include "savepoint.hpp"
#include "skald/crash_point.hpp"

namespace skald {
namespace {

using barrier::Answer;
using barrier::Conclude;
using barrier::Proceed;
using barrier::Verdict;

constexpr int busy_timeout_ms = 10'000;

// Leases are compared between processes, hence the wall clock.
Time now() { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }

std::string make_owner() {
  std::random_device random;
  return std::to_string(random()) + "-" + std::to_string(random());
}

// Of a `pending`; a resolve keeps none.
bool is_kept_pending(const Outcome& outcome, const HandlerCall& call) {
  return outcome.kind == OutcomeKind::pending && call.direction() != Direction::resolve;
}

Time lease_end(const Outcome& outcome) {
  return now() + std::clamp(outcome.lease, Duration{1}, wish_max);
}

// What a resolve did not find out is not the action's failure.
bool is_remembered(const Outcome& outcome, const HandlerCall& call) {
  return outcome.kind == OutcomeKind::success || outcome.kind == OutcomeKind::rejected ||
         (outcome.kind == OutcomeKind::failed && call.direction() != Direction::resolve);
}

// `failed` says that nothing happened under the key. Who cannot vouch for an earlier run, which was
// lost or ended `unknown`, cannot say so.
void stay_in_doubt(Outcome& outcome, const HandlerCall& call) {
  if (outcome.kind != OutcomeKind::failed || call.direction() == Direction::resolve) return;
  outcome.kind = OutcomeKind::unknown;
}

}  // namespace

Barrier::Barrier(sqlite3* database) : database_(database) {
  sqlite3_busy_timeout(database_, busy_timeout_ms);
  run_script(database_, "PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA");
  records_ = std::make_unique<Records>(database_);
}

Barrier::~Barrier() = default;

Outcome Barrier::run(const HandlerCall& call, const TransactionHandler& effect) {
  SqlTransaction transaction(database_);
  Outcome outcome = run_within(call, effect);
  transaction.commit();
  return outcome;
}

// The caller's transaction is the claim: it commits what is remembered together with the effect,
// and until then no other can.
Outcome Barrier::run_within(const HandlerCall& call, const TransactionHandler& effect) {
  bool doubtful = false;
  Verdict verdict = records_->judge(call, effect != nullptr, now(), &doubtful);
  if (auto* answer = std::get_if<Answer>(&verdict)) {
    if (is_kept_pending(answer->outcome, call)) records_->note_attempt(call);
    return std::move(answer->outcome);
  }

  Savepoint savepoint(database_, records_->savepoint());
  if (auto* conclude = std::get_if<Conclude>(&verdict)) {
    records_->conclude(call, conclude->outcome);
    savepoint.keep();
    return std::move(conclude->outcome);
  }
  auto& proceed = std::get<Proceed>(verdict);
  const HandlerCall informed(call.command(), call.stop(), std::move(proceed.output));
  Outcome outcome = effect(informed, database_);
  if (doubtful) stay_in_doubt(outcome, call);
  if (is_kept_pending(outcome, call)) {
    records_->keep_pending(call, make_owner(), lease_end(outcome));
    if (proceed.bar_action) records_->bar_in_doubt(call);
    savepoint.keep();
    return outcome;
  }
  if (!is_remembered(outcome, call)) return outcome;
  if (outcome.kind != OutcomeKind::success) savepoint.undo();
  records_->remember(call, outcome);
  savepoint.keep();
  return outcome;
}

std::variant<Barrier::Claim, Outcome> Barrier::claim(const HandlerCall& call, Duration lease) {
  SqlTransaction transaction(database_);
  Verdict verdict = records_->judge(call, false, now());
  if (auto* answer = std::get_if<Answer>(&verdict)) {
    if (is_kept_pending(answer->outcome, call)) {
      records_->note_attempt(call);
      transaction.commit();
    }
    return std::move(answer->outcome);
  }
  if (auto* conclude = std::get_if<Conclude>(&verdict)) {
    records_->conclude(call, conclude->outcome);
    transaction.commit();
    return std::move(conclude->outcome);
  }
  auto& proceed = std::get<Proceed>(verdict);
  Claim claim{make_owner(), std::move(proceed.output), false};
  claim.may_have_happened = records_->claim(call, claim.owner, now() + lease);
  if (proceed.bar_action) records_->bar_in_doubt(call);
  transaction.commit();
  crash_point(CrashPoint::barrier_claimed);
  return claim;
}

Outcome Barrier::finish(const Claim& claim, const HandlerCall& call,
                        const TransactionHandler& effect) {
  const HandlerCall informed(call.command(), call.stop(), claim.output);
  SqlTransaction transaction(database_);
  if (!records_->is_claimed_by(call, claim.owner)) {
    Verdict verdict = records_->judge(call, false, now());
    if (auto* answer = std::get_if<Answer>(&verdict)) return std::move(answer->outcome);
    if (auto* conclude = std::get_if<Conclude>(&verdict)) {
      records_->conclude(call, conclude->outcome);
      transaction.commit();
      return std::move(conclude->outcome);
    }
  }
  // Until the end is known, and if the effect throws, the work may have happened.
  const bool doubtful = records_->claim(call, claim.owner, Time{});
  std::optional<Outcome> outcome;
  try {
    Savepoint savepoint(database_, records_->savepoint());
    outcome = effect(informed, database_);
    if (outcome->kind == OutcomeKind::success || outcome->kind == OutcomeKind::pending) {
      savepoint.keep();
    }
  } catch (...) {  // Thrown on.
    if (sqlite3_get_autocommit(database_) == 0) transaction.commit();
    throw;
  }
  if (doubtful) stay_in_doubt(*outcome, call);
  if (is_remembered(*outcome, call)) records_->remember(call, *outcome);
  if (is_kept_pending(*outcome, call)) {
    records_->keep_pending(call, claim.owner, lease_end(*outcome));
  }
  crash_point(CrashPoint::barrier_before_finish);
  transaction.commit();
  crash_point(CrashPoint::barrier_finished);
  return std::move(*outcome);
}

Completion Barrier::complete(const CommandId& call, const Outcome& outcome,
                             const std::function<void(sqlite3*)>& record) {
  SqlTransaction transaction(database_);
  Completion completion = records_->complete(call, outcome);
  if (!completion.settled) return completion;
  if (record) record(database_);
  crash_point(CrashPoint::barrier_before_finish);
  transaction.commit();
  crash_point(CrashPoint::barrier_finished);
  return completion;
}

std::vector<LateReply> Barrier::late_replies(std::size_t limit) {
  return records_->late_replies(limit);
}

void Barrier::forget_late_replies(const std::vector<CommandId>& calls) {
  SqlTransaction transaction(database_);
  for (const CommandId& call : calls) records_->forget_late_reply(call);
  transaction.commit();
}

}  // namespace skald

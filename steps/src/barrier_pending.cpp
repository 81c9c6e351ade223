// Commands that a handler said `pending` to, and their late replies: the table `skald_pending`.
#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

#include "barrier_records.hpp"
#include "handler_outcome.hpp"
#include "skald/text.hpp"

namespace skald {
namespace {

using barrier::Record;
using barrier::RecordState;
using Reason = CompletionRefused::Reason;

// Of a remembered output, in a refusal.
constexpr std::size_t shown_bytes = 200;

std::string make_pending_owner() {
  std::random_device random;
  return fmt::format("pending-{:08x}{:08x}", random(), random());
}

CommandId with_attempt(CommandId id, std::uint32_t attempt) {
  id.attempt = attempt;
  return id;
}

// What is remembered, as far as complete() may repeat it.
bool agrees(const Record& record, const Outcome& outcome) {
  switch (record.state) {
    case RecordState::success:
      return outcome.kind == OutcomeKind::success && outcome.output == record.output;
    case RecordState::rejected:
      return outcome.kind == OutcomeKind::rejected && outcome.error == record.error;
    case RecordState::failed:
      return outcome.kind == OutcomeKind::failed && outcome.error == record.error;
    case RecordState::barred: return outcome.kind != OutcomeKind::success;
    case RecordState::working: return false;
  }
  return false;
}

std::string contradiction(const CommandId& call, const Record& record, const Outcome& outcome) {
  if (record.state == RecordState::barred) {
    return fmt::format(
        "call {} cannot be completed with success: its step was undone meanwhile; take back what "
        "was done for it",
        call.to_string());
  }
  return fmt::format(
      "call {} cannot be completed with {}{}{}: it is {} already, with {}, and that is final; find "
      "out which of the two is true",
      call.to_string(), to_string(outcome.kind), outcome.error.code.empty() ? "" : " ",
      outcome.error.code, to_string(record.state),
      record.state == RecordState::success
          ? "output " + clean_text(record.output.text(), shown_bytes)
          : "code " + record.error.code);
}

CompletionRefused unknown_call(const CommandId& call) {
  return {Reason::unknown_call,
          fmt::format("call {} cannot be completed: it has not come to this participant; check the "
                      "id, and that this is the database its handler was called with",
                      call.to_string())};
}

CompletionRefused not_pending(const CommandId& call) {
  return {Reason::not_pending,
          fmt::format("call {} cannot be completed: its handler has not said pending, or it is "
                      "being carried out again; try again once it has answered",
                      call.to_string())};
}

}  // namespace

struct Barrier::Records::Pending {
  std::uint32_t attempt = 1;
  std::string owner;
  std::string reply_to;
};

void Barrier::Records::keep_pending(const HandlerCall& call, const std::string& claimed_by,
                                    Time lease_until) {
  const std::string key = call.idempotency_key();
  static_cast<void>(claim(call, claimed_by, lease_until));
  Record record = find(key).value();
  record.owner = make_pending_owner();
  put(key, record);
  put_pending(key, {call.attempt(), record.owner, call.reply_to()});
}

void Barrier::Records::put_pending(const std::string& key, const Pending& pending) {
  run_sql(database_,
          "INSERT OR REPLACE INTO skald_pending VALUES (?, ?, ?, ?, 0, '', 'null', '', '', 'null', "
          "NULL)",
          key, pending.attempt, std::string_view(pending.owner),
          std::string_view(pending.reply_to));
}

void Barrier::Records::note_attempt(const HandlerCall& call) {
  run_sql(database_,
          "UPDATE skald_pending SET attempt = ?1, reply_to = ?2 "
          "WHERE key = ?3 AND attempt < ?1 AND NOT due",
          call.attempt(), std::string_view(call.reply_to()), call.idempotency_key());
}

std::optional<Barrier::Records::Pending> Barrier::Records::find_pending(const std::string& key) {
  SqlStatement find(database_,
                    "SELECT attempt, owner, reply_to FROM skald_pending WHERE key = ? AND NOT due");
  if (!find.bind(key).step()) return std::nullopt;
  return Pending{static_cast<std::uint32_t>(find.integer(0)), find.text(1), find.text(2)};
}

Completion Barrier::Records::complete(const CommandId& call, const Outcome& outcome) {
  if (outcome.kind == OutcomeKind::pending) {
    throw CompletionRefused(Reason::not_final,
                            fmt::format("call {} cannot be completed with pending, which is no "
                                        "end; say what it came to",
                                        call.to_string()));
  }
  const std::string key = call.idempotency_key();
  const auto record = call.direction == Direction::resolve ? std::nullopt : find(key);
  if (!record) throw unknown_call(call);
  Completion completion{false, {call, {}, within_limits(outcome)}};
  if (record->state == RecordState::working) {
    const auto pending = find_pending(key);
    if (!pending || pending->owner != record->owner) throw not_pending(call);
    if (call.attempt > pending->attempt) throw unknown_call(call);
    completion.reply = {with_attempt(call, pending->attempt), pending->reply_to, outcome};
    settle(*pending, *record, completion);
    return completion;
  }
  if (record->state == RecordState::failed && call.attempt > record->attempt) {
    throw unknown_call(call);
  }
  if (agrees(*record, outcome)) return completion;
  throw CompletionRefused(Reason::contradicts, contradiction(call, *record, outcome));
}

void Barrier::Records::settle(const Pending& pending, const Record& record,
                              Completion& completion) {
  completion.settled = true;
  Outcome& outcome = completion.reply.outcome;
  // Nobody can vouch for an earlier run that was lost.
  if (outcome.kind == OutcomeKind::failed && record.doubtful) outcome.kind = OutcomeKind::unknown;
  Command command;
  command.id = completion.reply.call;
  command.round = record.round;
  const HandlerCall call(command, {});
  const std::string key = call.idempotency_key();
  if (outcome.kind == OutcomeKind::unknown) {
    Record doubt = record;
    doubt.owner += "-ended";
    doubt.lease_until = Time{};
    put(key, doubt);
  } else {
    remember(call, outcome);
  }
  outcome = within_limits(std::move(outcome));
  if (pending.reply_to.empty()) {
    run_sql(database_, "DELETE FROM skald_pending WHERE key = ?", key);
    return;
  }
  const std::int64_t no_wish = -1;
  run_sql(database_,
          "UPDATE skald_pending SET due = 1, outcome = ?, output = ?, error_code = ?, "
          "error_message = ?, error_data = ?, retry_after = ? WHERE key = ?",
          std::string_view(to_string(outcome.kind)), outcome.output.text(), outcome.error.code,
          outcome.error.message, outcome.error.data.text(),
          outcome.retry_after ? outcome.retry_after->count() : no_wish, key);
}

std::vector<LateReply> Barrier::Records::late_replies(std::size_t limit) {
  SqlStatement find(database_,
                    "SELECT key, attempt, reply_to, outcome, output, error_code, error_message, "
                    "error_data, retry_after FROM skald_pending WHERE due LIMIT ?");
  find.bind(limit);
  std::vector<LateReply> replies;
  while (find.step()) {
    const auto id = CommandId::parse(fmt::format("{}/{}", find.text(0), find.integer(1)));
    const auto kind = parse_outcome_kind(find.text(3));
    if (!id || !kind) {
      throw ParticipantError("skald_pending holds a row that cannot be read, key " + find.text(0) +
                                 ": delete it, and the attempt times out at the engine",
                             false);
    }
    LateReply& reply = replies.emplace_back(LateReply{*id, find.text(2), {}});
    reply.outcome.kind = *kind;
    reply.outcome.output = JsonText::trusted(find.text(4));
    reply.outcome.error = {find.text(5), find.text(6), JsonText::trusted(find.text(7))};
    if (find.integer(8) >= 0) reply.outcome.retry_after = Duration{find.integer(8)};
  }
  return replies;
}

void Barrier::Records::forget_late_reply(const CommandId& call) {
  run_sql(database_, "DELETE FROM skald_pending WHERE key = ? AND attempt = ? AND due",
          call.idempotency_key(), call.attempt);
}

}  // namespace skald

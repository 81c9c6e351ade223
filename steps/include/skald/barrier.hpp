// The idempotency barrier: commands arrive more than once and out of order, effects do not.
//
// It lives in a table of the participant's own SQLite database, so that an effect and what is
// remembered of it are committed together or not at all. It keeps all rules for participants of
// docs/wire.md: a repeated key is answered with the first outcome, a rejection binds its own
// round only, and a compensation that overtakes its action bars it.
//
//   skald::Barrier barrier{database.handle()};
//   Outcome outcome = barrier.run(call, [](const HandlerCall& call, sqlite3* tx) { … });
//
// For work outside the database, such as a payment gateway: claim(), do it, finish(). For work that
// goes on when its handler has returned: the handler says `pending`, and complete() what it came
// to.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "skald/participant_call.hpp"
#include "skald/participant_database.hpp"

namespace skald {

/// Carries a command out inside the participant's transaction. It must not commit, roll back or
/// attach; it may use savepoints. A compensation is called only if its action succeeded (then
/// call.output() is what the action answered) or may have happened (then it is null).
using TransactionHandler = std::function<Outcome(const HandlerCall& call, sqlite3* transaction)>;

/// A reply that comes later than its handler's `pending`.
struct LateReply {
  CommandId call;  ///< The last attempt that was answered `pending`.
  std::string reply_to;
  Outcome outcome;  ///< Within the limits of a reply.
};

/// Whether this call of complete() settled it, or it was so already; and its reply.
struct Completion {
  bool settled = false;
  LateReply reply;
};

/// complete() was refused, and nothing has changed; what() says what to do.
class CompletionRefused : public Error {
 public:
  enum class Reason {
    unknown_call,  ///< No such command, or attempt, has come here.
    not_pending,   ///< Its handler is still at work, or did not say `pending`.
    contradicts,   ///< It has another outcome already, or was undone.
    not_final,     ///< `pending` is no end.
  };
  CompletionRefused(Reason reason, const std::string& what) : Error(what), reason_(reason) {}
  [[nodiscard]] Reason reason() const { return reason_; }

 private:
  Reason reason_;
};

/// One thread at a time; any number of processes and connections. Everything throws
/// ParticipantError when the database fails; nothing is remembered then.
class Barrier {
 public:
  /// Creates the table `skald_barrier` when it is missing. The connection is borrowed; it is set to
  /// a rollback journal, synchronous=EXTRA and a busy timeout of 10 s.
  explicit Barrier(sqlite3* database);
  ~Barrier();
  Barrier(const Barrier&) = delete;
  Barrier& operator=(const Barrier&) = delete;

  /// Carries the command out in one transaction, or answers what is remembered of it. Kept are the
  /// effects of `success` and `pending`, and the outcomes `success`, `rejected` and `failed`, the
  /// last for this and earlier attempts. `pending` claims the key for its lease (as claim() does)
  /// until complete() settles it. After `unknown`, and when the effect throws, which is passed on,
  /// it is as if the command had never come. When an earlier run is in doubt, `failed` is answered
  /// as `unknown`: nobody can say that nothing happened under the key. For `resolve` the effect may
  /// be empty: it is only called to find out about a claim whose owner was lost, and its `success`
  /// or `rejected` then becomes the action's.
  [[nodiscard]] Outcome run(const HandlerCall& call, const TransactionHandler& effect);
  /// The same inside a transaction that the caller began and commits: several commands can share
  /// one. Must not be answered to anybody before that commit.
  [[nodiscard]] Outcome run_within(const HandlerCall& call, const TransactionHandler& effect);

  /// The right to work on a key outside any transaction, until its lease is over.
  struct Claim {
    std::string owner;
    std::optional<JsonText> output;  ///< Of the action, for a compensation; if it is known.
    /// An earlier run was lost or ended `unknown`: ask the gateway what became of the key first.
    bool may_have_happened = false;
  };
  /// Claims the key, durably, or answers: what is remembered, or `pending` while another's claim is
  /// alive. Choose the lease longer than the work can take: when it is over, the command may be
  /// taken up by another, with the same key towards the gateway. Not for `resolve`.
  [[nodiscard]] std::variant<Claim, Outcome> claim(const HandlerCall& call, Duration lease);
  /// Records in one transaction what became of the claimed work; `effect` may change tables and
  /// gives the outcome. `failed` frees the key for the next attempt. After `unknown`, and when the
  /// effect throws, the key is free for the next attempt, but its action counts as
  /// may-have-happened: a compensation will run. When the claim was lost meanwhile, the effect may
  /// not be called; the outcome that holds is answered.
  /// After `pending` the claim lasts for its lease, until complete() settles it.
  [[nodiscard]] Outcome finish(const Claim& claim, const HandlerCall& call,
                               const TransactionHandler& effect);

  /// Settles a command whose handler said `pending`, in one transaction: the outcome is remembered
  /// like a handler's, the reply is kept until it was sent, and `record`, if there is one, may
  /// change tables. Any attempt of the command may be named, in any process, also after the lease,
  /// as long as nobody has taken the command up again. An outcome that is known already is settled:
  /// `record` is not called. What `record` throws is passed on, and nothing is kept.
  /// \throws CompletionRefused
  [[nodiscard]] Completion complete(const CommandId& call, const Outcome& outcome,
                                    const std::function<void(sqlite3* transaction)>& record = {});
  /// Late replies that are to be sent to a queue, at most `limit`.
  [[nodiscard]] std::vector<LateReply> late_replies(std::size_t limit);
  /// They need not be sent again.
  void forget_late_replies(const std::vector<CommandId>& calls);

 private:
  class Records;
  sqlite3* database_;
  std::unique_ptr<Records> records_;
};

}  // namespace skald

// The table `skald_barrier`: what is remembered under each idempotency key.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "barrier_rules.hpp"
#include "savepoint.hpp"
#include "skald/barrier.hpp"

namespace skald {

/// Every function runs in the caller's transaction.
class Barrier::Records {
 public:
  /// Creates the table when it is missing.
  explicit Records(sqlite3* database);

  /// `in_doubt`, if given, is set when an earlier run was lost or ended `unknown`: then claim()
  /// would answer true.
  [[nodiscard]] barrier::Verdict judge(const HandlerCall& call, bool can_ask, Time now,
                                       bool* in_doubt = nullptr);
  /// Claims the key; true when an earlier run under it may have had its effect.
  bool claim(const HandlerCall& call, const std::string& owner, Time lease_until);
  [[nodiscard]] bool is_claimed_by(const HandlerCall& call, const std::string& owner);
  /// The action must not be run any more, though it is not known what its last run did.
  void bar_in_doubt(const HandlerCall& call);
  /// Keeps `success`, `rejected` or `failed` under the key. After a compensation that succeeded,
  /// the action is barred unless its success is remembered.
  void remember(const HandlerCall& call, const Outcome& outcome);
  /// What the handler said `pending` to: claims the key for the lease, and notes where the late
  /// reply goes. `claimed_by` is who worked on it.
  void keep_pending(const HandlerCall& call, const std::string& claimed_by, Time lease_until);
  /// Another attempt is answered `pending`: the late reply will be to that one.
  void note_attempt(const HandlerCall& call);
  /// In the caller's transaction. \throws CompletionRefused
  [[nodiscard]] Completion complete(const CommandId& call, const Outcome& outcome);
  [[nodiscard]] std::vector<LateReply> late_replies(std::size_t limit);
  void forget_late_reply(const CommandId& call);
  /// Carries a Conclude out.
  void conclude(const HandlerCall& call, const Outcome& outcome);

  [[nodiscard]] SavepointStatements& savepoint() { return savepoint_; }

 private:
  struct Pending;
  [[nodiscard]] std::optional<Pending> find_pending(const std::string& key);
  void put_pending(const std::string& key, const Pending& pending);
  void settle(const Pending& pending, const barrier::Record& record, Completion& completion);
  [[nodiscard]] std::optional<barrier::Record> find(const std::string& key);
  void put(const std::string& key, const barrier::Record& record);
  void bar(const HandlerCall& call, bool doubtful);

  sqlite3* database_;
  SqlStatement insert_;
  SqlStatement find_;
  SqlStatement put_;
  SavepointStatements savepoint_;
};

}  // namespace skald

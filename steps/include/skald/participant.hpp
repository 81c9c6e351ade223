// The participant kit: a service that carries out steps, without saying how commands reach it.
//
//   skald::Participant inventory{"inventory", "inventory.db"};
//   inventory.handle("reserve", [](const skald::HandlerCall& call, sqlite3* tx) { … });
//   skald::serve_over_amqp(inventory, options, stop);      // a program of its own
//   skald::serve_in_process(inventory, channel);           // or inside the engine's process
//
// Every handler is behind the idempotency barrier of the participant's own database (barrier.hpp),
// so the same code keeps the rules for participants either way.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "skald/barrier.hpp"
#include "skald/in_process_channel.hpp"

namespace skald {

/// Work that leaves the database, such as a call to a gateway, in two parts.
struct OutsideHandler {
  /// How long the work may take at most, retries towards the gateway included.
  Duration lease{60'000};
  /// Runs without a transaction while the key is claimed. `unknown` is the honest answer when the
  /// gateway did not say; then the compensation will run, if it comes to that.
  Handler work{};
  /// Writes a success of `work` to the participant's tables and gives the outcome; may be empty.
  std::function<Outcome(const HandlerCall& call, const Outcome& worked, sqlite3* transaction)>
      record{};
};

/// Answers commands. Handlers and hooks are added first; then answer() and answer_all() may be
/// called from several threads: transactions take turns, outside work does not.
class Participant {
 public:
  /// Opens or creates the database. \throws ParticipantError
  Participant(std::string name, const std::string& database_path);

  [[nodiscard]] const std::string& name() const { return name_; }
  /// For making tables, before commands come.
  [[nodiscard]] sqlite3* database() const { return database_.handle(); }

  /// What carries out this action, compensation or resolve action. Replaces an earlier one. A
  /// resolve action needs no handler: the barrier answers from what it remembers.
  void handle(const std::string& action, TransactionHandler handler);
  void handle_outside(const std::string& action, OutsideHandler handler);

  /// Called before a command is looked at; an outcome it gives is the answer, and nothing else
  /// happens, except that `failed` is kept by the barrier, and gives way to what the barrier knows
  /// of the key. For checks, logging and planned faults. A hook that throws answers `unknown`, code
  /// `HANDLER_THREW`.
  void before_each(std::function<std::optional<Outcome>(const HandlerCall&)> hook);
  /// Called with the outcome, once that is committed; gives the answer that is sent.
  void after_each(std::function<Outcome(const HandlerCall&, Outcome)> hook);

  /// True when a command to this action is not to share a transaction, because it may take long:
  /// it has work outside the database, or there are hooks.
  [[nodiscard]] bool answers_alone(const std::string& action) const;

  /// Carries one command out. What goes wrong is an outcome, too: an unknown action is `failed`
  /// with `UNKNOWN_ACTION`, a handler that throws is `unknown` with `HANDLER_THREW`, a database
  /// that is busy is `unknown` with `DATABASE_BUSY`, one that fails `unknown` with
  /// `DATABASE_FAILED`. An output that cannot be sent is `unknown` with `REPLY_TOO_LARGE` or
  /// `BAD_OUTPUT`; its effect is committed and the barrier remembers the success.
  [[nodiscard]] Outcome answer(const HandlerCall& call);
  /// The same for several commands, those without outside work in one transaction. The outcomes
  /// come in the order of the calls.
  [[nodiscard]] std::vector<Outcome> answer_all(const std::vector<const HandlerCall*>& calls);

  /// What a call came to whose handler said `pending`: remembered, and replied, as if the handler
  /// had answered so. From any thread, but not from a handler or hook; also after a restart, and
  /// in another process that opened the same database: there the reply is sent by the one that
  /// serves. `record`, if there is one, changes the participant's tables in the same transaction.
  /// True when this call settled it, false when it was settled so already.
  /// \throws CompletionRefused, ParticipantError; what `record` throws. Nothing is kept then.
  bool complete(const CommandId& call, const Outcome& outcome,
                const std::function<void(sqlite3* transaction)>& record = {});

  /// For servers: late replies that have a queue to go to, and that they were sent.
  [[nodiscard]] std::vector<LateReply> late_replies(std::size_t limit);
  void forget_late_replies(const std::vector<CommandId>& calls);
  /// Returns when complete() was called here, `patience` is over, or `stop` is requested.
  void wait_for_completion(const std::stop_token& stop, Duration patience);

 private:
  friend void serve_in_process(Participant& participant, InProcessChannel& channel);
  class InProcessLink;
  using AnyHandler = std::variant<TransactionHandler, OutsideHandler>;

  [[nodiscard]] bool is_outside(const std::string& action) const;
  [[nodiscard]] const AnyHandler* find(const std::string& action) const;
  void answer_in_transaction(const std::vector<const HandlerCall*>& calls,
                             std::vector<std::optional<Outcome>>& outcomes);
  [[nodiscard]] std::optional<Outcome> answer_before(const HandlerCall& call) const;
  [[nodiscard]] Outcome answer_after(const HandlerCall& call, Outcome outcome) const;
  /// `failure`, when there is one, stands for the handler.
  [[nodiscard]] Outcome answer_within(const HandlerCall& call,
                                      const std::optional<Outcome>& failure);
  [[nodiscard]] Outcome answer_outside(const HandlerCall& call, const OutsideHandler& handler);

  std::string name_;
  std::map<std::string, AnyHandler, std::less<>> handlers_;
  std::function<std::optional<Outcome>(const HandlerCall&)> before_;
  std::function<Outcome(const HandlerCall&, Outcome)> after_;
  std::mutex mutex_;  // held in transactions
  ParticipantDatabase database_;
  Barrier barrier_;
  std::mutex completions_mutex_;
  std::condition_variable_any completed_;
  std::uint64_t completions_ = 0;
  std::uint64_t completions_seen_ = 0;
  std::weak_ptr<InProcessLink> in_process_;
};

/// Lets the participant answer all commands to its name in the channel. It is borrowed and must
/// outlive the channel's being open. Late replies (complete()) go through the channel that was
/// given last; complete() must not run while that is destroyed. \throws ChannelError as
/// InProcessChannel::handle_others().
void serve_in_process(Participant& participant, InProcessChannel& channel);

}  // namespace skald

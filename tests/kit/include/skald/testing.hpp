// The test kit: your definition and your handlers, run through what may go wrong.
//
//   skald::testing::Trial trial{skald::load_definition("place-order.json")};
//   trial.handle("payment", "charge", charge).handle("payment", "refund", refund);
//   const auto report = trial.run(order_json);
//   CHECK_MESSAGE(report.ok(), report.text());
//
// Everything happens in one thread and in virtual time: nothing is waited for, and the same trial
// always does the same. docs/testing.md shows how to use it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "skald/definition.hpp"
#include "skald/participant_call.hpp"
#include "skald/saga.hpp"

namespace skald::testing {

/// One way for things to go wrong, and what came of it.
struct Finding {
  std::string schedule;  ///< Such as `crash-after-commit:3+doubled`; Trial::replay() takes it.
  std::string sentence;  ///< What is wrong; begins with the invariant's name when it is Skald's.
};

struct Report {
  std::uint64_t schedules = 0;
  std::uint64_t crashes = 0;        ///< Engines that died.
  std::uint64_t commands = 0;       ///< Commands that reached a handler, over all schedules.
  Status status = Status::pending;  ///< How the saga ends when nothing goes wrong.
  std::vector<Finding> findings;

  [[nodiscard]] bool ok() const { return findings.empty(); }
  /// For people: every finding in a sentence, and how to run it again.
  [[nodiscard]] std::string text() const;
};

/// Runs one saga at a time. One thread.
class Trial {
 public:
  explicit Trial(Definition definition);
  ~Trial();
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  /// Registers what carries out this action, compensation or resolve action, as
  /// InProcessChannel::handle() does. What nobody handles is answered `failed`, `UNKNOWN_ACTION`.
  Trial& handle(const std::string& participant, const std::string& action, Handler handler);
  /// Keeps idempotency keys around the handlers, as the participant kit does with its database: a
  /// key that was answered for good is not handled again, and a success counts as an effect.
  /// Without it the handlers are called as they are, again and again, as in InProcessChannel.
  Trial& behind_barrier();
  /// Called before each schedule: puts the handlers' own state back to the beginning.
  Trial& before_each(std::function<void()> reset);
  /// Called after each schedule, when all is quiet, with the saga as it ended: answers a sentence
  /// when something is wrong, such as money that is missing.
  Trial& after_each(std::function<std::optional<std::string>(const Saga&)> check);

  /// For handlers that keep their own keys: this call takes effect now, in the direction of its
  /// command. Once a handler has said so, effects are counted and held against the saga's end.
  void took_effect(const HandlerCall& call);

  /// Runs a saga with this input: undisturbed, with every reply doubled, with a crash at every
  /// point where the engine can die (once more during the recovery, too), with every reply lost
  /// and with every command delivered twice. \throws JsonError
  [[nodiscard]] Report run(const Json& input);
  /// Runs one schedule again and writes down what happens, a line each. \throws Error on a name
  /// that is none.
  [[nodiscard]] std::vector<std::string> replay(const std::string& schedule, const Json& input);

 private:
  class Stage;
  std::unique_ptr<Stage> stage_;
};

}  // namespace skald::testing

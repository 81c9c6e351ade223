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
#include <map>
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
  /// Such as `crash-after-commit:3+doubled`, `random:…,seed=7` or `edge:seed=7`; Trial::replay()
  /// takes it.
  std::string schedule;
  std::string sentence;  ///< What is wrong; begins with the invariant's name when it is Skald's.
};

struct Report {
  std::uint64_t schedules = 0;
  std::uint64_t crashes = 0;        ///< Engines that died.
  std::uint64_t commands = 0;       ///< Commands that reached a handler, over all schedules.
  std::uint64_t accidents = 0;      ///< What went wrong in random schedules, crashes included.
  Status status = Status::pending;  ///< How the saga ends when nothing goes wrong.
  std::map<Status, std::uint64_t> ends{};  ///< How the schedules ended, and how many.
  std::vector<Finding> findings;

  [[nodiscard]] bool ok() const { return findings.empty(); }
  /// For people: every finding in a sentence, and how to run it again.
  [[nodiscard]] std::string text() const;
};

/// How much goes wrong in random schedules. Rates are shares of the occasions, from 0 to 1, each
/// drawn by itself from the seed.
struct Fire {
  std::uint64_t seed = 1;  ///< Of the first schedule; each that follows has the next number.
  std::uint64_t schedules = 200;
  double fail = 0.05;      ///< An attempt is answered `failed`, and never reaches its handler.
  double lose = 0.05;      ///< A command or its reply vanishes: the attempt times out.
  double unknown = 0.03;   ///< An attempt is carried out and answered `unknown`.
  double duplicate = 0.1;  ///< Of commands and of replies each: it comes twice.
  double slow = 0.1;       ///< Of commands and of replies each: it takes up to 3 s.
  double crash = 0.02;     ///< The engine dies at a point where it can; recoveries included.
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
  /// Runs a saga with this input once undisturbed and then so many times with everything that
  /// `fire` says going wrong at once. It may end otherwise each time; how, is for after_each() to
  /// judge. At most 500 things go wrong in one schedule. \throws JsonError; Error on rates that are
  /// none
  [[nodiscard]] Report run_under_fire(const Json& input, const Fire& fire = {});
  /// Runs `count` sagas with inputs at the edge of what is allowed (EdgeData), undisturbed: strange
  /// texts, numbers, depths, lengths and lists where the definition points to some, from seeds that
  /// begin with `seed`. A handler that throws is a finding; what else is wrong with how a saga
  /// ends, is for after_each() to say. An input that a start refuses is counted in `ends` as
  /// `pending`.
  [[nodiscard]] Report run_with_edge_data(std::uint64_t seed = 1, std::uint64_t count = 200);
  /// Runs one schedule again and writes down what happens, a line each. \throws Error on a name
  /// that is none. One with edge data has its own input, and `input` is not used.
  [[nodiscard]] std::vector<std::string> replay(const std::string& schedule, const Json& input);

 private:
  [[nodiscard]] std::vector<std::string> replay_edge_data(const std::string& schedule);
  class Stage;
  std::unique_ptr<Stage> stage_;
};

}  // namespace skald::testing

// A saga as a dialogue: what it asks for, what it is answered, and how it ends.
//
//   Dialogue saga{load_definition("place-order.json")};
//   saga.start().expect_command("reserve-stock").reply(success())
//       .expect_command("charge-payment").reply(rejected("NO_CREDIT"))
//       .expect_compensation("reserve-stock").reply(success());
//   CHECK(saga.status() == Status::compensated);
//
// The production engine runs, on a store in memory and in virtual time: time stands still but for
// let_time_pass() and expect_timeout(). An expectation that is not met throws ExpectationNotMet,
// which names what was expected, what there was instead, and why the saga stands where it stands.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "skald/definition.hpp"
#include "skald/error.hpp"
#include "skald/json.hpp"
#include "skald/outcome.hpp"
#include "skald/saga.hpp"

namespace skald::testing {

/// Something else happened than the dialogue says, or nothing.
class ExpectationNotMet : public Error {
 public:
  using Error::Error;
};

/// What participants answer, for reply().
[[nodiscard]] Outcome success();
[[nodiscard]] Outcome success(const Json& output);
[[nodiscard]] Outcome rejected(std::string code, std::string message = {});
[[nodiscard]] Outcome failed(std::string code, std::string message = {});
[[nodiscard]] Outcome unknown(std::string code, std::string message = {});
/// It takes longer: the attempt's timeout starts anew at `lease`.
[[nodiscard]] Outcome pending(Duration lease);

/// One saga, and its children. Every verb answers the dialogue itself, so that they can be chained.
/// One thread.
class Dialogue {
 public:
  /// \throws DefinitionError for policies that contradict themselves
  explicit Dialogue(Definition definition);
  ~Dialogue();
  Dialogue(Dialogue&&) noexcept;
  Dialogue& operator=(Dialogue&&) noexcept;

  /// Makes a definition known that child sagas follow. Before the start.
  Dialogue& with(Definition child);
  /// Starts the saga; once. \throws Refused when the engine refuses it
  Dialogue& start();
  Dialogue& start(const Json& input);
  /// What the saga wants of its participants has been taken in, and nothing more is wanted.
  Dialogue& expect_nothing();
  /// The saga, or a child of its, has sent this step's action, and nobody has taken it yet. Of
  /// several, for parallel steps, any one may be taken first. With an input: exactly that was sent.
  Dialogue& expect_command(std::string_view step);
  Dialogue& expect_command(std::string_view step, const Json& input);
  /// The same for the step's compensation, and for asking what became of its action.
  Dialogue& expect_compensation(std::string_view step);
  Dialogue& expect_resolve(std::string_view step);
  /// Answers the command that was taken last. May be given again: answers may come twice.
  Dialogue& reply(const Outcome& outcome);
  /// Answers the latest command that was taken for this step, in any direction.
  Dialogue& reply(std::string_view step, const Outcome& outcome);
  /// The command that was taken last is not answered: time passes until it times out.
  Dialogue& expect_timeout();
  /// Time passes, and whatever is due on the way happens when it is due.
  Dialogue& let_time_pass(Duration time);

  Dialogue& signal(std::string_view name);
  Dialogue& signal(std::string_view name, const Json& data);
  // What an operator asks for; `skald` has the same verbs. \throws Refused with the engine's reason
  Dialogue& resume();
  Dialogue& retry();
  Dialogue& cancel();
  Dialogue& pause();
  Dialogue& abandon();
  enum class As : std::uint8_t { skipped, succeeded, rejected, compensated };
  Dialogue& skip(std::string_view step, As as = As::skipped);
  /// The engine dies and comes back on the same store. What is not answered is sent again, and is
  /// to be expected again.
  Dialogue& crash();

  /// The saga has come so far, or else.
  Dialogue& expect_status(Status status);
  [[nodiscard]] Status status() const;
  /// One sentence: what the saga waits for, or how it ended. As `skald why` has it.
  [[nodiscard]] std::string why() const;
  [[nodiscard]] Saga saga() const;
  [[nodiscard]] Json output() const;  ///< Of the saga; null before it is completed.

 private:
  class Stage;
  std::unique_ptr<Stage> stage_;
};

}  // namespace skald::testing

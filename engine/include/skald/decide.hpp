// The saga protocol as two pure functions.
//
// decide() says what happens next, evolve() records what did. Neither reads a clock, draws a random
// number or does I/O: folding a journal always rebuilds the same saga, and any bug replays from its
// inputs. The rules are written down in docs/semantics.md.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "skald/definition.hpp"
#include "skald/events.hpp"
#include "skald/evolve.hpp"
#include "skald/inputs.hpp"
#include "skald/saga.hpp"

namespace skald {

class PayloadTrees;

/// Which commands may be issued at the moment. A command that is not admitted leaves its step as
/// it is: a refusal is never an attempt. Asked once for each command, right before it is issued; an
/// answer of true keeps its place for it until the decision is made.
class Admission {
 public:
  virtual ~Admission() = default;
  /// `retry`: it is not the first attempt of its round.
  [[nodiscard]] virtual bool admits(const std::string& participant, Direction direction,
                                    bool retry) const = 0;

  /// Why no child saga may be started for this step; nothing when it may. `final`: an operator
  /// cannot change it, so the step is rejected. Otherwise the saga is stuck.
  struct ChildRefusal {
    ErrorInfo error;
    bool final = false;
  };
  [[nodiscard]] virtual std::optional<ChildRefusal> refuses_child(const Step& step,
                                                                  const JsonText& input) const {
    (void)step, (void)input;
    return std::nullopt;
  }
  /// False when enough has been done for now: what has not begun is left as it is, and the saga is
  /// woken again. Asked before each step begins, before each command is issued, and before each
  /// child saga is turned back.
  [[nodiscard]] virtual bool goes_on() const { return true; }
  struct LockState {
    bool free = true;
    std::string name;  ///< With `behind`, the first lock that is taken; empty when not known.
    SagaId behind;
  };
  /// Whether the saga may take all its locks now.
  [[nodiscard]] virtual LockState lock_state(const Saga& saga) const {
    (void)saga;
    return {};
  }
};

/// Admits everything.
class OpenAdmission final : public Admission {
 public:
  [[nodiscard]] bool admits(const std::string&, Direction, bool) const override { return true; }
};
/// Admits nothing: for an owner that sends no commands.
class ClosedAdmission final : public Admission {
 public:
  [[nodiscard]] bool admits(const std::string&, Direction, bool) const override { return false; }
  [[nodiscard]] LockState lock_state(const Saga&) const override { return {false, {}, {}}; }
};

/// Send this command, now that it is stored.
struct SendCommand {
  AttemptRef attempt;
  JsonText body;  ///< As in WIRE.md: `{"input": …}` and so on.
};
/// Send the command of an attempt that was issued before.
struct SendAgain {
  AttemptRef attempt;
};
/// Do not send this command any more, if it has not been sent yet.
struct WithdrawCommand {
  AttemptRef attempt;
};
/// The participant is at it: the attempt's timeout starts anew at `lease`.
struct ExtendAttempt {
  AttemptRef attempt;
  Duration lease{0};
};
/// Start this child in the same transaction. It is free of `Admission::refuses_child`.
struct StartChild {
  AttemptRef attempt;
  SagaId child;
  JsonText input;
};
/// Tell the child in the same transaction that its parent has turned back.
struct TurnChildBack {
  SagaId child;
  ErrorInfo reason;
};
using Effect =
    std::variant<SendCommand, SendAgain, WithdrawCommand, ExtendAttempt, StartChild, TurnChildBack>;

struct Decision {
  std::vector<Event> events;       ///< Stored in one journal row, in one transaction.
  std::vector<Effect> effects;     ///< Carried out after that commit, never before.
  std::optional<Refusal> refusal;  ///< Of a request; then there are no events and no effects.
};

/// Responds to one input, and applies its events to `saga`: on return `saga` is what the journal
/// folds to once `events` are appended as row `saga.version`. An input that changes nothing (a
/// duplicate reply, a timer that lost its race) yields an empty Decision and leaves `saga` as it
/// was; it is never an error. `saga` is empty (default) for StartRequested, and only for it.
/// `trees`: of this saga's payloads, kept between decisions; null: parsed anew.
[[nodiscard]] Decision decide(const Definition& definition, Saga& saga, const Input& input,
                              Time now, const Admission& admission, PayloadTrees* trees = nullptr);

/// When this saga next wants to be woken by itself (a retry or a deadline); nothing when it waits
/// for replies or people only. Attempt timeouts are not in it: they start when a command is really
/// sent, which only the shell knows.
[[nodiscard]] std::optional<Time> next_wake(const Definition& definition, const Saga& saga);

/// True when the saga may have something to issue now, as far as admission and locks let it. After
/// a restart, nobody remembers what was not admitted before.
[[nodiscard]] bool may_issue(const Definition& definition, const Saga& saga, Time now);

}  // namespace skald

// Inputs: what the outside tells a saga. Past tense: it has happened, whether the saga likes it or
// not.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "skald/events.hpp"

namespace skald {

struct StartRequested {
  SagaId id;
  std::optional<std::string> key;
  JsonText input;
  std::optional<SagaId> replay_of;
  std::vector<CarriedOutput> carried;  ///< Steps that a replay does not run again.
  Requester requester;
  std::optional<Time> not_before{};
  std::optional<std::uint8_t> priority{};  ///< Absent: the definition's.
  std::optional<ParentRef> parent{};       ///< Of a child saga, with the next two.
  std::optional<SagaId> root{};
  std::uint32_t depth = 0;
  std::vector<std::string> locks{};
};
struct ReplyReceived {
  AttemptRef attempt;
  Outcome outcome;
};
struct AttemptTimedOut {
  AttemptRef attempt;
};
/// The engine's process ended, however, while it was to carry out this attempt itself.
struct ProcessEnded {
  AttemptRef attempt;
  bool for_good = false;  ///< It has ended too often: the attempt is not carried out again.
};
/// Time has passed or a participant has room again: do what is due and issue what is ready.
struct Woken {};

struct ResumeRequested {
  Requester requester;
  StepIndex step = no_step;  ///< With `input_patch`: the step it is for.
  std::optional<JsonText> input_patch;
};
struct RetryRequested {
  Requester requester;
  StepIndex step = no_step;  ///< no_step: whichever waits.
};
struct SkipRequested {
  enum class As : std::uint8_t { skipped, succeeded, rejected, compensated };
  Requester requester;
  StepIndex step = no_step;
  As as = As::skipped;
  std::optional<JsonText> output;
};
struct CancelRequested {
  Requester requester;
};
struct PauseRequested {
  Requester requester;
};
struct AbandonRequested {
  Requester requester;
};
/// A replay of this saga has been started; it may take the key over.
struct ReplayRequested {
  SagaId by;
  bool force = false;
};

struct SignalReceived {
  std::string name;
  JsonText data;
  Requester requester;
  std::optional<std::string> id{};  ///< A signal of an id that the saga has seen is not kept again.
};
/// A child saga has come to an end.
struct ChildEnded {
  AttemptRef attempt;  ///< The parent's.
  SagaId child;
  Status status = Status::completed;
  JsonText output;
  ErrorInfo error;  ///< Why it turned back; of a compensated or abandoned one.
};
/// A message that names this saga could not be used.
struct MessageUnusable {
  StepIndex step = no_step;  ///< That it names, if any.
  std::string reason;        ///< `BAD_JSON`, …
  std::string detail;        ///< One sentence.
};
/// A new saga of the same type wants the business key of this one, which has ended.
struct KeyWanted {
  SagaId by;
};
/// The saga that this one is a child of undoes its step.
struct ParentTurnedBack {
  ErrorInfo reason;
};

using Input = std::variant<StartRequested, ReplyReceived, AttemptTimedOut, ProcessEnded, Woken,
                           ResumeRequested, RetryRequested, SkipRequested, CancelRequested,
                           PauseRequested, AbandonRequested, ReplayRequested, SignalReceived,
                           MessageUnusable, KeyWanted, ChildEnded, ParentTurnedBack>;

}  // namespace skald

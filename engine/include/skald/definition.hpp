// A definition: a saga type's name, version and ordered steps. Immutable once used.
//
// Definitions come from JSON (load_definition, parse_definition) or from DefinitionBuilder; both go
// through the same checks and give the same value and digest. What is not given is filled in from
// `defaults` and then from the values documented at RetryPolicy and below, so a Definition states
// everything and its normal form does not depend on where a value was written.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "skald/error.hpp"
#include "skald/ids.hpp"
#include "skald/json.hpp"
#include "skald/participant_policies.hpp"
#include "skald/predicate.hpp"
#include "skald/retry.hpp"
#include "skald/step_set.hpp"
#include "skald/template.hpp"

namespace skald {

struct Saga;

enum class StepKind : std::uint8_t { compensatable, pivot, retriable };
[[nodiscard]] const char* to_string(StepKind kind);

/// What to do when a step is rejected or its attempts are used up.
struct OnFailure {
  enum class Action : std::uint8_t { compensate, stuck, skip, fallback };
  Action action = Action::compensate;
  JsonText fallback;  ///< The output to go on with; only for `fallback`.
  friend bool operator==(const OnFailure&, const OnFailure&) = default;
};

/// How a step is undone.
struct Compensation {
  std::string action;
  std::optional<Template> input;  ///< Absent: the step's own input.
  Duration timeout{30'000};
  RetryPolicy retry;
  friend bool operator==(const Compensation&, const Compensation&) = default;
};

/// A second attempt that goes out before the first is answered or times out: for reads.
struct Hedge {
  Duration delay{0};               ///< From when an attempt was issued to the next one.
  std::uint32_t max_attempts = 2;  ///< How many of a round may go out this way, the first included.
  friend bool operator==(const Hedge&, const Hedge&) = default;
};

struct Step;

/// What a step does, if it does not send a command.
struct Sleep {
  Template until;  ///< Renders to a duration (`"5m"`) or a time (RFC 3339).
  friend bool operator==(const Sleep&, const Sleep&) = default;
};
struct WaitFor {
  std::string signal;
  std::optional<Duration> timeout;  ///< Absent: waits for ever.
  friend bool operator==(const WaitFor&, const WaitFor&) = default;
};
struct ChildSaga {
  std::string type;
  std::optional<std::uint32_t> version;  ///< Absent: the newest when the child starts.
  std::optional<Template> input;         ///< Absent: the parent's whole input.
  friend bool operator==(const ChildSaga&, const ChildSaga&) = default;
};
/// One step for each element of an array of the input; see effective_definition().
struct ForEach {
  std::string in;                 ///< JSON Pointer to the array, below `/input`.
  std::string as = "item";        ///< What the element is called in the step's templates.
  std::uint32_t concurrency = 1;  ///< How many run at a time.
  std::uint32_t page = 0;         ///< So many elements, as an array, are one step's; 0: one by one.
  /// What is collected of each element's output: a JSON Pointer that begins with `/output`. Empty:
  /// nothing, the list stays away.
  std::string gather = "/output";
  std::shared_ptr<const Step> step;  ///< Shared by copies of the definition; never null.
  friend bool operator==(const ForEach& a, const ForEach& b);
};
/// Collects the outputs of the steps that a `for_each` became, in the array's order.
struct Gather {
  StepIndex first = 0;
  std::uint32_t count = 0;
  std::string pointer = "/output";  ///< As in ForEach.
  friend bool operator==(const Gather&, const Gather&) = default;
};
/// Sends a command to the participant.
struct Call {
  friend bool operator==(const Call&, const Call&) = default;
};
using Work = std::variant<Call, Sleep, WaitFor, ChildSaga, ForEach, Gather>;

/// The element that a step is for, one of those that a `for_each` became. The steps share their
/// templates, in which `/item` means this element.
struct ElementRef {
  std::string name;          ///< `item`, or what `as` says.
  std::string list;          ///< JSON Pointer to the list, below `/input`.
  std::uint32_t number = 0;  ///< Position in the list; of a page, that of the page.
  std::uint32_t page = 0;    ///< As in ForEach.
  friend bool operator==(const ElementRef&, const ElementRef&) = default;
};

struct Step {
  std::string name;
  std::string participant;  ///< Empty, as is `action`, for a step that sends no command.
  std::string action;
  StepKind kind = StepKind::compensatable;
  Work work;
  std::vector<StepIndex> after;   ///< Steps that must be done before; in order of position.
  std::optional<Predicate> when;  ///< Absent: always runs.
  std::optional<Compensation> compensation;  ///< Absent: there is nothing to undo.
  std::optional<Template> input;             ///< Absent: the saga's whole input.
  Duration timeout{30'000};                  ///< Of one attempt, from when it was really sent.
  std::optional<Duration> deadline;          ///< Of all attempts of a round together.
  RetryPolicy retry;
  OnFailure on_failure;
  std::string resolve;  ///< Action that asks what became of this one; empty: none.
  std::optional<Hedge> hedge;
  /// Of a step that a `for_each` became: how many of its group may be under way; 0: no limit.
  std::uint32_t group_limit = 0;
  StepIndex group_first = no_step;  ///< That group is [group_first, group_end).
  StepIndex group_end = no_step;
  std::optional<ElementRef> element;  ///< Of such a step; see there.
  friend bool operator==(const Step&, const Step&) = default;

  template <typename T>
  [[nodiscard]] const T* as() const {
    return std::get_if<T>(&work);
  }
  /// True when turning back has something to undo here: a compensation, or a child saga.
  [[nodiscard]] bool undoable() const {
    return compensation.has_value() ||
           (kind == StepKind::compensatable && std::holds_alternative<ChildSaga>(work));
  }
};
inline bool operator==(const ForEach& a, const ForEach& b) {
  return a.in == b.in && a.as == b.as && a.concurrency == b.concurrency && a.page == b.page &&
         a.gather == b.gather && *a.step == *b.step;
}

/// What follows from the steps' order, worked out once.
struct Shape {
  std::vector<StepSet> before;                     ///< By step: what must be done first.
  std::vector<std::vector<StepIndex>> successors;  ///< By step: what may become ready after it.
  std::vector<StepIndex> backwards;                ///< All steps, each behind those that need it.
  StepSet retriable;
  StepIndex pivot = no_step;
  bool step_timers = false;  ///< Some step has a deadline or a hedge.
  std::unordered_map<std::string, StepIndex> by_name;
};

inline constexpr std::uint8_t default_priority = 4;
inline constexpr std::uint8_t priority_max = 9;
/// How many steps a saga may have, those that a `for_each` becomes included.
inline constexpr std::size_t steps_max = 1000;

/// Most elements of a list that a `for_each` takes by pages.
inline constexpr std::size_t elements_max = 100'000;

/// What happens to the steps under way when another one fails.
enum class OnSiblingFailure : std::uint8_t {
  compensate,  ///< They are stopped, asked, and undone.
  finish,      ///< They end first, retries included; nothing new begins.
};
/// In which order a saga undoes its steps.
enum class UndoOrder : std::uint8_t {
  sequential,  ///< One by one, the latest first.
  parallel,    ///< A step as soon as all that ran after it, and depended on it, are undone.
};
/// Whether a new saga may have the business key of an ended one.
enum class KeyReuse : std::uint8_t {
  reject,     ///< Never.
  after_end,  ///< Once the one that holds it has ended.
};

[[nodiscard]] const char* to_string(OnSiblingFailure rule);
[[nodiscard]] const char* to_string(UndoOrder order);
[[nodiscard]] const char* to_string(KeyReuse rule);

class Definition {
 public:
  std::string type;
  std::uint32_t version = 1;
  std::string description;
  std::optional<Duration> deadline;          ///< Of a saga's way forward, from its start.
  std::optional<Template> output;            ///< The saga's result; absent: null.
  std::uint8_t priority = default_priority;  ///< 0 to 9; a higher one is admitted first.
  std::vector<std::string> locks;    ///< Names of what a saga locks, with `{/pointer}` in them.
  std::vector<std::string> secrets;  ///< JSON Pointers into the saga that people are not shown.
  OnSiblingFailure on_sibling_failure = OnSiblingFailure::compensate;
  UndoOrder undo = UndoOrder::sequential;
  KeyReuse key_reuse = KeyReuse::reject;
  std::optional<JsonText> input_schema;  ///< JSON Schema (draft 7) that inputs keep to.
  std::vector<Step> steps;
  PoliciesByName participants;  ///< Policies that this definition states, where it states any.

  /// Position of the step with this name, or nothing.
  [[nodiscard]] std::optional<StepIndex> find(std::string_view step_name) const;
  /// Position of the pivot, or no_step.
  [[nodiscard]] StepIndex pivot() const { return shape_.pivot; }
  [[nodiscard]] const Shape& shape() const { return shape_; }
  /// Digest of the normal form. Computed when the definition was made.
  [[nodiscard]] const Digest& digest() const { return digest_; }
  /// The normal form: a definition in JSON, every value stated, keys sorted. parse_definition()
  /// reads it back as an equal value.
  [[nodiscard]] const std::string& normal_form() const { return normal_form_; }

  friend bool operator==(const Definition& a, const Definition& b) {
    return a.normal_form_ == b.normal_form_;
  }

 private:
  friend Definition make_definition(const Json& document);
  friend Definition expand(const Definition& definition, const Json& input);
  friend std::shared_ptr<const Definition> stand_in_definition(const Saga& saga);
  Shape shape_;
  std::string normal_form_;
  Digest digest_;
};

/// Definitions are shared by every saga that pinned them and never change: hence shared, const.
using DefinitionPtr = std::shared_ptr<const Definition>;

/// Checks a document and makes the definition. \throws DefinitionError naming the place.
[[nodiscard]] Definition make_definition(const Json& document);
/// Parses and checks. \throws DefinitionError, also for broken JSON.
[[nodiscard]] Definition parse_definition(std::string_view text);
/// Reads a file. \throws DefinitionError that names the file, also when it cannot be read.
[[nodiscard]] Definition load_definition(const std::string& path);

}  // namespace skald

// What a command carries, put together from the saga. Pure; the same saga gives the same bytes, so
// a command that is sent again after a crash is the same command.
#pragma once

#include <optional>
#include <string>

#include "saga/payload_trees.hpp"
#include "skald/evolve.hpp"

namespace skald {

/// Answers pointers from a saga. Borrows all it is given.
class SagaLookup {
 public:
  /// `step`: whose template is filled in; for the name of a `for_each`'s element. Null: none's.
  SagaLookup(const Definition& definition, const Saga& saga, PayloadTrees& trees, const Step* step)
      : definition_(definition), saga_(saga), trees_(trees), step_(step) {}

  /// The value at `pointer`, or null when it leads nowhere.
  [[nodiscard]] const Json* at(const std::string& pointer);
  [[nodiscard]] PointerLookup as_function() {
    return [this](const std::string& pointer) { return at(pointer); };
  }

 private:
  [[nodiscard]] const Json* element();

  const Definition& definition_;
  const Saga& saga_;
  PayloadTrees& trees_;
  const Step* step_;
  std::optional<Json> page_;  // Of a step that is given several elements.
  Json id_;
  Json key_;
};

/// Whether the step's condition holds; true when it has none.
[[nodiscard]] bool condition_holds(const Definition& definition, const Saga& saga, const Step& step,
                                   PayloadTrees& trees);

/// Fills a template from the saga; nothing when it cannot be filled in, for the reason in
/// `problem`, which ends the sentence "the input …".
[[nodiscard]] std::optional<JsonText> render_template(const Template& t,
                                                      const Definition& definition,
                                                      const Saga& saga, const Step* step,
                                                      PayloadTrees& trees, std::string& problem);

/// The template that a step's own input comes from: of its command, its child saga or its sleep.
/// Null: the saga's whole input.
[[nodiscard]] const Template* input_template(const Step& step);

/// A step's own input, with an operator's patch. A patch also mends an input that cannot be filled
/// in: it is put over what can. Nothing when that is not enough, for the reason in `problem`.
[[nodiscard]] std::optional<JsonText> step_input(const Definition& definition, const Saga& saga,
                                                 StepIndex step, PayloadTrees& trees,
                                                 std::string& problem);
/// The same with this patch, whatever the saga has.
[[nodiscard]] std::optional<JsonText> step_input(const Definition& definition, const Saga& saga,
                                                 StepIndex step, const JsonText& patch,
                                                 PayloadTrees& trees, std::string& problem);

/// What a step's compensation is given: its own input, or the step's, with this patch, if any.
[[nodiscard]] std::optional<JsonText> undo_input(const Definition& definition, const Saga& saga,
                                                 StepIndex step, const JsonText* patch,
                                                 PayloadTrees& trees, std::string& problem);

/// When a sleep ends that begins at `now`; nothing when `rendered` is neither a duration nor a
/// time, with that in `problem`. It quotes the value unless the definition declares secrets.
[[nodiscard]] std::optional<Time> sleep_end(const Definition& definition, const JsonText& rendered,
                                            Time now, std::string& problem);

/// command_body() of evolve.hpp with trees that are kept.
[[nodiscard]] std::optional<JsonText> command_body(const Definition& definition, const Saga& saga,
                                                   StepIndex step, Direction direction,
                                                   PayloadTrees& trees, std::string& problem);

/// `text` with a JSON Merge Patch (RFC 7396) applied; nothing when the result is over a limit.
[[nodiscard]] std::optional<JsonText> merge_patched(const JsonText& text, const JsonText& patch,
                                                    std::string& problem);

}  // namespace skald

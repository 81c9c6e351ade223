#include "verbs/replay.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "context.hpp"
#include "verbs/verb.hpp"

namespace skald::cli {
namespace {

DefinitionPtr definition_to_run(const ReplayOptions& options, const FoldedSaga& old,
                                StoreReader& reader) {
  if (options.definition == 0) return old.definition;
  for (const DefinitionPtr& definition : reader.definitions()) {
    const bool same_type = definition->type == old.saga.type;
    if (same_type && definition->version == options.definition) return definition;
  }
  return nullptr;
}

// Outputs of the steps before `from`, as far as they still stand; the engine refuses to replay
// when one of them does not.
std::optional<std::vector<CarriedOutput>> standing_outputs(const FoldedSaga& old,
                                                           const Definition& definition,
                                                           StepIndex from) {
  std::vector<CarriedOutput> carried;
  for (StepIndex i = 0; i < from; ++i) {
    const auto before = old.definition->find(definition.steps[i].name);
    if (!before) return std::nullopt;
    const StepState& step = old.saga.steps[*before];
    const bool done = step.status == StepStatus::succeeded || step.status == StepStatus::skipped;
    if (!done || step.compensation == CompensationStatus::compensated) return std::nullopt;
    carried.push_back({i, step.output.value_or(JsonText{})});
  }
  return carried;
}

Preview refused(Refused::Code code, std::string message) {
  Preview preview;
  preview.refusal = Refusal{code, std::move(message)};
  return preview;
}

Preview preview_successor(const ReplayOptions& options, const std::optional<JsonText>& patch,
                          const FoldedSaga& old, StoreReader& reader, Time now) {
  const DefinitionPtr definition = definition_to_run(options, old, reader);
  if (!definition) {
    return refused(Refused::Code::not_found, fmt::format("the store has no definition {} v{}",
                                                         old.saga.type, options.definition));
  }
  StartRequested start;
  start.id = old.saga.id;  // stands for the new one, which has no id yet
  start.key = old.saga.key;
  start.input = old.saga.input;
  start.replay_of = old.saga.id;
  if (patch) {
    Json input = start.input.value();
    input.merge_patch(patch->value());
    start.input = JsonText::of(input);
  }
  if (!options.from_step.empty()) {
    const auto from = definition->find(options.from_step);
    if (!from) {
      return refused(Refused::Code::not_found,
                     fmt::format("{} has no step {}", old.saga.type, options.from_step));
    }
    auto carried = standing_outputs(old, *definition, *from);
    if (!carried) {
      return refused(Refused::Code::wrong_state,
                     fmt::format("not every output before {} still stands", options.from_step));
    }
    start.carried = *std::move(carried);
  }
  return preview_start(*definition, start, now);
}

}  // namespace

void add_to(CLI::App& app, ReplayOptions& options) {
  CLI::App& verb =
      add_verb(app, "replay",
               "Runs failed sagas again: new ones with the same input, which take the key over",
               R"(replay 0192f3 --input-patch '{"quantity": 1}')");
  verb.add_option("--from-step", options.from_step,
                  "Begin here, and take over the outputs that still stand before it")
      ->type_name("STEP");
  verb.add_option("--input-patch", options.input_patch,
                  "JSON merge patch on the input; @FILE or - reads it")
      ->type_name("JSON");
  verb.add_option("--definition", options.definition, "Version to run (the one it ran with)")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  verb.add_flag("--force", options.force, "Also from stuck or completed: effects may double");
  add_to(verb, options.change);
}

int run(const ReplayOptions& options, Context& context) {
  Json fields{{"force", options.force}};
  if (!options.from_step.empty()) fields["from_step"] = options.from_step;
  if (options.definition > 0) fields["definition"] = options.definition;
  std::optional<JsonText> patch;
  if (!options.input_patch.empty()) {
    patch = json_argument("--input-patch", options.input_patch, context);
    fields["input_patch"] = patch->value();
  }
  Change change{"replay", fields, "", nullptr};
  change.input = [&](StepIndex, const Requester&) -> Input {
    return ReplayRequested{SagaId{}, options.force};
  };
  change.successor = [&](const FoldedSaga& old, StoreReader& reader, Time now) {
    return preview_successor(options, patch, old, reader, now);
  };
  return carry_out(change, options.change, context);
}

}  // namespace skald::cli

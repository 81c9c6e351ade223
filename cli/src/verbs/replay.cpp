#include "verbs/replay.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "context.hpp"
#include "skald/expansion.hpp"
#include "skald/replay.hpp"
#include "skald/secret_mask.hpp"
#include "text_options.hpp"
#include "verbs/verb.hpp"

namespace skald::cli {
namespace {

DefinitionPtr definition_to_run(const ReplayOptions& options, const FoldedSaga& old,
                                StoreReader& reader) {
  if (options.definition == 0) return reader.definition(old.saga.definition);
  for (const DefinitionPtr& definition : reader.definitions()) {
    const bool same_type = definition->type == old.saga.type;
    if (same_type && definition->version == options.definition) return definition;
  }
  return nullptr;
}

Preview refused(Refused::Code code, std::string message) {
  Preview preview;
  preview.refusal = Refusal{code, std::move(message)};
  return preview;
}

Preview plan_and_preview(const ReplayOptions& options, const std::optional<JsonText>& patch,
                         const FoldedSaga& old, StoreReader& reader, Time now) {
  const DefinitionPtr definition = definition_to_run(options, old, reader);
  if (!definition) {
    return refused(Refused::Code::not_found, fmt::format("the store has no definition {} v{}",
                                                         old.saga.type, options.definition));
  }
  auto planned = plan_replay(*old.definition, old.saga, definition, {options.from_step, patch});
  if (auto* refusal = std::get_if<Refusal>(&planned)) {
    return refused(refusal->code,
                   SecretMask(*old.definition, old.saga, *definition).text(refusal->message));
  }
  auto& start = std::get<StartRequested>(planned);
  start.id = old.saga.id;  // stands for the new one, which has no id yet
  // Planned, so its input fits the definition.
  const auto effective = effective_definition(definition, start.input);
  return preview_successor(*std::get<DefinitionPtr>(effective), start, old, now);
}

}  // namespace

void add_to(CLI::App& app, ReplayOptions& options) {
  CLI::App& verb =
      add_verb(app, "replay",
               "Runs failed sagas again: new ones with the same input, which take the key over",
               R"(replay 0192f3 --input-patch '{"quantity": 1}')");
  verb.add_option("--from-step", options.from_step,
                  "Begin here, and take over the outputs that still stand before it")
      ->check(valid_name())
      ->type_name("STEP");
  verb.add_option("--input-patch", options.input_patch,
                  "JSON merge patch on the input; @FILE or - reads it")
      ->type_name("JSON");
  verb.add_option("--definition", options.definition, "Version to run (the one it ran with)")
      ->check(valid_count(1, UINT32_MAX))
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
    return plan_and_preview(options, patch, old, reader, now);
  };
  return carry_out(change, options.change, context);
}

}  // namespace skald::cli

#include "verbs/definition.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <ostream>

#include "context.hpp"
#include "exit_code.hpp"
#include "output/table.hpp"
#include "output/text.hpp"
#include "skald/could_follow.hpp"
#include "skald/definition.hpp"
#include "skald/definition_faults.hpp"
#include "skald/error.hpp"
#include "skald/secret_mask.hpp"
#include "store_access.hpp"
#include "text_options.hpp"
#include "verbs/verb.hpp"

namespace skald::cli {
namespace {

struct Finding {
  std::string where;
  std::string message;
};

// A file that cannot be used is what lint is there to report, so its error is a finding here.
std::optional<Definition> load(const std::string& file, std::vector<Finding>& findings) {
  try {
    return load_definition(file);
  } catch (const DefinitionError& error) {
    for (const DefinitionError& fault : faults_of_file(file)) {
      findings.push_back({fault.where(), fault.what()});
    }
    if (findings.empty()) findings.push_back({error.where(), error.what()});
  }
  return std::nullopt;
}

// Sagas keep the definition they began with; a changed one needs a version of its own.
void compare_with_store(const Definition& definition, StoreReader& reader,
                        std::vector<Finding>& findings) {
  for (const DefinitionPtr& stored : reader.definitions()) {
    const bool same = stored->type == definition.type && stored->version == definition.version;
    if (!same || stored->digest() == definition.digest()) continue;
    SagaFilter filter;
    filter.types = {definition.type};
    const auto sagas = reader.count(filter);
    findings.push_back(
        {"version", fmt::format("version: {} v{} is in the store with other contents{}; give the "
                                "changed definition a new version",
                                definition.type, definition.version,
                                sagas > 0 ? " and its type has sagas" : "")});
  }
}

// How a recorded saga and this definition part. Values that either of the two definitions declares
// secret are hidden: what tells them apart may quote one.
std::optional<std::string> parting(const FoldedSaga& folded, const DefinitionPtr& definition,
                                   SagaPages& pages) {
  const auto divergence =
      first_divergence(pages.definition(folded.saga.definition), folded.rows, definition);
  if (!divergence) return std::nullopt;
  const SecretMask mask(*folded.definition, folded.saga, *definition);
  return fmt::format("saga {} (v{}) at history version {}: {}", folded.saga.id.to_string(),
                     folded.definition->version, divergence->version, mask.text(divergence->what));
}

// Which recorded sagas of the type could not have gone their way under this definition.
void compare_with_sagas(const DefinitionPtr& definition, StoreAccess& access,
                        std::vector<Finding>& findings) {
  constexpr std::size_t named_max = 5;
  SagaFilter filter;
  filter.types = {definition->type};
  std::size_t seen = 0;
  std::size_t apart = 0;
  std::vector<std::string> named;
  access.pages().each(filter, {}, [&](const SagaSummary& summary) {
    ++seen;
    const auto loaded = access.pages().try_load(summary.id);
    const auto* unreadable = std::get_if<UnreadableSaga>(&loaded);
    auto text = unreadable ? std::optional(unreadable->problem)
                           : parting(std::get<FoldedSaga>(loaded), definition, access.pages());
    if (text && ++apart <= named_max) named.push_back(*std::move(text));
    return true;
  });
  if (apart == 0) return;
  findings.push_back(
      {"steps",
       fmt::format("steps: {} of {} recorded sagas could not have followed it", apart, seen)});
  for (std::string& text : named) findings.push_back({"steps", std::move(text)});
}

int lint(const DefinitionOptions& options, Context& context) {
  if (!options.against.empty()) context.global.store = options.against;
  const Format format = options.format.format();
  JsonWriter json(context.out, format);
  const Painter paint(context.colored());
  bool good = true;
  const bool has_store = !context.global.store.empty() || context.variable("SKALD_STORE");
  for (const auto& file : options.files) {
    std::vector<Finding> findings;
    const auto definition = load(file, findings);
    if (definition && has_store) {
      StoreAccess access(context);
      if (access.exists()) compare_with_store(*definition, access.reader(), findings);
      if (!options.against.empty()) {
        compare_with_sagas(std::make_shared<const Definition>(*definition), access, findings);
      }
    }
    good = good && findings.empty();
    if (format == Format::json) {
      Json rows = Json::array();
      for (const Finding& f : findings)
        rows.push_back({{"where", f.where}, {"message", f.message}});
      json.add({{"file", file},
                {"ok", findings.empty()},
                {"type", definition ? Json(definition->type) : Json()},
                {"version", definition ? Json(definition->version) : Json()},
                {"digest", definition ? Json(definition->digest().to_string()) : Json()},
                {"findings", rows}});
      continue;
    }
    for (const Finding& f : findings) {
      const bool named = f.message.find(file) != std::string::npos;
      context.out << (named ? "" : printable(file) + ": ") << printable(f.message) << '\n';
    }
    if (findings.empty()) {
      context.out << fmt::format("{}: {} {} v{}, {} steps\n", printable(file),
                                 paint(Style::good, "ok"), definition->type, definition->version,
                                 definition->steps.size());
    }
  }
  if (format == Format::json) json.finish();
  return good ? exit_done : exit_failed;
}

int list(const DefinitionOptions& options, Context& context) {
  StoreAccess access(context);
  const Format format = options.format.format();
  JsonWriter json(context.out, format);
  Table table(
      {{"TYPE"}, {"VERSION", true}, {"STEPS", true}, {"DIGEST", false, true}, {"DESCRIPTION"}});
  for (const DefinitionPtr& definition : access.reader().definitions()) {
    const std::string digest = definition->digest().to_string();
    if (format == Format::json) {
      json.add({{"type", definition->type},
                {"version", definition->version},
                {"steps", definition->steps.size()},
                {"digest", digest},
                {"description", definition->description}});
    }
    table.add({{definition->type},
               {std::to_string(definition->version)},
               {std::to_string(definition->steps.size())},
               {digest.substr(0, 12)},
               {definition->description}});
  }
  const auto unusable = access.reader().unusable_definitions();
  for (const UnusableDefinition& definition : unusable) {
    const std::string digest = definition.digest.to_string();
    if (format == Format::json) {
      json.add({{"type", definition.type},
                {"version", definition.version},
                {"digest", digest},
                {"unusable", definition.problem}});
    }
    table.add({{definition.type},
               {std::to_string(definition.version)},
               {},
               {digest.substr(0, 12)},
               {"unusable: " + definition.problem, Style::bad}});
  }
  if (format == Format::json) {
    json.finish();
  } else if (table.empty()) {
    context.note("the store has no definitions");
  } else {
    table.print(context.out, Painter(context.colored()), static_cast<std::size_t>(context.width));
  }
  if (unusable.empty()) return exit_done;
  context.note(
      "what is unusable no saga can start with; define it again to repair it, or take it away with "
      "skald definition drop TYPE --version N");
  return exit_failed;
}

int drop(const DefinitionOptions& options, Context& context) {
  StoreAccess access(context);
  access.require_exists();
  throw_if_refused(access.request({{"verb", "drop_definition"},
                                   {"type", options.type},
                                   {"version", options.version},
                                   {"by", context.operator_name()}}));
  context.note(fmt::format("{} v{} is no more in the store", options.type, options.version));
  return exit_done;
}

int show(const DefinitionOptions& options, Context& context) {
  StoreAccess access(context);
  DefinitionPtr found;
  for (const DefinitionPtr& definition : access.reader().definitions()) {
    if (definition->type != options.type) continue;
    if (options.version != 0 && definition->version != options.version) continue;
    if (!found || definition->version > found->version) found = definition;
  }
  if (!found) {
    const std::string version = options.version == 0 ? "" : fmt::format(" v{}", options.version);
    throw Refused(Refused::Code::not_found, fmt::format("the store has no definition {}{}",
                                                        printable(options.type), version));
  }
  // A checked text that may be longer than what comes from outside.
  print_json(context.out, Format::json, JsonText::trusted(found->normal_form()).value());
  return exit_done;
}

}  // namespace

void add_to(CLI::App& app, DefinitionOptions& options) {
  CLI::App& verb = add_verb(app, "definition", "Definitions in files and in the store",
                            "definition lint place-order.json");
  verb.require_subcommand(1, 1);
  CLI::App& lint_verb =
      add_verb(verb, "lint", "Checks files, also against the store if one is named",
               "definition lint place-order.json");
  lint_verb.add_option("file", options.files, "Files")->required()->type_name("FILE");
  lint_verb
      .add_option("--against", options.against,
                  "Also say which recorded sagas of this store could not have followed it")
      ->type_name("STORE");
  add_to(lint_verb, options.format, {"table", "json"});
  lint_verb.callback([&options] { options.action = DefinitionOptions::Action::lint; });
  CLI::App& list_verb = add_verb(verb, "list", "The definitions in the store", "definition list");
  add_to(list_verb, options.format, {"table", "json"});
  list_verb.callback([&options] { options.action = DefinitionOptions::Action::list; });
  CLI::App& show_verb = add_verb(verb, "show", "A definition with every value stated, as JSON",
                                 "definition show place-order --version 1");
  show_verb.add_option("type", options.type, "Saga type")
      ->required()
      ->check(valid_name())
      ->type_name("TYPE");
  // Its older name is taken, too, and not shown.
  for (const char* name : {"--version", "--definition"}) {
    auto* version = show_verb.add_option(name, options.version, "Its version (the newest)")
                        ->check(valid_count(1, UINT32_MAX))
                        ->type_name("N");
    if (std::string_view(name) == "--definition") version->group("");
  }
  add_to(show_verb, options.format, {"json"});
  show_verb.callback([&options] { options.action = DefinitionOptions::Action::show; });
  CLI::App& drop_verb =
      add_verb(verb, "drop", "Takes a definition that no saga uses out of the store",
               "definition drop place-order --version 1");
  drop_verb.add_option("type", options.type, "Saga type")
      ->required()
      ->check(valid_name())
      ->type_name("TYPE");
  drop_verb.add_option("--version", options.version, "Its version")
      ->required()
      ->check(valid_count(1, UINT32_MAX))
      ->type_name("N");
  drop_verb.callback([&options] { options.action = DefinitionOptions::Action::drop; });
}

int run(const DefinitionOptions& options, Context& context) {
  switch (options.action) {
    case DefinitionOptions::Action::lint: return lint(options, context);
    case DefinitionOptions::Action::list: return list(options, context);
    case DefinitionOptions::Action::show: return show(options, context);
    case DefinitionOptions::Action::drop: return drop(options, context);
  }
  return exit_failed;
}

}  // namespace skald::cli

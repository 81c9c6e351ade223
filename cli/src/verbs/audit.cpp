#include "verbs/audit.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>

#include "audit_checks.hpp"
#include "context.hpp"
#include "exit_code.hpp"
#include "output/style.hpp"
#include "output/text.hpp"
#include "skald/expansion.hpp"
#include "store_access.hpp"
#include "verbs/verb.hpp"

namespace skald::cli {
namespace {

class AuditRun {
 public:
  AuditRun(StoreReader& reader, const AuditOptions& options, Context& context)
      : reader_(reader),
        context_(context),
        format_(options.format.format()),
        json_(context.out, format_),
        paint_(context.colored()) {}

  void check(const SagaId& id) {
    ++checked_;
    const auto summary = reader_.summary(id);
    const auto rows = reader_.journal(id);
    const Digest digest = summary ? summary->definition : Digest{};
    const DefinitionPtr definition = effective(definition_of(digest), rows);
    auto findings = audit_saga(rows, summary, definition);
    if (!definition) findings.push_back("the store lacks its definition");
    if (summary && summary->key && summary->holds_key) {
      const auto [holder, first] = holders_.emplace(std::pair(summary->type, *summary->key), id);
      if (!first) findings.push_back("its key is also held by " + holder->second.to_string());
    }
    for (const auto& finding : findings) report(id, finding);
  }

  [[nodiscard]] int finish() {
    if (is_json()) {
      json_.finish();
    } else if (findings_ == 0) {
      context_.out << fmt::format("{} sagas checked, {}\n", checked_,
                                  paint_(Style::good, "all well"));
    }
    if (findings_ > 0) context_.note(fmt::format("{} checked, findings: {}", counted(), findings_));
    return findings_ > 0 ? exit_failed : exit_done;
  }

 private:
  [[nodiscard]] bool is_json() const { return format_ == Format::json || format_ == Format::jsonl; }

  [[nodiscard]] std::string counted() const {
    return fmt::format("{} {}", checked_, checked_ == 1 ? "saga" : "sagas");
  }

  DefinitionPtr definition_of(const Digest& digest) {
    DefinitionPtr& definition = definitions_[digest];
    if (!definition) definition = reader_.definition(digest);
    return definition;
  }

  // What the saga really runs: its steps may depend on its input.
  static DefinitionPtr effective(const DefinitionPtr& definition,
                                 const std::vector<JournalRow>& rows) {
    if (!definition || rows.empty() || rows.front().events.empty()) return definition;
    const auto* started = std::get_if<SagaStarted>(&rows.front().events.front());
    if (!started) return definition;
    auto effective = effective_definition(definition, started->input);
    auto* steps = std::get_if<DefinitionPtr>(&effective);
    return steps ? *steps : definition;
  }

  void report(const SagaId& id, const std::string& finding) {
    ++findings_;
    if (is_json()) {
      json_.add({{"id", id.to_string()}, {"finding", finding}});
    } else {
      context_.out << id.to_string() << "  " << printable(finding) << '\n';
    }
  }

  StoreReader& reader_;
  Context& context_;
  Format format_;
  JsonWriter json_;
  Painter paint_;
  std::map<Digest, DefinitionPtr> definitions_;
  std::map<std::pair<std::string, std::string>, SagaId> holders_;
  std::size_t checked_ = 0;
  std::size_t findings_ = 0;
};

}  // namespace

void add_to(CLI::App& app, AuditOptions& options) {
  CLI::App& verb = add_verb(
      app, "audit", "Folds journals again and checks them; exit code 1 with findings", "audit");
  verb.add_option("id", options.ids, "Saga ids, or their beginnings (every saga)")->type_name("ID");
  add_to(verb, options.format, {"table", "json", "jsonl"});
}

int run(const AuditOptions& options, Context& context) {
  StoreAccess access(context);
  std::vector<SagaId> ids;
  for (const auto& text : options.ids) ids.push_back(access.pages().resolve(text));
  AuditRun audit(access.reader(), options, context);
  for (const SagaId& id : ids) audit.check(id);
  if (ids.empty()) {
    access.pages().each({}, {}, [&](const SagaSummary& summary) {
      audit.check(summary.id);
      return true;
    });
  }
  return audit.finish();
}

}  // namespace skald::cli

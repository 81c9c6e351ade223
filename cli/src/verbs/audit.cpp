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
#include "store_access.hpp"
#include "verbs/verb.hpp"

namespace skald::cli {
namespace {

class AuditRun {
 public:
  AuditRun(SagaPages& pages, StoreReader& reader, const AuditOptions& options, Context& context)
      : pages_(pages),
        reader_(reader),
        context_(context),
        format_(options.format.format()),
        json_(context.out, format_),
        paint_(context.colored()) {}

  void check(const SagaId& id) {
    ++checked_;
    const auto loaded = pages_.try_load(id);
    if (const auto* unreadable = std::get_if<UnreadableSaga>(&loaded)) {
      return report(id, unreadable->problem);
    }
    const auto& folded = std::get<FoldedSaga>(loaded);
    const auto summary = reader_.summary(id);
    auto findings = audit_saga(folded.rows, summary, folded.definition);
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
      context_.out << fmt::format("{} checked, {}\n", counted(), paint_(Style::good, "all well"));
    }
    if (findings_ > 0) context_.note(fmt::format("{} checked, findings: {}", counted(), findings_));
    // A filter that looks inside cannot choose what cannot be read: that is damage, too.
    const std::string passed_over = pages_.about_passed_over();
    if (!passed_over.empty()) context_.err << "skald: " << printable(passed_over) << '\n';
    return findings_ > 0 || !passed_over.empty() ? exit_failed : exit_done;
  }

 private:
  [[nodiscard]] bool is_json() const { return format_ == Format::json || format_ == Format::jsonl; }

  [[nodiscard]] std::string counted() const {
    return fmt::format("{} {}", checked_, checked_ == 1 ? "saga" : "sagas");
  }

  void report(const SagaId& id, const std::string& finding) {
    ++findings_;
    if (is_json()) {
      json_.add({{"id", id.to_string()}, {"finding", finding}});
    } else {
      context_.out << id.to_string() << "  " << printable(finding) << '\n';
    }
  }

  SagaPages& pages_;
  StoreReader& reader_;
  Context& context_;
  Format format_;
  JsonWriter json_;
  Painter paint_;
  std::map<std::pair<std::string, std::string>, SagaId> holders_;
  std::size_t checked_ = 0;
  std::size_t findings_ = 0;
};

}  // namespace

void add_to(CLI::App& app, AuditOptions& options) {
  CLI::App& verb =
      add_verb(app, "audit", "Folds journals again and checks them; exit code 1 with findings",
               "audit --status completed --newer-than 1d");
  add_to(verb, options.selection);
  add_to(verb, options.format, {"table", "json", "jsonl"});
}

int run(const AuditOptions& options, Context& context) {
  const SelectionOptions& chosen = options.selection;
  const SagaFilter filter = chosen.filter.filter(context.clock.now());
  StoreAccess access(context);
  AuditRun audit(access.pages(), access.reader(), options, context);
  if (!chosen.ids.empty()) {
    for (const Selected& selected : select_sagas(chosen, access.pages(), context).sagas) {
      if (selected.problem) throw Refused(selected.problem->code, selected.problem->message);
      audit.check(*selected.id);
    }
    return audit.finish();
  }
  std::size_t checked = 0;
  access.pages().each(filter, {}, [&](const SagaSummary& summary) {
    audit.check(summary.id);
    return ++checked != chosen.limit;
  });
  return audit.finish();
}

}  // namespace skald::cli

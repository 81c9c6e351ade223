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
  CLI::App& verb = add_verb(
      app, "audit", "Folds journals again and checks them; exit code 1 with findings", "audit");
  verb.add_option("id", options.ids, "Saga ids, or their beginnings (every saga)")->type_name("ID");
  add_to(verb, options.format, {"table", "json", "jsonl"});
}

int run(const AuditOptions& options, Context& context) {
  StoreAccess access(context);
  std::vector<SagaId> ids;
  for (const auto& text : options.ids) ids.push_back(access.pages().resolve(text));
  AuditRun audit(access.pages(), access.reader(), options, context);
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

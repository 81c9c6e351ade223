#include "change.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <istream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "change_results.hpp"
#include "exit_code.hpp"
#include "rehearsal.hpp"
#include "skald/text.hpp"
#include "store_access.hpp"

namespace skald::cli {
namespace {

bool confirmed(const Change& change, std::size_t count, const ChangeOptions& options,
               Context& context) {
  if (options.yes) return true;
  const auto sagas = fmt::format("{} {}", count, count == 1 ? "saga" : "sagas");
  const auto& ids = options.selection.ids;
  const bool stdin_is_taken = std::find(ids.begin(), ids.end(), "-") != ids.end();
  if (!context.in_is_terminal || stdin_is_taken) {
    context.err << fmt::format("skald: this would {} {}; add --yes to do it, or --dry-run to see\n",
                               change.verb, sagas);
    return false;
  }
  context.err << fmt::format("{} {}? [y/N] ", change.verb, sagas) << std::flush;
  std::string answer;
  std::getline(context.in, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return true;
  context.err << "skald: nothing was changed\n";
  return false;
}

}  // namespace

void add_to(CLI::App& app, ChangeOptions& options, bool with_step) {
  add_to(app, options.selection, with_step);
  app.add_flag("-y,--yes", options.yes, "Do not ask before changing many");
  app.add_flag("-n,--dry-run", options.dry_run, "Only show the commands that would be sent");
  app.add_option("--rate", options.rate, "At most so many sagas a second (5/s) or minute (30/m)")
      ->type_name("RATE");
  app.add_option("--reason", options.reason, "Why; kept in the history with your name")
      ->type_name("TEXT");
  add_to(app, options.format, {"table", "json", "jsonl", "ids"});
}

int carry_out(const Change& change, const ChangeOptions& options, Context& context) {
  const Duration pause_between = parse_rate(options.rate);
  StoreAccess access(context);
  SelectionOptions wanted = options.selection;
  const bool filtered = !wanted.filter.filter(context.clock.now()).empty();
  if (filtered && !change.step.empty()) wanted.filter.step = {escape_in_list(change.step)};
  const Selection selection = select_sagas(wanted, access.pages(), context);
  if (options.dry_run) return rehearse(change, options, selection, access, context);
  const bool one = selection.named_one;
  if (!one && !selection.sagas.empty() &&
      !confirmed(change, selection.sagas.size(), options, context)) {
    return exit_not_confirmed;
  }
  ChangeResults results(change.verb, options.format.format(), one, context);
  Json request = change.fields.is_object() ? change.fields : Json::object();
  request["verb"] = change.verb;
  request["by"] = context.operator_name();
  request["reason"] = clean_text(options.reason);
  bool first = true;
  for (const Selected& selected : selection.sagas) {
    if (!first && pause_between > Duration(0)) {
      access.release();
      if (context.pause(pause_between)) break;
    }
    first = false;
    if (!selected.id) {
      results.add(selected.text, refused_answer(selected.problem->code, selected.problem->message));
      continue;
    }
    request["id"] = selected.id->to_string();
    results.add(selected.id->to_string(), access.request(request));
  }
  return results.finish();
}

Duration parse_rate(const std::string& rate) {
  if (rate.empty()) return Duration(0);
  std::uint32_t count = 0;
  const auto [rest, error] = std::from_chars(rate.data(), rate.data() + rate.size(), count);
  const std::string unit(rest, rate.data() + rate.size());
  if (error != std::errc{} || count == 0 || count > 1000 || (unit != "/s" && unit != "/m")) {
    throw Refused(Refused::Code::invalid,
                  fmt::format("--rate: '{}' is not like 5/s or 30/m (at most 1000)", rate));
  }
  return Duration((unit == "/s" ? 1'000 : 60'000) / count);
}

}  // namespace skald::cli

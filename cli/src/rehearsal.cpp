#include "rehearsal.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "exit_code.hpp"
#include "output/text.hpp"
#include "preview.hpp"
#include "skald/text.hpp"
#include "store_access.hpp"

namespace skald::cli {
namespace {

Json rehearse_one(const Change& change, const Selected& selected, StoreAccess& access,
                  const Requester& requester, Time now) {
  if (!selected.id) {
    return refused_answer(selected.problem->code, selected.problem->message);
  }
  const auto loaded = access.pages().try_load(*selected.id);
  if (const auto* unreadable = std::get_if<UnreadableSaga>(&loaded)) {
    return refused_answer(Refused::Code::unavailable, unreadable->problem);
  }
  const auto& folded = std::get<FoldedSaga>(loaded);
  StepIndex step = no_step;
  if (!change.step.empty()) {
    const auto found = folded.definition->find(change.step);
    if (!found) {
      return refused_answer(Refused::Code::not_found,
                            fmt::format("{} v{} has no step '{}'", folded.definition->type,
                                        folded.definition->version, change.step));
    }
    step = *found;
  }
  Preview seen = preview(folded, change.input(step, requester), now);
  if (!seen.refusal && change.successor) seen = change.successor(folded, access.reader(), now);
  if (seen.refusal) return refused_answer(seen.refusal->code, seen.refusal->message);
  return {{"ok", true}, {"status", to_string(seen.status)}, {"commands", preview_json(seen)}};
}

void print_preview(const std::string& id, const Json& answer, std::ostream& out) {
  if (!answer.value("ok", false)) {
    out << fmt::format("{}  would fail: {}\n", printable(id),
                       printable(answer.at("error").value("message", "")));
    return;
  }
  const Json& commands = answer.at("commands");
  out << fmt::format("{}  would become {}{}\n", id, answer.value("status", ""),
                     commands.empty() ? "; no command would be sent" : "");
  for (const Json& command : commands) {
    out << fmt::format("  would send {} {} to {}: step {}, attempt {}, {}\n",
                       command.value("direction", ""), command.value("action", ""),
                       command.value("participant", ""), command.value("step", ""),
                       command.value("attempt", 0), json_text(command.at("body")));
  }
}

}  // namespace

int rehearse(const Change& change, const ChangeOptions& options, const Selection& selection,
             StoreAccess& access, Context& context) {
  const Format format = options.format.format();
  const bool as_json = format == Format::json || format == Format::jsonl;
  JsonWriter json(context.out, format);
  const Requester requester{context.operator_name(), clean_text(options.reason)};
  int failed = exit_done;
  for (const Selected& selected : selection.sagas) {
    Json answer = rehearse_one(change, selected, access, requester, context.clock.now());
    const std::string id = selected.id ? selected.id->to_string() : selected.text;
    const bool ok = answer.at("ok").get<bool>();
    if (!ok) failed = selection.named_one ? exit_code(refusal_code(answer)) : exit_some_failed;
    if (as_json) {
      answer["id"] = id;
      answer["verb"] = change.verb;
      json.add(answer);
    } else if (format == Format::ids) {
      if (ok) context.out << id << '\n';
    } else {
      print_preview(id, answer, context.out);
    }
  }
  if (as_json) json.finish();
  return failed;
}

}  // namespace skald::cli

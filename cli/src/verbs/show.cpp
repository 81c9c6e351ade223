#include "verbs/show.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "context.hpp"
#include "exit_code.hpp"
#include "explain.hpp"
#include "output/table.hpp"
#include "output/text.hpp"
#include "skald/text.hpp"
#include "skald/view.hpp"
#include "store_access.hpp"
#include "unreadable.hpp"
#include "verbs/verb.hpp"

namespace skald::cli {
namespace {

constexpr std::size_t label_columns = 11;

void print_field(const std::string& label, const std::string& value, Context& context,
                 const Painter& paint) {
  if (value.empty()) return;
  context.out << paint(Style::dim, padded(label, label_columns)) << ' ' << value << '\n';
}

std::string json_at(const Json& saga, const char* name) {
  const auto member = saga.find(name);
  return member == saga.end() || member->is_null() ? "" : json_text(*member);
}

std::string error_at(const Json& object) {
  const auto error = object.find("error");
  if (error == object.end() || !error->is_object()) return {};
  const std::string step = text_at(*error, "step");
  const std::string message = text_at(*error, "message");
  return (step.empty() ? "" : step + ": ") + text_at(*error, "code") +
         (message.empty() ? "" : " (" + message + ")");
}

std::string duration_of(const Json& step, Time now) {
  const auto begin = parse_time(text_at(step, "started_at"));
  if (!begin) return {};
  const auto end = parse_time(text_at(step, "ended_at"));
  return describe_duration(end.value_or(std::max(now, *begin)) - *begin);
}

std::string count_at(const Json& object, const char* name) {
  const auto member = object.find(name);
  return member == object.end() || !member->is_number() || *member == 0 ? "" : dump_json(*member);
}

Cell compensation_cell(const Json& step) {
  const auto undo = step.find("compensation");
  if (undo == step.end() || !undo->is_object()) return {};
  const std::string status = text_at(*undo, "status");
  if (status.empty() || status == "none") return {};
  const std::string attempts = count_at(*undo, "attempts");
  const std::string count = attempts.empty() || attempts == "1" ? "" : " ×" + attempts;
  return {status + count, style_of_status(status)};
}

std::string step_error(const Json& step) {
  const auto undo = step.find("compensation");
  if (undo != step.end() && undo->is_object()) {
    if (const std::string error = error_at(*undo); !error.empty()) return "undo: " + error;
  }
  return error_at(step);
}

void print_steps(const Json& saga, bool wide, Context& context, const Painter& paint) {
  std::vector<Column> columns{{"STEP"},
                              {"KIND"},
                              {"STATUS", false, true},
                              {"ATTEMPTS", true, true},
                              {"TOOK", true, true},
                              {"UNDO", false, true},
                              {"ERROR"}};
  const Json& steps = saga.at("steps");
  const bool has_children = std::any_of(
      steps.begin(), steps.end(), [](const Json& step) { return !text_at(step, "child").empty(); });
  if (has_children) columns.push_back({"CHILD", false, true});
  if (wide) columns.insert(columns.end(), {{"PARTICIPANT"}, {"STARTED"}, {"OUTPUT"}});
  Table table(columns);
  for (const Json& step : steps) {
    const std::string status = text_at(step, "status");
    std::vector<Cell> cells{{text_at(step, "name")},
                            {text_at(step, "kind"), Style::dim},
                            {status, style_of_status(status)},
                            {count_at(step, "attempts")},
                            {duration_of(step, context.clock.now())},
                            compensation_cell(step),
                            {step_error(step)}};
    if (has_children) cells.push_back({text_at(step, "child")});
    if (wide) {
      cells.insert(cells.end(), {{text_at(step, "participant")},
                                 {time_at(step, "started_at", context)},
                                 {json_at(step, "output")}});
    }
    table.add(std::move(cells));
  }
  table.print(context.out, paint, static_cast<std::size_t>(wide ? 0 : context.width));
}

// Steps whose undo was closed by an operator and never confirmed.
std::string unconfirmed(const Json& saga) {
  std::string names;
  for (const Json& step : saga.value("unconfirmed", Json::array())) {
    names += (names.empty() ? "undo of " : ", ") + step.get<std::string>();
  }
  return names;
}

std::string status_line(const Json& saga, const Painter& paint) {
  const std::string status = text_at(saga, "status");
  std::string line = paint(style_of_status(status), status);
  for (const char* flag : {"paused", "forced", "contradicted"}) {
    if (saga.value(flag, false)) line += paint(Style::turning, fmt::format(" {}", flag));
  }
  return line;
}

void print_saga(const Json& saga, const std::vector<std::string>& why, bool wide,
                Context& context) {
  const Painter paint(context.colored());
  const auto field = [&](const std::string& label, const std::string& value) {
    print_field(label, value, context, paint);
  };
  field("saga", paint(Style::bold, text_at(saga, "id")));
  field("type", fmt::format("{} v{}", printable(text_at(saga, "type")), json_at(saga, "version")));
  field("key", printable(text_at(saga, "key")));
  field("status", status_line(saga, paint));
  for (const std::string& line : why) {
    field(&line == &why.front() ? "why" : "", printable(line));
  }
  field("error", printable(error_at(saga)));
  field("unconfirmed", printable(unconfirmed(saga)));
  field("started", time_at(saga, "started_at", context));
  field("updated", time_at(saga, "updated_at", context));
  field("ended", time_at(saga, "ended_at", context));
  field("next", time_at(saga, "next_at", context));
  field("replay of", text_at(saga, "replay_of"));
  field("replayed", text_at(saga, "replayed_by"));
  field("input", json_at(saga, "input"));
  field("output", json_at(saga, "output"));
  context.out << '\n';
  print_steps(saga, wide, context, paint);
}

int show_unreadable(const UnreadableSaga& unreadable, Format format, Context& context) {
  const Json saga = unreadable_json(unreadable);
  if (format == Format::json) {
    print_json(context.out, format, saga);
    return exit_failed;
  }
  const Painter paint(context.colored());
  for (const char* name : {"id", "type", "key", "status", "started_at", "updated_at", "ended_at"}) {
    print_field(name, printable(text_at(saga, name)), context, paint);
  }
  print_field("unreadable", printable(unreadable.problem), context, paint);
  return exit_failed;
}

}  // namespace

void add_to(CLI::App& app, ShowOptions& options) {
  CLI::App& verb = add_verb(app, "show", "One saga with all its steps", "show 0192f3 -o json");
  add_saga_argument(verb, options.id);
  add_to(verb, options.format, {"table", "wide", "json"});
}

int run(const ShowOptions& options, Context& context) {
  StoreAccess access(context);
  const auto loaded = access.pages().try_load(access.pages().resolve(options.id));
  if (const auto* unreadable = std::get_if<UnreadableSaga>(&loaded)) {
    return show_unreadable(*unreadable, options.format.format(), context);
  }
  const auto& folded = std::get<FoldedSaga>(loaded);
  const Time now = context.clock.now();
  Json saga = show_json(*folded.definition, folded.saga, now);
  const std::vector<std::string> why = explain(access, folded, now);
  saga["why"] = joined(why);
  const Format format = options.format.format();
  if (format == Format::json) {
    print_json(context.out, format, saga);
  } else {
    print_saga(saga, why, format == Format::wide, context);
  }
  return exit_done;
}

}  // namespace skald::cli

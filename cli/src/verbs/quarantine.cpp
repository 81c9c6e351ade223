#include "verbs/quarantine.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <functional>
#include <iomanip>
#include <istream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "change.hpp"
#include "change_results.hpp"
#include "context.hpp"
#include "exit_code.hpp"
#include "output/table.hpp"
#include "output/text.hpp"
#include "quarantine_mask.hpp"
#include "skald/error.hpp"
#include "store_access.hpp"
#include "text_options.hpp"
#include "verbs/verb.hpp"

namespace skald::cli {
namespace {

constexpr int word_bytes_max = 1'024;  // What is longer is no number, and may have no end.
constexpr std::size_t page_size = 200;
constexpr std::size_t numbers_max = 1'000'000;

void each_message(StoreReader& reader,
                  const std::function<bool(const QuarantinedMessage&)>& visit) {
  std::int64_t after = 0;
  for (;;) {
    const auto page = reader.quarantine(after, page_size);
    for (const auto& message : page) {
      if (!visit(message)) return;
    }
    if (page.size() < page_size) return;
    after = page.back().number;
  }
}

// Headers were made by a channel; what is no JSON after all is shown as the text it is.
Json headers_json(const std::string& headers) {
  try {
    return parse_json(headers);
  } catch (const JsonError&) {
    return headers;
  }
}

Json message_json(const QuarantinedMessage& message) {
  return {{"number", message.number},
          {"at", format_time(message.at)},
          {"channel", message.channel},
          {"reason", message.reason},
          {"detail", message.detail},
          {"saga", message.saga},
          {"headers", headers_json(message.headers)},
          {"body", message.body}};
}

// A saga that the store knows, by its id's beginning or its key; else the text that messages name,
// since they may name anything.
std::string saga_named(const std::string& text, StoreAccess& access) {
  if (text.empty() || SagaId::parse(text)) return text;
  const auto found = access.pages().find(text);
  const auto* id = std::get_if<SagaId>(&found);
  return id ? id->to_string() : text;
}

int list(const QuarantineOptions& options, Context& context) {
  StoreAccess access(context);
  const std::string saga = saga_named(options.saga, access);
  const Format format = options.format.format();
  const bool as_json = format == Format::json || format == Format::jsonl;
  JsonWriter json(context.out, format);
  Table table({{"NUMBER", true, true},
               {"AT", false, true},
               {"CHANNEL"},
               {"REASON", false, true},
               {"SAGA"},
               {"DETAIL"}});
  std::size_t taken = 0;
  QuarantineMask mask(access);
  std::string hidden;
  each_message(access.reader(), [&](const QuarantinedMessage& kept) {
    const QuarantinedMessage message = format == Format::ids ? kept : mask.shown(kept);
    const bool wanted = (options.reason.empty() || message.reason == options.reason) &&
                        (saga.empty() || kept.saga == saga);
    if (!wanted) return true;
    if (hidden.empty() && (as_json || message.detail != kept.detail)) {
      if (const std::string what = mask.what_is_hidden(message); !what.empty()) {
        hidden = fmt::format("message {}: {}; skald quarantine show {} says where it can be read",
                             message.number, what, message.number);
      }
    }
    if (as_json) {
      json.add(message_json(message));
    } else if (format == Format::ids) {
      context.out << message.number << '\n';
    } else {
      table.add({{std::to_string(message.number)},
                 {show_time(message.at, context)},
                 {message.channel},
                 {message.reason, Style::bad},
                 {message.saga},
                 {message.detail}});
    }
    ++taken;
    return options.limit == 0 || taken < options.limit;
  });
  if (as_json) {
    json.finish();
  } else if (taken == 0) {
    const bool all = options.reason.empty() && saga.empty();
    context.note(all ? "the quarantine is empty" : "the quarantine has no such message");
  } else if (format != Format::ids) {
    table.print(context.out, Painter(context.colored()), static_cast<std::size_t>(context.width));
  }
  if (!hidden.empty()) context.note(hidden);
  return exit_done;
}

std::int64_t parse_number(const std::string& text) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || rest != end || number < 1) {
    throw Refused(Refused::Code::invalid,
                  fmt::format("'{}' is not the number of a message", printable(text)));
  }
  return number;
}

int show(const QuarantineOptions& options, Context& context) {
  StoreAccess access(context);
  const std::int64_t number = parse_number(options.number);
  const auto found = access.reader().quarantine(number - 1, 1);
  if (found.empty() || found.front().number != number) {
    throw Refused(Refused::Code::not_found,
                  fmt::format("the quarantine has no message {}", number));
  }
  QuarantineMask mask(access);
  const QuarantinedMessage message = mask.shown(found.front());
  if (const std::string hidden = mask.what_is_hidden(message); !hidden.empty()) {
    context.note(hidden + "; " + mask.where_it_lies(message));
  }
  if (options.format.format() == Format::json) {
    print_json(context.out, Format::json, message_json(message));
    return exit_done;
  }
  const Painter paint(context.colored());
  const auto field = [&](const char* label, const std::string& value) {
    context.out << paint(Style::dim, padded(label, 8)) << ' ' << printable(value) << '\n';
  };
  field("number", std::to_string(message.number));
  field("at", show_time(message.at, context));
  field("channel", message.channel);
  field("reason", message.reason);
  field("detail", message.detail);
  field("saga", message.saga);
  field("headers", message.headers);
  field("body", message.body);
  return exit_done;
}

struct Chosen {
  std::vector<std::int64_t> numbers;
  bool named_one = false;
  bool from_stdin = false;
};

Chosen chosen_messages(const QuarantineOptions& options, Context& context) {
  Chosen chosen;
  for (const std::string& text : options.chosen) {
    if (text != "-") {
      chosen.numbers.push_back(parse_number(text));
      continue;
    }
    chosen.from_stdin = true;
    for (std::string word; context.in >> std::setw(word_bytes_max) >> word;) {
      if (chosen.numbers.size() == numbers_max) {
        throw Refused(Refused::Code::invalid, "more than a million numbers on standard input");
      }
      chosen.numbers.push_back(parse_number(word));
    }
  }
  chosen.named_one = chosen.numbers.size() == 1 && !chosen.from_stdin;
  return chosen;
}

bool confirmed(const char* verb, const Chosen& chosen, const QuarantineOptions& options,
               Context& context) {
  if (options.yes || chosen.named_one || chosen.numbers.empty()) return true;
  const auto messages =
      fmt::format("{} message{}", chosen.numbers.size(), chosen.numbers.size() == 1 ? "" : "s");
  if (!context.in_is_terminal || chosen.from_stdin) {
    context.err << fmt::format("skald: this would {} {}; add --yes to do it, or --dry-run to see\n",
                               verb, messages);
    return false;
  }
  context.err << fmt::format("{} {}? [y/N] ", verb, messages) << std::flush;
  std::string answer;
  std::getline(context.in, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return true;
  context.err << "skald: nothing was changed\n";
  return false;
}

// Whether a message can be used by now only an engine can tell: it looks at the saga as well.
int rehearse(const std::string& verb, const Chosen& chosen, StoreAccess& access, Context& context) {
  int result = exit_done;
  for (const std::int64_t number : chosen.numbers) {
    const auto found = access.reader().quarantine(number - 1, 1);
    if (found.empty() || found.front().number != number) {
      context.out << fmt::format("{}  would fail: the quarantine has no message {}\n", number,
                                 number);
      result = chosen.named_one ? exit_not_found : exit_some_failed;
      continue;
    }
    const char* const outcome =
        verb == "drop" ? "would be dropped" : "would be considered again by an engine";
    context.out << fmt::format("{}  {} ({})\n", number, outcome, printable(found.front().reason));
  }
  return result;
}

// `verb` as people are asked, `status` for what is done and has no other.
int change_messages(const std::string& verb, const char* status, const QuarantineOptions& options,
                    Context& context) {
  const Duration pause_between = parse_rate(options.rate);
  const Chosen chosen = chosen_messages(options, context);
  const std::string request = "quarantine_" + verb;
  StoreAccess access(context);
  if (!access.exists()) static_cast<void>(access.reader());  // says that the store is missing
  if (options.dry_run) return rehearse(verb, chosen, access, context);
  if (!confirmed(verb.c_str(), chosen, options, context)) return exit_not_confirmed;
  ChangeResults results(request, options.format.format(), chosen.named_one, context);
  bool first = true;
  for (const std::int64_t number : chosen.numbers) {
    if (!first && pause_between > Duration(0)) {
      access.release();
      if (context.pause(pause_between)) break;
    }
    first = false;
    Json answer =
        access.request({{"verb", request}, {"number", number}, {"by", context.operator_name()}});
    if (answer.value("ok", false) && !answer.contains("status")) answer["status"] = status;
    results.add(std::to_string(number), answer);
  }
  return results.finish();
}

void add_change_options(CLI::App& app, QuarantineOptions& options) {
  app.add_option("number", options.chosen, "Their numbers; - reads them from stdin")
      ->required()
      ->type_name("NUMBER");
  app.add_flag("-y,--yes", options.yes, "Do not ask before changing many");
  app.add_flag("-n,--dry-run", options.dry_run, "Only show what would be sent");
  app.add_option("--rate", options.rate, "At most so many a second (5/s) or minute (30/m)")
      ->type_name("RATE");
  add_to(app, options.format, {"table", "json", "jsonl", "ids"});
}

}  // namespace

void add_to(CLI::App& app, QuarantineOptions& options) {
  CLI::App& verb =
      add_verb(app, "quarantine", "Messages that could not be used", "quarantine list");
  verb.require_subcommand(1, 1);
  CLI::App& list_verb = add_verb(verb, "list", "All of them, oldest first", "quarantine list");
  list_verb.add_option("--limit", options.limit, "At most N")
      ->check(valid_count(0))
      ->type_name("N");
  list_verb.add_option("--reason", options.reason, "Only those of this reason, such as BAD_JSON")
      ->check(valid_name())
      ->type_name("REASON");
  list_verb.add_option("--saga", options.saga, "Only those that name this saga")
      ->check(valid_text())
      ->type_name("ID");
  add_to(list_verb, options.format, {"table", "json", "jsonl", "ids"});
  list_verb.callback([&options] { options.action = QuarantineOptions::Action::list; });
  CLI::App& show_verb = add_verb(verb, "show", "One message, whole", "quarantine show 3");
  show_verb.add_option("number", options.number, "Its number")->required()->type_name("NUMBER");
  add_to(show_verb, options.format, {"table", "json"});
  show_verb.callback([&options] { options.action = QuarantineOptions::Action::show; });
  CLI::App& requeue_verb =
      add_verb(verb, "requeue", "Considers replies again as if they had just come",
               "quarantine list --reason UNKNOWN_SAGA -o ids | skald quarantine requeue - --yes");
  add_change_options(requeue_verb, options);
  requeue_verb.callback([&options] { options.action = QuarantineOptions::Action::requeue; });
  CLI::App& drop_verb = add_verb(verb, "drop", "Throws messages away", "quarantine drop 3");
  add_change_options(drop_verb, options);
  drop_verb.callback([&options] { options.action = QuarantineOptions::Action::drop; });
}

int run(const QuarantineOptions& options, Context& context) {
  switch (options.action) {
    case QuarantineOptions::Action::list: return list(options, context);
    case QuarantineOptions::Action::show: return show(options, context);
    case QuarantineOptions::Action::requeue:
      return change_messages("requeue", "used", options, context);
    case QuarantineOptions::Action::drop:
      return change_messages("drop", "dropped", options, context);
  }
  return exit_failed;
}

}  // namespace skald::cli

#include "verbs/quarantine.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <ostream>

#include "change_results.hpp"
#include "context.hpp"
#include "exit_code.hpp"
#include "output/table.hpp"
#include "output/text.hpp"
#include "skald/error.hpp"
#include "store_access.hpp"
#include "verbs/verb.hpp"

namespace skald::cli {
namespace {

constexpr std::size_t page_size = 200;

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

Json message_json(const QuarantinedMessage& message) {
  // Headers were made by a channel; what is no JSON after all is shown as the text it is.
  const Json headers = Json::parse(message.headers, nullptr, false);
  return {{"number", message.number},
          {"at", format_time(message.at)},
          {"channel", message.channel},
          {"reason", message.reason},
          {"detail", message.detail},
          {"saga", message.saga},
          {"headers", headers.is_discarded() ? Json(message.headers) : headers},
          {"body", message.body}};
}

int list(const QuarantineOptions& options, Context& context) {
  StoreAccess access(context);
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
  each_message(access.reader(), [&](const QuarantinedMessage& message) {
    if (as_json) {
      json.add(message_json(message));
    } else {
      table.add({{std::to_string(message.number)},
                 {show_time(message.at, context)},
                 {message.channel},
                 {message.reason, Style::bad},
                 {message.saga},
                 {message.detail}});
    }
    return options.limit == 0 || ++taken < options.limit;
  });
  if (as_json) {
    json.finish();
  } else if (table.empty()) {
    context.note("the quarantine is empty");
  } else {
    table.print(context.out, Painter(context.colored()), static_cast<std::size_t>(context.width));
  }
  return exit_done;
}

int show(const QuarantineOptions& options, Context& context) {
  StoreAccess access(context);
  const std::int64_t number = options.numbers.front();
  const auto found = access.reader().quarantine(number - 1, 1);
  if (found.empty() || found.front().number != number) {
    throw Refused(Refused::Code::not_found,
                  fmt::format("the quarantine has no message {}", number));
  }
  const QuarantinedMessage& message = found.front();
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

int drop(const QuarantineOptions& options, Context& context) {
  const bool one = options.numbers.size() == 1;
  if (!one && !options.yes) {
    context.err << fmt::format("skald: this would drop {} messages; add --yes to do it\n",
                               options.numbers.size());
    return exit_not_confirmed;
  }
  StoreAccess access(context);
  if (!access.exists()) static_cast<void>(access.reader());  // says that the store is missing
  ChangeResults results("quarantine_drop", options.format.format(), one, context);
  for (const std::int64_t number : options.numbers) {
    Json answer = access.request({{"verb", "quarantine_drop"}, {"number", number}});
    if (answer.value("ok", false) && !answer.contains("status")) answer["status"] = "dropped";
    results.add(std::to_string(number), answer);
  }
  return results.finish();
}

}  // namespace

void add_to(CLI::App& app, QuarantineOptions& options) {
  CLI::App& verb =
      add_verb(app, "quarantine", "Messages that could not be used", "quarantine list");
  verb.require_subcommand(1, 1);
  CLI::App& list_verb = add_verb(verb, "list", "All of them, oldest first", "quarantine list");
  list_verb.add_option("--limit", options.limit, "At most N")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");
  add_to(list_verb, options.format, {"table", "json", "jsonl"});
  list_verb.callback([&options] { options.action = QuarantineOptions::Action::list; });
  CLI::App& show_verb = add_verb(verb, "show", "One message, whole", "quarantine show 3");
  show_verb.add_option("number", options.numbers, "Its number")
      ->required()
      ->expected(1)
      ->type_name("NUMBER");
  add_to(show_verb, options.format, {"table", "json"});
  show_verb.callback([&options] { options.action = QuarantineOptions::Action::show; });
  CLI::App& drop_verb = add_verb(verb, "drop", "Throws messages away", "quarantine drop 3");
  drop_verb.add_option("number", options.numbers, "Their numbers")->required()->type_name("NUMBER");
  drop_verb.add_flag("-y,--yes", options.yes, "Do not ask before dropping many");
  add_to(drop_verb, options.format, {"table", "json", "jsonl"});
  drop_verb.callback([&options] { options.action = QuarantineOptions::Action::drop; });
}

int run(const QuarantineOptions& options, Context& context) {
  switch (options.action) {
    case QuarantineOptions::Action::list: return list(options, context);
    case QuarantineOptions::Action::show: return show(options, context);
    case QuarantineOptions::Action::drop: return drop(options, context);
  }
  return exit_failed;
}

}  // namespace skald::cli

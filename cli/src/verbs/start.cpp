#include "verbs/start.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <ostream>

#include "context.hpp"
#include "exit_code.hpp"
#include "skald/definition.hpp"
#include "skald/error.hpp"
#include "skald/text.hpp"
#include "span_options.hpp"
#include "store_access.hpp"
#include "text_options.hpp"
#include "verbs/verb.hpp"
#include "waiting.hpp"

namespace skald::cli {
namespace {

bool names_file(const std::string& what) {
  return what.find('/') != std::string::npos ||
         (what.size() > 5 && what.compare(what.size() - 5, 5, ".json") == 0);
}

Json start_request(const StartOptions& options, Context& context) {
  Json request{
      {"verb", "start"}, {"by", context.operator_name()}, {"reason", clean_text(options.reason)}};
  if (names_file(options.what)) {
    const Definition definition = load_definition(options.what);
    request["definition"] = parse_json(definition.normal_form());
    request["type"] = definition.type;
    request["version"] = definition.version;
  } else {
    if (const auto problem = name_problem(options.what)) {
      throw Refused(Refused::Code::invalid, "TYPE: " + *problem + "; give a saga type or a file");
    }
    request["type"] = options.what;
    if (options.version > 0) request["version"] = options.version;
  }
  request["input"] = json_argument("--input", options.input, context).value();
  if (!options.key.empty()) request["key"] = options.key;
  if (!options.delay.empty()) {
    request["delay"] = format_duration(span_option("--delay", options.delay));
  }
  if (!options.at.empty()) request["not_before"] = format_time(point_option("--at", options.at));
  if (options.priority >= 0) request["priority"] = options.priority;
  return request;
}

}  // namespace

void add_to(CLI::App& app, StartOptions& options) {
  CLI::App& verb = add_verb(app, "start", "Starts a saga and prints its id once it is durable",
                            R"(start place-order --key order-42 --input '{"sku": "chair"}')");
  verb.add_option("what", options.what, "A saga type, or the file of a definition (….json)")
      ->required()
      ->type_name("TYPE|FILE");
  verb.add_option("-i,--input", options.input, "The saga's input; @FILE or - reads it")
      ->required()
      ->type_name("JSON");
  verb.add_option("-k,--key", options.key, "Business key, unique per type")
      ->check(valid_name())
      ->type_name("KEY");
  verb.add_option("--definition", options.version, "Version of the type (the newest)")
      ->check(valid_count(1, UINT32_MAX))
      ->type_name("N");
  auto* delay = verb.add_option("--delay", options.delay, "Issue nothing before this has passed")
                    ->type_name("DURATION");
  verb.add_option("--at", options.at, "Issue nothing before this date or time")
      ->excludes(delay)
      ->type_name("TIME");
  verb.add_option("--priority", options.priority, "0 to 9, higher first (the definition's)")
      ->check(valid_count(0, 9))
      ->type_name("N");
  verb.add_option("--reason", options.reason, "Why; kept in the history")->type_name("TEXT");
  auto* wait =
      verb.add_flag("-w,--wait", options.wait, "Wait until it ends or is stuck (needs an engine)");
  verb.add_option("--timeout", options.timeout, "Of --wait, then exit code 124")
      ->needs(wait)
      ->type_name("DURATION");
  add_to(verb, options.format, {"table", "json"});
}

int run(const StartOptions& options, Context& context) {
  const auto timeout = parse_timeout(options.timeout);
  StoreAccess access(context);
  const Json request = start_request(options, context);
  if (!access.exists() && !request.contains("definition")) {
    throw Refused(Refused::Code::not_found,
                  fmt::format("there is no store at {}, so it knows no type '{}'; start with the "
                              "file of a definition",
                              access.path(), options.what));
  }
  // Whoever wants to wait is told that nobody works before anything is stored.
  const Json answer = options.wait ? access.request_of_engine(request) : access.request(request);
  throw_if_refused(answer);
  const std::string id = answer.at("id").get<std::string>();
  const bool created = answer.value("created", true);
  if (options.format.format() == Format::json) {
    print_json(context.out, Format::json, {{"id", id}, {"created", created}});
  } else {
    context.out << id << '\n';
  }
  context.out.flush();
  if (!created) context.note("the key is taken by this saga, which has the same input");
  if (!options.wait) return exit_done;
  const auto status = wait_for(*SagaId::parse(id), timeout, access, context);
  context.note(status ? to_string(*status) : "it has not ended yet");
  return exit_code_of_wait(status);
}

}  // namespace skald::cli

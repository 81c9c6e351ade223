#include "verbs/participants.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <ostream>

#include "broker_config.hpp"
#include "context.hpp"
#include "exit_code.hpp"
#include "output/table.hpp"
#include "output/text.hpp"
#include "participant_list.hpp"
#include "skald/text.hpp"
#include "span_options.hpp"
#include "store_access.hpp"
#include "text_options.hpp"
#include "verbs/verb.hpp"

namespace skald::cli {
namespace {

// A count, and where the policy has such a field the limit: `3/10`.
std::string of_limit(const Json& count, const Json& participant, const char* policy,
                     const char* field) {
  if (count.is_null()) return {};
  const Json limits = participant.at("policies").value(policy, Json::object());
  const auto limit = limits.find(field);
  return limit == limits.end() ? dump_json(count)
                               : fmt::format("{}/{}", dump_json(count), dump_json(*limit));
}

Cell breaker_cell(const Json& participant, const Context& context) {
  const Json& breaker = participant.at("breaker");
  if (breaker.is_null()) return {};
  const std::string state = text_at(breaker, "state");
  if (state == "closed") return {state, Style::good};
  if (state == "half-open") return {state, Style::turning};
  return {fmt::format("open, probes {}", time_at(breaker, "until", context)), Style::bad};
}

std::string answer_text(const Json& answer, const Context& context) {
  if (answer.is_null()) return {};
  const std::string code = text_at(answer, "error_code");
  return fmt::format("{} {}", code.empty() ? "success" : code, time_at(answer, "at", context));
}

std::string sources_text(const Json& participant) {
  std::string text;
  for (const auto& [policy, source] : participant.at("sources").items()) {
    if (!text.empty()) text += ", ";
    text += fmt::format("{}: {}", policy, source.get<std::string>());
  }
  return text;
}

// Commands that wait in the broker, and who takes them; nobody is worth a colour.
std::vector<Cell> queue_cells(const Json& queue) {
  if (queue.is_null()) return {{"none", Style::bad}, {}};
  const bool alone = queue.at("consumers") == 0;
  return {{dump_json(queue.at("messages"))},
          {dump_json(queue.at("consumers")), alone ? Style::bad : Style::plain}};
}

void print_table(const ParticipantList& list, Format format, Context& context) {
  std::vector<Column> columns{{"PARTICIPANT", false, true},
                              {"BREAKER", false, true},
                              {"IN FLIGHT", true, true},
                              {"WAITING", true, true},
                              {"TOKENS", true, true},
                              {"RETRIES", true, true},
                              {"LAST ANSWER"},
                              {"LAST ERROR"}};
  if (list.queues_known) {
    columns.insert(columns.end(), {{"QUEUED", true, true}, {"CONSUMERS", true, true}});
  }
  if (format == Format::wide) columns.insert(columns.end(), {{"RATE"}, {"POLICIES FROM"}});
  Table table(columns);
  for (const Json& p : list.participants) {
    std::vector<Cell> row{{text_at(p, "name"), Style::bold},
                          breaker_cell(p, context),
                          {of_limit(p.at("in_flight"), p, "bulkhead", "max_in_flight")},
                          {of_limit(p.at("waiting"), p, "bulkhead", "max_waiting")},
                          {of_limit(p.at("tokens"), p, "rate_limit", "burst")},
                          {of_limit(p.at("retries_left"), p, "retry_budget", "none")},
                          {answer_text(p.at("last_answer"), context)},
                          {answer_text(p.at("last_error"), context)}};
    if (list.queues_known) {
      for (Cell& cell : queue_cells(p.at("queue"))) row.push_back(std::move(cell));
    }
    if (format == Format::wide) {
      const Json limit = p.at("policies").value("rate_limit", Json::object());
      row.push_back({text_at(limit, "rate")});
      row.push_back({sources_text(p)});
    }
    table.add(std::move(row));
  }
  const bool wide = format == Format::wide;
  table.print(context.out, Painter(context.colored()),
              wide ? 0 : static_cast<std::size_t>(context.width));
}

int set_breaker(const ParticipantsOptions& options, Context& context) {
  Json request{{"verb", "set_breaker"},
               {"participant", options.set},
               {"breaker", options.breaker},
               {"by", context.operator_name()}};
  if (!options.reason.empty()) request["reason"] = options.reason;
  if (!options.lasting.empty()) {
    const Duration lasting = span_option("--for", options.lasting);
    if (lasting == Duration::zero()) {
      throw Refused(Refused::Code::invalid,
                    "--for: must be longer than nothing; leave it out for no end");
    }
    request["for_ms"] = lasting.count();
  }
  StoreAccess access(context);
  throw_if_refused(access.request_of_engine(request));
  const std::string lasting = options.lasting.empty() ? "" : " for " + options.lasting;
  context.note(fmt::format("the breaker of {} is {} now{}", printable(options.set), options.breaker,
                           printable(lasting)));
  return exit_done;
}

}  // namespace

void add_to(CLI::App& app, ParticipantsOptions& options) {
  CLI::App& verb = add_verb(
      app, "participants", "The services that carry out steps, and the policies that hold for them",
      "participants -o wide");
  verb.add_option("--config", options.config,
                  "The engine's configuration: names the broker ($SKALD_AMQP_URL) to ask for "
                  "queues, and the policies when no engine runs that could tell")
      ->type_name("FILE");
  add_to(verb, options.format, {"table", "wide", "json", "jsonl"});
  verb.require_subcommand(0, 1);
  CLI::App& set_verb =
      add_verb(verb, "set", "Closes or opens a participant's breaker; a running engine does it",
               "participants set bank --breaker closed --for 10m --reason 'they are back'");
  set_verb.add_option("participant", options.set, "The participant's name")
      ->required()
      ->check(valid_name())
      ->type_name("NAME");
  set_verb.add_option("--breaker", options.breaker, "closed lets commands go, open holds them")
      ->required()
      ->check(CLI::IsMember({"closed", "open"}));
  set_verb.add_option("--for", options.lasting, "How long it stays so, such as 10m")
      ->type_name("DURATION");
  set_verb.add_option("--reason", options.reason, "Why; kept with your name and shown")
      ->type_name("TEXT");
}

int run(const ParticipantsOptions& options, Context& context) {
  if (!options.set.empty()) return set_breaker(options, context);
  StoreAccess access(context);
  const EngineConfig config = read_config(options.config);
  const auto broker = find_broker(config, context);
  ParticipantList list = list_participants(access, config, context.clock.now());
  if (broker) look_at_queues(list, *broker);
  if (!list.from_engine) {
    context.note(
        "no engine answers at this store: this is what the store keeps, without what is "
        "in flight or waits");
  }
  if (!list.broker_failure.empty()) {
    context.note("the broker could not be asked for queues: " + list.broker_failure);
  }
  const Format format = options.format.format();
  if (format == Format::json || format == Format::jsonl) {
    JsonWriter json(context.out, format);
    for (const Json& participant : list.participants) json.add(participant);
    json.finish();
  } else if (list.participants.empty()) {
    context.note("no definition in this store names a participant");
  } else {
    print_table(list, format, context);
  }
  return exit_done;
}

}  // namespace skald::cli

#include "uses.hpp"

#include <nlohmann/json.hpp>

#include "control/control_request.hpp"
#include "demand.hpp"
#include "json/pointer.hpp"
#include "message_text.hpp"
#include "skald/definition.hpp"
#include "skald/edge_data.hpp"
#include "skald/filter.hpp"
#include "skald/text.hpp"
#include "skald/wire.hpp"
#include "used_engine.hpp"

namespace skald::fuzz {
namespace {

// The first line and the rest: two inputs in one.
struct Split {
  std::string_view line;
  std::string_view rest;
};
Split split(std::string_view input) {
  const auto end = input.find('\n');
  if (end == std::string_view::npos) return {input, {}};
  return {input.substr(0, end), input.substr(end + 1)};
}

std::uint64_t number_of(std::string_view input) {
  std::uint64_t number = 14'695'981'039'346'656'037U;
  for (const char c : input) {
    number = (number ^ static_cast<unsigned char>(c)) * 1'099'511'628'211U;
  }
  return number;
}

// A definition is defined, started with inputs that fit it or nearly do, and read back.
Fate use_definition(std::string_view input) {
  DefinitionPtr definition;
  try {
    definition = std::make_shared<const Definition>(parse_definition(input));
  } catch (const DefinitionError&) {
    return Fate::refused;
  }
  demand(definition->normal_form().size() <= JsonLimits{}.bytes,
         "a normal form is longer than a definition may be");
  UsedEngine engine;
  if (!engine.define(definition)) return Fate::refused;
  constexpr std::size_t bytes_max = 20'000;
  testing::EdgeData edge{number_of(input), bytes_max};
  const Json document = parse_json(definition->normal_form());
  for (int i = 0; i < 2; ++i) {
    try {
      (void)engine.run(definition->type, JsonText::of(edge.input_for(document)));
    } catch (const JsonError&) {
      continue;  // Too deep: no caller gets that far.
    }
  }
  engine.look_back();
  return Fate::accepted;
}

Fate use_reply(std::string_view input) {
  const WireMessage message = message_from(input);
  UsedEngine engine;
  bool usable = false;
  for (const DecodedReply& decoded : {decode_reply(message), decode_dead_command(message)}) {
    if (const auto* reply = std::get_if<Reply>(&decoded)) {
      usable = true;
      engine.process({ReplyArrival{*reply}});
    } else if (const auto* unusable = std::get_if<UnusableMessage>(&decoded)) {
      QuarantinedMessage kept;
      kept.channel = "amqp";
      kept.reason = unusable->reason;
      kept.detail = unusable->detail;
      kept.headers = describe_metadata(message);
      kept.body = message.body;
      engine.process({UnusableArrival{std::move(kept), 0}});
    }
  }
  engine.look_back();
  return usable ? Fate::accepted : Fate::refused;
}

// Any pointer into any document leads somewhere or nowhere, and means what it says.
Fate use_pointer(std::string_view input) {
  const auto [line, rest] = split(input);
  Json document;
  try {
    document = parse_json(rest);
  } catch (const JsonError&) {
    return Fate::refused;
  }
  const auto tokens = split_pointer(line);
  if (!tokens) return Fate::refused;
  std::string again;
  for (const std::string& token : *tokens) {
    again += '/';
    for (const char c : token) {
      again += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    }
  }
  demand(again == line, "a pointer that is put together again is another one");
  const Json* found = value_at(document, *tokens, 0);
  demand(found != nullptr || !tokens->empty(), "the empty pointer does not lead to the document");
  return Fate::accepted;
}

// A condition over a saga that was started with any input.
Fate use_condition(std::string_view input) {
  const auto [line, rest] = split(input);
  SagaFilter filter;
  Saga saga;
  try {
    filter.where.push_back(WhereClause::parse(line));
    saga.input = JsonText::parse(rest);
  } catch (const Refused&) {
    return Fate::refused;
  } catch (const JsonError&) {
    return Fate::refused;
  }
  static const Definition definition = parse_definition(
      R"({"saga":"o","version":1,"steps":[
        {"name":"a","participant":"p","action":"a","compensation":"none"}]})");
  saga.steps.resize(1);
  saga.steps[0].output = saga.input;
  (void)matches(filter, definition, saga);
  return Fate::accepted;
}

// A request is carried out by an engine that has a saga, and all is read back.
Fate use_control(std::string_view input) {
  std::optional<ParsedRequest> parsed;
  try {
    parsed = parse_control_request(parse_json(input));
  } catch (const Refused&) {
    return Fate::refused;
  } catch (const DefinitionError&) {
    return Fate::refused;
  } catch (const JsonError&) {
    return Fate::refused;
  }
  UsedEngine engine;
  if (parsed->define_first && !engine.define(parsed->define_first)) return Fate::refused;
  const bool carried_out = std::visit(
      [&engine]<typename T>(T& request) {
        if constexpr (std::is_constructible_v<Arrival, T&&>) {
          request.answer = [](const auto& answer) {
            const auto* refusal = std::get_if<Refusal>(&answer);
            demand(!refusal || is_utf8(refusal->message), "a refusal is no UTF-8");
          };
          engine.process({Arrival{std::move(request)}});
          return true;
        }
        return false;
      },
      parsed->request);
  if (!carried_out) return Fate::refused;
  engine.look_back();
  return Fate::accepted;
}

constexpr const char* a_used_reply =
    R"(.correlation_id: 019b76da-a800-7162-811f-6531eb66d9a7/reserve/action
skald_command_id: 019b76da-a800-7162-811f-6531eb66d9a7/reserve/action/1
skald_outcome: success
skald_protocol: 1
skald_attempt: #1

{"output": {"id": 7}})";

constexpr const char* a_list_definition = R"({"saga":"l","version":1,"secrets":["/input/items/0"],
"locks":["o/{/input/number}"],"steps":[{"name":"z","sleep":{"$from":"/input/at"}},
{"name":"e","for_each":{"in":"/input/items","step":{"participant":"p","action":"a",
"compensation":"u","input":{"x":{"$from":"/item/sku","default":1}}}}},
{"name":"s","participant":"p","action":"a","compensation":"u",
"when":{"$from":"/input/items/0","exists":true}}]})";

}  // namespace

std::vector<Target> use_targets() {
  const std::string id = UsedEngine::saga_id;
  return {
      {"definition_use", use_definition, {a_list_definition}, true},
      {"reply_use", use_reply, {a_used_reply}},
      {"pointer",
       use_pointer,
       {"/items/0/a~1b\n{\"items\":[{\"a/b\":1}]}", "/items/\n{\"items\":[1]}"}},
      {"condition",
       use_condition,
       {"input./items/0 >= 3\n{\"items\":[1]}", "steps.a.output./a exists\n{\"a\":null}"}},
      {"control_use",
       use_control,
       {R"({"verb":"start","type":"order","input":{"items":[1]},"key":"k","delay":"5s"})",
        R"({"verb":"skip","id":")" + id +
            R"(","step":"reserve","as":"succeeded","output":{"a":1}})",
        R"({"verb":"resume","id":")" + id + R"(","step":"charge","input_patch":{"a":1}})",
        R"({"verb":"abandon","id":")" + id + R"(","by":"ann","reason":"over"})",
        R"({"verb":"replay","id":")" + id + R"(","from_step":"charge","input_patch":{"b":[]}})"}},
  };
}

}  // namespace skald::fuzz

#include "targets.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/control_request.hpp"
#include "demand.hpp"
#include "event_codec.hpp"
#include "message_text.hpp"
#include "skald/amqp_options.hpp"
#include "skald/chaos.hpp"
#include "skald/definition.hpp"
#include "skald/error.hpp"
#include "skald/filter.hpp"
#include "skald/participant_policies.hpp"
#include "skald/participant_state.hpp"
#include "skald/wire.hpp"
#include "uses.hpp"

namespace skald::fuzz {
namespace {

Fate refused(const std::exception& error) {
  demand(std::string_view(error.what()).size() > 3, "it is refused without a word");
  return Fate::refused;
}

// Of what is answered in JSON: to the control socket, or by the CLI.
Fate refused_in_json(const std::exception& error) {
  try {
    static_cast<void>(JsonText::of(Json(std::string(error.what()))));
  } catch (const JsonError&) {
    throw Violation{"the refusal itself cannot be sent as JSON"};
  }
  return refused(error);
}

std::size_t depth_of(const Json& tree) {
  std::size_t deepest = 0;
  if (!tree.is_structured()) return 0;
  for (const Json& part : tree) deepest = std::max(deepest, depth_of(part));
  return deepest + 1;
}

Fate read_json(std::string_view input) {
  std::optional<Json> tree;
  try {
    tree = parse_json(input);
  } catch (const JsonError& error) {
    bool as_text = true;
    try {
      static_cast<void>(JsonText::parse(input));
    } catch (const JsonError&) {
      as_text = false;
    }
    demand(!as_text, "the scanner takes what the parser refuses");
    return refused(error);
  }
  const JsonText text = JsonText::parse(input);
  demand(depth_of(*tree) <= JsonLimits{}.depth, "it is nested deeper than the limit");
  demand(parse_json(JsonText::of(*tree).text()) == *tree, "written and read it is another value");
  demand(same_value(text, JsonText::of(*tree)), "scanner and parser read different values");
  return Fate::accepted;
}

Fate read_definition(std::string_view input) {
  try {
    const Definition definition = parse_definition(input);
    const Definition again = parse_definition(definition.normal_form());
    demand(again == definition, "its normal form is another definition");
    demand(again.digest() == definition.digest(), "its normal form has another digest");
    demand(!definition.steps.empty(), "it has no steps");
    return Fate::accepted;
  } catch (const DefinitionError& error) {
    return refused(error);
  }
}

Fate read_filter(std::string_view input) {
  try {
    const WhereClause clause = WhereClause::parse(input);
    demand(clause.pointer.starts_with('/'), "a pointer does not begin with a slash");
    static_cast<void>(clause.value.value());
    return Fate::accepted;
  } catch (const Refused& refusal) {
    demand(refusal.code() == Refused::Code::invalid, "the refusal has a strange code");
    return refused(refusal);
  }
}

Fate read_control(std::string_view input) {
  try {
    static_cast<void>(parse_control_request(parse_json(input)));
    return Fate::accepted;
  } catch (const Refused& refusal) {
    return refused_in_json(refusal);
  } catch (const DefinitionError& error) {
    return refused_in_json(error);
  } catch (const JsonError& error) {
    return refused_in_json(error);
  }
}

Fate read_policies(std::string_view input) {
  try {
    for (const auto& [name, policies] : parse_policies(parse_json(input), "participants")) {
      const auto again = parse_policies(Json{{name, policies_json(policies)}}, "again");
      demand(again.at(name) == policies, "written and read they are other policies");
    }
    return Fate::accepted;
  } catch (const DefinitionError& error) {
    return refused(error);
  } catch (const JsonError& error) {
    return refused(error);
  }
}

Fate read_address(std::string_view input) {
  try {
    const AmqpOptions options = AmqpOptions::parse(input);
    demand(options.describe().find('\n') == std::string::npos, "its description has two lines");
    return Fate::accepted;
  } catch (const ChannelError& error) {
    // Where the password still is one, and stands nowhere else.
    const bool hidden = input.starts_with("amqps://ann:s3cret@") &&
                        input.rfind("s3cret") == std::string_view("amqps://ann:").size();
    const bool tells = std::string_view(error.what()).find("s3cret") != std::string_view::npos;
    demand(!hidden || !tells, "the refusal tells the password");
    return refused(error);
  }
}

Fate read_chaos(std::string_view input) {
  try {
    const ChaosOptions options = ChaosOptions::parse(input);
    demand(options.fail >= 0 && options.fail <= 1, "a rate is no share");
    const ChaosOptions again = ChaosOptions::parse(options.describe());
    demand(again.describe() == options.describe(), "described and read it is another chaos");
    return Fate::accepted;
  } catch (const Refused& refusal) {
    return refused(refusal);
  }
}

void check_unusable(const UnusableMessage& unusable) {
  constexpr const char* reasons[] = {"TOO_LARGE",   "BAD_JSON",   "BAD_HEADERS",
                                     "BAD_OUTCOME", "FORGED_KEY", "UNSUPPORTED_PROTOCOL"};
  demand(std::find(std::begin(reasons), std::end(reasons), unusable.reason) != std::end(reasons),
         "an unusable message has a reason that is not documented");
  demand(!unusable.detail.empty(), "an unusable message has no detail");
}

Fate check_reply(const DecodedReply& decoded) {
  if (const auto* unusable = std::get_if<UnusableMessage>(&decoded)) {
    check_unusable(*unusable);
    return Fate::refused;
  }
  if (const auto* reply = std::get_if<Reply>(&decoded)) {
    demand(!reply->step.empty(), "a reply names no step");
    demand(reply->attempt.attempt > 0, "a reply answers attempt 0");
    static_cast<void>(parse_json(reply->outcome.output.text()));
    static_cast<void>(parse_json(reply->outcome.error.data.text()));
    const bool says_why = reply->outcome.kind == OutcomeKind::success ||
                          reply->outcome.kind == OutcomeKind::pending ||
                          !reply->outcome.error.code.empty();
    demand(says_why, "a failure has no code");
  }
  return Fate::accepted;
}

Fate read_reply(std::string_view input) {
  const WireMessage message = message_from(input);
  static_cast<void>(parse_json(describe_metadata(message)));
  static_cast<void>(check_reply(decode_dead_command(message)));
  return check_reply(decode_reply(message));
}

Fate read_command(std::string_view input) {
  const WireMessage message = message_from(input);
  const DecodedCommand decoded = decode_command(message, "inventory");
  if (const auto* unusable = std::get_if<UnusableMessage>(&decoded)) {
    check_unusable(*unusable);
    return Fate::refused;
  }
  const Command& command = std::get<ReceivedCommand>(decoded).command;
  const DecodedReply reply =
      decode_reply(encode_reply(message, Outcome::success({{"done", true}}), "reply-1", Time{}));
  const auto* answered = std::get_if<Reply>(&reply);
  demand(answered != nullptr, "the reply to a command that was taken cannot be read");
  demand(answered->saga == command.id.saga && answered->step == command.id.step &&
             answered->attempt.attempt == command.id.attempt &&
             answered->attempt.direction == command.id.direction,
         "the reply answers another command");
  return Fate::accepted;
}

Fate read_journal(std::string_view input) {
  try {
    std::string again;
    encode_events(decode_events(input), again);
    std::string thrice;
    encode_events(decode_events(again), thrice);
    demand(again == thrice, "written and read they are other events");
    return Fate::accepted;
  } catch (const StoreError& error) {
    return refused(error);
  }
}

Fate read_state(std::string_view input) {
  return decode_state(input) ? Fate::accepted : Fate::refused;
}

constexpr const char* a_reply =
    R"(.correlation_id: 01890a5d-ac96-774b-bcce-b302099a8057/reserve/action
skald_command_id: 01890a5d-ac96-774b-bcce-b302099a8057/reserve/action/1
skald_outcome: success
skald_protocol: 1
skald_attempt: #1

{"output": {"id": 7}})";

constexpr const char* a_failure =
    R"(.correlation_id: 01890a5d-ac96-774b-bcce-b302099a8057/reserve/compensate
skald_command_id: 01890a5d-ac96-774b-bcce-b302099a8057/reserve/compensate/12
skald_outcome: failed

{"error": {"code": "BUSY", "message": "later", "retry_after_ms": 500, "data": [1, 2]}})";

constexpr const char* a_command =
    R"(.correlation_id: 01890a5d-ac96-774b-bcce-b302099a8057/reserve/action
.message_id: 01890a5d-ac96-774b-bcce-b302099a8057/reserve/action/1
.type: reserve
.reply_to: skald.reply.e
.app_id: skald/e
skald_protocol: 1
skald_saga_id: 01890a5d-ac96-774b-bcce-b302099a8057
skald_saga_type: place-order
skald_saga_version: #1
skald_step: reserve
skald_direction: action
skald_attempt: #1
skald_round: #1
skald_idempotency_key: 01890a5d-ac96-774b-bcce-b302099a8057/reserve/action
skald_deadline: 2026-03-01T09:30:00.250Z
skald_key: order-42

{"input": {"sku": "umbrella"}})";

std::vector<Target> make_targets() {
  std::vector<Target> all{
      {"json", read_json, {R"({"a":[1,-2.5e3,"\u00e9",true,null],"b":{"c":"ü"}})", "[[[[]]]]"}},
      {"definition", read_definition, {}},
      {"filter",
       read_filter,
       {R"(input./customer = "c-7")", "steps.reserve.output./id >= 3", "output./a exists"}},
      {"control",
       read_control,
       {R"({"verb":"start","type":"place-order","input":{"a":1},"key":"k","delay":"5s"})",
        R"({"verb":"skip","id":"01890a5d-ac96-774b-bcce-b302099a8057","step":"a","as":"rejected"})",
        R"({"verb":"signal","id":"01890a5d-ac96-774b-bcce-b302099a8057","name":"go","data":{}})",
        R"({"verb":"replay","id":"01890a5d-ac96-774b-bcce-b302099a8057","from_step":"b"})",
        R"({"verb":"wait","id":"01890a5d-ac96-774b-bcce-b302099a8057","timeout_ms":50})"}},
      {"policies",
       read_policies,
       {R"({"inventory":{"breaker":{"failures":3,"delay":"5s"},"bulkhead":{"max_in_flight":9},)"
        R"("rate_limit":{"rate":"100/s","burst":5},"retry_budget":{"ratio":0.2}}})"}},
      {"address",
       read_address,
       {"amqps://ann:s3cret@rabbit:5671/orders?heartbeat=10&prefix=a&queue_type=classic",
        "amqp://[::1]:5672/%2f"}},
      {"chaos", read_chaos, {"fail=0.1,lose=0.05,unknown=1,duplicate=0.5,slow=0.2:3s,seed=7"}},
      {"reply", read_reply, {a_reply, a_failure}},
      {"command", read_command, {a_command}},
      {"journal", read_journal, {}},
      {"state", read_state, {}},
  };
  for (Target& target : use_targets()) all.push_back(std::move(target));
  return all;
}

}  // namespace

const std::vector<Target>& targets() {
  static const std::vector<Target> all = make_targets();
  return all;
}

const Target* find_target(std::string_view name) {
  for (const Target& target : targets()) {
    if (name == target.name) return &target;
  }
  return nullptr;
}

}  // namespace skald::fuzz

#include "answers.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine.hpp"
#include "skald/participant_call.hpp"

namespace skald::faults {
namespace {

void add_reports(const Command& command, std::vector<Arrival>& arrivals) {
  arrivals.emplace_back(SentArrival{command.id.saga, command.attempt});
  arrivals.emplace_back(ConfirmedArrival{command.position, command.id.saga, command.attempt});
}

}  // namespace

std::vector<Arrival> Answers::to(const Command& command, Time now) {
  std::vector<Arrival> arrivals;
  add_reports(command, arrivals);
  arrivals.push_back(edge_.chance(50) ? in_process(command) : over_the_wire(command, now));
  return arrivals;
}

std::vector<Arrival> Answers::kindly_to(const Command& command) {
  std::vector<Arrival> arrivals;
  add_reports(command, arrivals);
  arrivals.emplace_back(ReplyArrival{{command.id.saga, command.attempt, {}, {}, 0}});
  return arrivals;
}

Arrival Answers::in_process(const Command& command) {
  tally_.did(Deed::reply_in_process);
  const Handler handler = [this](const HandlerCall& call) {
    try {
      (void)call.input();
    } catch (const JsonError& error) {
      tally_.expect(Rule::E5, false,
                    fmt::format("no handler can read the body of a command: {}", error.what()));
    }
    return edge_.outcome();
  };
  Reply reply{command.id.saga, command.attempt, {}, {}, 0};
  reply.outcome = call_handler(handler, HandlerCall(command, {}));
  tally_.expect(Rule::E5, true, "");
  return ReplyArrival{std::move(reply)};
}

// As AmqpPublisher, the participant kit and AmqpConsumer do it.
Arrival Answers::over_the_wire(const Command& command, Time now) {
  std::string why_not;
  const auto message = encode_command(command, engine_name, "skald.reply.edge", now, {}, why_not);
  if (!message) {
    tally_.did(Deed::command_not_sendable);
    tally_.expect(Rule::E5, !why_not.empty(), "a command cannot be sent, and nobody says why");
    Outcome outcome = Outcome::failed("NOT_SENDABLE", "the command cannot be sent: " + why_not);
    outcome.final_failure = true;
    return ReplyArrival{{command.id.saga, command.attempt, {}, std::move(outcome), 0}};
  }
  tally_.did(Deed::reply_from_wire);
  if (edge_.chance(40)) {
    const WireMessage reply = edge_.reply_message(command);
    return decoded(reply, decode_reply(reply));
  }
  if (edge_.chance(15)) {
    const WireMessage dead = edge_.dead_message(*message);
    tally_.did(Deed::dead_letter);
    return decoded(dead, decode_dead_command(dead));
  }
  const DecodedCommand received = decode_command(*message, command.participant);
  tally_.expect(Rule::E5, std::holds_alternative<ReceivedCommand>(received),
                "no participant can read a command that was sent");
  const Handler handler = [this](const HandlerCall&) { return edge_.outcome(); };
  const Outcome outcome = call_handler(handler, HandlerCall(command, {}));
  const WireMessage reply = encode_reply(*message, outcome, "m-1", now);
  return decoded(reply, decode_reply(reply));
}

Arrival Answers::stray(const Command& command, Time now) {
  if (edge_.chance(50)) {
    const WireMessage message = edge_.reply_message(command);
    return decoded(message, decode_reply(message));
  }
  std::string why_not;
  auto message = encode_command(command, engine_name, "skald.reply.edge", now, {}, why_not);
  const WireMessage dead = edge_.dead_message(message ? *std::move(message) : WireMessage{});
  tally_.did(Deed::dead_letter);
  (void)forward_dead_command(dead);
  return decoded(dead, decode_dead_command(dead));
}

Arrival Answers::decoded(const WireMessage& message, const DecodedReply& reply) {
  if (const auto* usable = std::get_if<Reply>(&reply)) return ReplyArrival{*usable};
  if (std::holds_alternative<LostCommand>(reply)) return RoomArrival{};
  const auto& unusable = std::get<UnusableMessage>(reply);
  tally_.did(Deed::message_unusable);
  QuarantinedMessage kept;
  kept.channel = "amqp";
  kept.reason = unusable.reason;
  kept.detail = unusable.detail;
  if (const auto saga = message.headers.find("skald_saga_id"); saga != message.headers.end()) {
    if (const auto* text = std::get_if<std::string>(&saga->second))
      kept.saga = text->substr(0, 255);
  }
  kept.headers = describe_metadata(message);
  kept.body = message.body;
  return UnusableArrival{std::move(kept), 0};
}

}  // namespace skald::faults

#include <fmt/format.h>
#include <cmath>

#include <nlohmann/json.hpp>

#include "handler_outcome.hpp"
#include "skald/text.hpp"
#include "skald/wire.hpp"
#include "wire_text.hpp"

namespace skald {

namespace {

using namespace wire;

// How deep a payload lies inside the body: `output`, and `error.data`.
constexpr std::size_t output_level = 1;
constexpr std::size_t error_data_level = 2;
// Beyond these, only the headers that name the command are echoed.
constexpr std::size_t echoed_headers_max = 64;
constexpr std::size_t echoed_bytes_max = 16UL * 1024;
// Longest message of an error in a short reply.
constexpr std::size_t short_message_bytes = 1024;

UnusableMessage bad_outcome(std::string detail) { return {"BAD_OUTCOME", std::move(detail)}; }

// A whole number, however it is written; what is longer than any wish is cut there.
std::optional<Duration> milliseconds(const Json& value) {
  if (!value.is_number()) return std::nullopt;
  const auto number = value.get<double>();  // Exact up to far beyond the longest wish.
  if (number < 0 || number != std::floor(number)) return std::nullopt;
  if (number >= static_cast<double>(wish_max.count())) return wish_max;
  return Duration{static_cast<Duration::rep>(number)};
}

std::optional<UnusableMessage> read_error(const Json& body, Outcome& outcome) {
  const auto error = body.find("error");
  if (error == body.end() || !error->is_object())
    return bad_outcome("the body has no error object");
  const auto code = error->find("code");
  if (code == error->end() || !code->is_string() || code->get_ref<const std::string&>().empty()) {
    return bad_outcome("error.code is not a text");
  }
  outcome.error.code = code->get<std::string>();
  if (const auto message = error->find("message"); message != error->end() && !message->is_null()) {
    if (!message->is_string()) return bad_outcome("error.message is not a text");
    outcome.error.message = message->get<std::string>();
  }
  if (const auto data = error->find("data"); data != error->end()) {
    outcome.error.data = JsonText::trusted(dump_json(*data));
  }
  tidy_error(outcome.error);
  if (outcome.kind != OutcomeKind::failed) return std::nullopt;
  if (const auto wish = error->find("retry_after_ms"); wish != error->end() && !wish->is_null()) {
    outcome.retry_after = milliseconds(*wish);
    if (!outcome.retry_after) {
      return bad_outcome("error.retry_after_ms is not a whole number of milliseconds, 0 or more");
    }
  }
  return std::nullopt;
}

std::optional<UnusableMessage> read_pending(const Json& body, Outcome& outcome) {
  const auto lease = body.find("lease_ms");
  const auto duration = lease == body.end() ? std::nullopt : milliseconds(*lease);
  if (!duration || duration->count() == 0) {
    return bad_outcome("lease_ms is not a whole number of milliseconds, 1 or more");
  }
  outcome.lease = *duration;
  if (const auto progress = body.find("progress"); progress != body.end()) {
    if (!progress->is_number()) return bad_outcome("progress is not a number");
    outcome.progress = progress->get<double>();
    if (!(outcome.progress >= 0 && outcome.progress <= 1)) {
      return bad_outcome("progress is not between 0 and 1");
    }
  }
  return std::nullopt;
}

std::optional<UnusableMessage> read_outcome(const Json& body, Outcome& outcome) {
  switch (outcome.kind) {
    case OutcomeKind::success:
      if (const auto output = body.find("output"); output != body.end()) {
        outcome.output = JsonText::trusted(dump_json(*output));
      }
      return std::nullopt;
    case OutcomeKind::rejected:
    case OutcomeKind::failed:
    case OutcomeKind::unknown: return read_error(body, outcome);
    case OutcomeKind::pending: return read_pending(body, outcome);
  }
  return bad_outcome("skald_outcome is none of the five outcomes");
}

Reply reply_to(const CommandId& id, Outcome outcome) {
  return {id.saga, {no_step, id.direction, id.attempt}, id.step, std::move(outcome), 0};
}

// Anybody may write the header, and the reason is logged: what no broker says is not repeated.
std::string known_reason(std::string_view reason) {
  for (const std::string_view known : {"expired", "maxlen", "delivery_limit"}) {
    if (reason == known) return std::string(reason);
  }
  return "unknown";
}

DecodedReply judge_dead_command(const WireMessage& message, std::string_view reason,
                                const WireLimits& limits) {
  if (auto problem = check_headers(message, limits)) return *problem;
  if (auto problem = check_name("message_id", message.properties.message_id, limits)) {
    return *problem;
  }
  const auto id = CommandId::parse(message.properties.message_id);
  if (!id) return UnusableMessage{"BAD_HEADERS", "a dead letter is not a command of Skald"};
  if (auto problem = check_against(message, *id)) return *problem;
  if (reason != "rejected") return LostCommand{*id, known_reason(reason)};
  Outcome outcome = Outcome::failed("DEAD_LETTERED", "the participant could not read the command");
  outcome.final_failure = true;
  return reply_to(*id, std::move(outcome));
}

std::string reply_body(const Outcome& outcome) {
  switch (outcome.kind) {
    case OutcomeKind::success: return fmt::format(R"({{"output":{}}})", outcome.output.text());
    case OutcomeKind::pending:
      return dump_json(Json{{"lease_ms", outcome.lease.count()}, {"progress", outcome.progress}});
    case OutcomeKind::rejected:
    case OutcomeKind::failed:
    case OutcomeKind::unknown: break;
  }
  std::string body = R"({"error":{"code":)";
  append_json_string(body, outcome.error.code);
  body += R"(,"message":)";
  append_json_string(body, outcome.error.message);
  if (!outcome.error.data.is_null()) body += R"(,"data":)" + outcome.error.data.text();
  if (outcome.retry_after)
    body += fmt::format(R"(,"retry_after_ms":{})", outcome.retry_after->count());
  return body + "}}";
}

bool is_echoed(const WireHeaders::Entry& header) {
  const auto& [name, value] = header;
  return name.starts_with("skald_") && name != dead_reason_header &&
         !std::holds_alternative<std::monostate>(value);
}

// A reply with as many headers as a message may have is refused by nobody.
bool echoes_all(const WireHeaders& headers) {
  std::size_t count = 0;
  std::size_t bytes = 0;
  for (const auto& header : headers) {
    if (!is_echoed(header)) continue;
    ++count;
    bytes += header.first.size();
    if (const auto* text = std::get_if<std::string>(&header.second)) bytes += text->size();
  }
  return count <= echoed_headers_max && bytes <= echoed_bytes_max;
}

// The refusal in a reply of our own making, without data and with a short message.
Outcome short_refusal(OutcomeKind kind, const std::string& body) {
  Outcome outcome;
  outcome.kind = kind;
  const Json json = Json::parse(body, nullptr, false);
  if (json.is_object()) (void)read_error(json, outcome);
  outcome.error.data = JsonText{};
  outcome.error.message = clean_text(outcome.error.message, short_message_bytes);
  tidy_error(outcome.error);
  return outcome;
}

}  // namespace

WireMessage encode_reply(const WireMessage& command, const Outcome& outcome,
                         const std::string& message_id, Time now) {
  WireMessage reply;
  reply.properties.content_type = json_type;
  reply.properties.message_id = message_id;
  reply.properties.correlation_id = command.properties.correlation_id;
  reply.properties.timestamp =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  const bool all = echoes_all(command.headers);
  reply.headers.reserve(std::min(command.headers.size(), echoed_headers_max) + 2);
  for (const auto& header : command.headers) {
    if (!is_echoed(header) || (!all && !names_command(header.first))) continue;
    reply.headers[header.first] = header.second;
  }
  reply.headers[command_id_header] = command.properties.message_id;
  reply.headers[outcome_header] = std::string(to_string(outcome.kind));
  reply.body = reply_body(outcome);
  reply.body_bytes = reply.body.size();
  return reply;
}

WireMessage with_few_headers(const WireMessage& reply) {
  WireMessage few = reply;
  few.headers.erase_if([](const auto& header) { return !names_command(header.first); });
  return few;
}

WireMessage short_reply(const WireMessage& reply, const std::string& why_not) {
  WireMessage cut = with_few_headers(reply);
  const auto kind = parse_outcome_kind(text_header(reply, outcome_header).value_or(""));
  Outcome outcome;
  switch (kind.value_or(OutcomeKind::success)) {
    case OutcomeKind::pending: return cut;
    case OutcomeKind::success:
      outcome = Outcome::unknown(
          reply_too_large,
          fmt::format("it succeeded, and its reply with a body of {} bytes cannot be delivered: {}",
                      reply.body.size(), clean_text(why_not, short_message_bytes)));
      break;
    case OutcomeKind::rejected:
    case OutcomeKind::failed:
    case OutcomeKind::unknown: outcome = short_refusal(*kind, reply.body); break;
  }
  cut.headers[outcome_header] = std::string(to_string(outcome.kind));
  cut.body = reply_body(outcome);
  cut.body_bytes = cut.body.size();
  return cut;
}

DecodedReply decode_reply(const WireMessage& message, const WireLimits& limits) {
  if (const auto reason = text_header(message, dead_reason_header)) {
    return judge_dead_command(message, *reason, limits);
  }
  if (auto problem = check_headers(message, limits)) return *problem;
  const auto id = CommandId::parse(text_header(message, command_id_header).value_or(""));
  if (!id) return UnusableMessage{"BAD_HEADERS", "skald_command_id is not the id of a command"};
  if (message.properties.correlation_id.empty()) {
    return UnusableMessage{"BAD_HEADERS", "correlation_id is missing"};
  }
  if (auto problem = check_against(message, *id)) return *problem;
  const auto kind = parse_outcome_kind(text_header(message, outcome_header).value_or(""));
  if (!kind) return bad_outcome("skald_outcome is none of the five outcomes");

  UnusableMessage problem;
  const bool succeeded = *kind == OutcomeKind::success;
  const auto body =
      checked_object(message, limits, succeeded ? output_level : error_data_level, problem);
  if (!body) return problem;
  Outcome outcome;
  outcome.kind = *kind;
  const auto output = succeeded ? only_member(*body, "output") : std::nullopt;
  if (output) {
    outcome.output = JsonText::trusted(std::string(*output));
  } else if (auto misfit = read_outcome(body->value(), outcome)) {
    return *misfit;
  }
  if (outcome.output.text().size() > payload_bytes_max) {
    return UnusableMessage{"TOO_LARGE",
                           fmt::format("the output has {} bytes, the limit is {}",
                                       outcome.output.text().size(), payload_bytes_max)};
  }
  return reply_to(*id, std::move(outcome));
}

DecodedReply decode_dead_command(const WireMessage& message, const WireLimits& limits) {
  return judge_dead_command(
      message, text_header(message, "x-first-death-reason").value_or("unknown"), limits);
}

WireMessage forward_dead_command(const WireMessage& message) {
  WireMessage forwarded = message;
  const auto reason = text_header(message, "x-first-death-reason").value_or("unknown");
  forwarded.headers.erase_if(
      [](const auto& header) { return !header.first.starts_with("skald_"); });
  forwarded.headers[dead_reason_header] = clean_text(reason, name_bytes_max);
  return forwarded;
}

}  // namespace skald

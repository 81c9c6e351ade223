// What participants answer, as outcomes and as messages off the wire.
#include <stdexcept>

#include "skald/edge_data.hpp"

namespace skald::testing {
namespace {

constexpr std::size_t header_bytes_max = 255;

HeaderValue header_value(EdgeData& edge) {
  switch (edge.below(5)) {
    case 0: return std::monostate{};
    case 1: return edge.chance(50);
    case 2: return static_cast<std::int64_t>(edge.next());
    case 3: return edge.chance(50) ? -0.0 : 1e308;
    default: return edge.text();
  }
}

}  // namespace

Outcome EdgeData::outcome() {
  switch (below(10)) {
    case 0: {
      note(Edge::outcome_throws);
      throw std::runtime_error(text());
    }
    case 1: {
      note(Edge::outcome_large);
      // Alone within the limit, and not together with the input that it answers.
      const bool halves = chance(60);
      return Outcome::success(
          large(halves ? JsonLimits{}.bytes / 2 + below(80'000) : size_around(JsonLimits{}.bytes)));
    }
    case 2:
    case 3: {
      note(Edge::outcome_failure);
      Outcome outcome = Outcome::failed(text(), text());
      if (chance(30)) outcome.kind = OutcomeKind::rejected;
      if (chance(20)) outcome.kind = OutcomeKind::unknown;
      if (chance(40))
        outcome.error.data = JsonText::of(chance(15) ? large(JsonLimits{}.bytes / 2) : document());
      if (chance(30)) outcome.retry_after = duration();
      if (chance(10)) outcome.final_failure = true;
      return outcome;
    }
    case 4: {
      note(Edge::outcome_pending);
      Outcome outcome = Outcome::pending(duration());
      outcome.progress = pick(std::array{0.0, 1.0, -1.0, 1e308, 0.5});
      return outcome;
    }
    default: note(Edge::outcome_success); return Outcome::success(value());
  }
}

WireMessage EdgeData::reply_message(const Command& command) {
  note(Edge::message_reply);
  WireMessage message;
  CommandId id = command.id;
  if (chance(15)) {
    note(Edge::message_bad_id);
    if (chance(70)) id.step = text();
    if (chance(40)) id.attempt = static_cast<std::uint32_t>(next());
    if (chance(20)) id.direction = Direction::resolve;
  }
  message.properties.correlation_id = id.idempotency_key();
  message.properties.message_id = chance(80) ? "m-1" : text();
  message.properties.app_id = chance(80) ? "participant" : text();
  message.properties.content_type = chance(90) ? "application/json" : text();
  message.headers["skald_protocol"] = std::string("1");
  message.headers["skald_command_id"] = id.to_string();
  message.headers["skald_saga_id"] = id.saga.to_string();
  message.headers["skald_step"] = id.step;
  message.headers["skald_direction"] = std::string(to_string(id.direction));
  message.headers["skald_attempt"] = static_cast<std::int64_t>(id.attempt);
  message.headers["skald_outcome"] = std::string(pick(
      std::array{"success", "success", "success", "rejected", "failed", "unknown", "pending"}));
  if (chance(15)) {
    note(Edge::message_bad_header);
    auto name = message.headers.begin();
    std::advance(name, below(message.headers.size()));
    message.headers[std::string(name->first)] = header_value(*this);
  }
  if (chance(4)) {
    note(Edge::message_many_headers);
    const std::size_t count = bytes_max_ < 100'000 ? 50 : 3'000;
    for (std::size_t i = 0; i < count; ++i) {
      message.headers["h" + std::to_string(i)] = static_cast<std::int64_t>(i % 128);
    }
  } else if (chance(20)) {
    message.headers[text()] = header_value(*this);
  }
  if (chance(15)) {
    note(Edge::message_bad_body);
    message.body = chance(50) ? text() : R"({"output": )" + text() + "}";
  } else {
    const Json content = chance(8) ? large(size_around(JsonLimits{}.bytes)) : value();
    const Json error{{"code", utf8_text()},
                     {"message", utf8_text()},
                     {"data", value()},
                     {"retry_after_ms", chance(50) ? Json(5) : value()}};
    message.body = Json{{"output", content}, {"error", error}, {"lease_ms", value()}}.dump();
  }
  message.body_bytes = message.body.size();
  return message;
}

WireMessage EdgeData::dead_message(WireMessage command) {
  note(Edge::message_dead);
  command.headers["x-first-death-reason"] =
      std::string(pick(std::array{"rejected", "expired", "delivery_limit", "maxlen"}));
  if (chance(40)) command.properties.app_id = "skald/" + text_of(size_around(header_bytes_max, 6));
  if (chance(20)) command.headers["skald_step"] = header_value(*this);
  if (chance(10)) {
    note(Edge::message_many_headers);
    const std::size_t count = bytes_max_ < 100'000 ? 50 : 3'000;
    for (std::size_t i = 0; i < count; ++i)
      command.headers["x" + std::to_string(i)] = std::int64_t{1};
  }
  if (chance(10)) command.body = text();
  command.body_bytes = command.body.size();
  return command;
}

}  // namespace skald::testing

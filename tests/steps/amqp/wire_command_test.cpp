#include <doctest/doctest.h>

#include "skald/wire.hpp"

using namespace skald;

namespace {

Command sample(Direction direction = Direction::action) {
  Command command;
  command.id = {*SagaId::parse("0192f3a0-0000-7000-8000-000000000001"), "charge", direction, 2};
  command.attempt = {1, direction, 2};
  command.saga_type = "place-order";
  command.saga_version = 3;
  command.participant = "payment";
  command.action = "charge";
  command.round = 2;
  command.key = "order-42";
  command.timeout = Duration{5000};
  command.body = JsonText::parse(R"({"input":{"amount":12}})");
  return command;
}

WireMessage encoded(const Command& command) {
  std::string why_not;
  const auto message = encode_command(command, "shop", "skald.reply.shop",
                                      *parse_time("2026-03-01T09:30:00.250Z"), {}, why_not);
  REQUIRE_MESSAGE(message, why_not);
  return *message;
}

std::string command_reason(const WireMessage& message) {
  const DecodedCommand decoded = decode_command(message, "payment");
  const auto* problem = std::get_if<UnusableMessage>(&decoded);
  return problem == nullptr ? "" : problem->reason;
}

}  // namespace

TEST_CASE("a command on the wire has the properties and headers of docs/wire.md") {
  const std::string key = "0192f3a0-0000-7000-8000-000000000001/charge/action";
  const WireMessage message = encoded(sample());
  CHECK(message.properties.content_type == "application/json");
  CHECK(message.properties.app_id == "skald/shop");
  CHECK(message.properties.message_id == key + "/2");
  CHECK(message.properties.correlation_id == key);
  CHECK(message.properties.type == "charge");
  CHECK(message.properties.reply_to == "skald.reply.shop");
  CHECK(message.properties.timestamp == 1772357400);
  const WireHeaders expected{{"skald_protocol", "1"},
                             {"skald_saga_id", "0192f3a0-0000-7000-8000-000000000001"},
                             {"skald_saga_type", "place-order"},
                             {"skald_saga_version", std::int64_t{3}},
                             {"skald_step", "charge"},
                             {"skald_direction", "action"},
                             {"skald_attempt", std::int64_t{2}},
                             {"skald_round", std::int64_t{2}},
                             {"skald_idempotency_key", key},
                             {"skald_deadline", "2026-03-01T09:30:05.250Z"},
                             {"skald_key", "order-42"}};
  CHECK(message.headers == expected);
  CHECK(message.body == R"({"input":{"amount":12}})");
}

TEST_CASE("a command is read back as it was sent") {
  const Command command = sample(Direction::resolve);
  const DecodedCommand decoded = decode_command(encoded(command), "payment");
  REQUIRE(std::holds_alternative<ReceivedCommand>(decoded));
  const auto& received = std::get<ReceivedCommand>(decoded);
  CHECK(received.command.id == command.id);
  CHECK(received.command.action == "charge");
  CHECK(received.command.saga_type == "place-order");
  CHECK(received.command.saga_version == 3);
  CHECK(received.command.round == 2);
  CHECK(received.command.key == "order-42");
  CHECK(received.command.body == command.body);
  CHECK(received.reply_to == "skald.reply.shop");
  CHECK(received.deadline == parse_time("2026-03-01T09:30:05.250Z"));
  CHECK(received.resolves == "0192f3a0-0000-7000-8000-000000000001/charge/action");
}

TEST_CASE("a command that does not fit the limits is not encoded") {
  std::string why_not;
  Command command = sample();
  command.body = JsonText::trusted("\"" + std::string(body_bytes_max, 'x') + "\"");
  CHECK_FALSE(encode_command(command, "shop", "r", Time{}, {}, why_not));
  CHECK(why_not.find("3211266 bytes") != std::string::npos);

  command = sample();
  command.key = std::string(256, 'k');
  CHECK_FALSE(encode_command(command, "shop", "r", Time{}, {}, why_not));
  CHECK(why_not.find("skald_key") != std::string::npos);

  command = sample();
  command.id.step = std::string(250, 's');
  CHECK_FALSE(encode_command(command, "shop", "r", Time{}, {}, why_not));
}

TEST_CASE("unknown headers are ignored, wrong ones make a command unreadable") {
  WireMessage message = encoded(sample());
  message.headers["x-shop"] = std::monostate{};
  message.headers["skald_future"] = true;
  CHECK(command_reason(message).empty());

  message = encoded(sample());
  message.headers["skald_protocol"] = "2";
  CHECK(command_reason(message) == "UNSUPPORTED_PROTOCOL");
  message = encoded(sample());
  message.properties.correlation_id.clear();
  CHECK(command_reason(message) == "BAD_HEADERS");
  message = encoded(sample());
  message.properties.message_id = "nonsense";
  CHECK(command_reason(message) == "BAD_HEADERS");
  message = encoded(sample());
  message.headers["skald_attempt"] = std::int64_t{7};
  CHECK(command_reason(message) == "FORGED_KEY");
  message = encoded(sample());
  message.headers["skald_round"] = std::int64_t{-1};
  CHECK(command_reason(message) == "BAD_HEADERS");
  message = encoded(sample());
  message.headers["skald_step"] = std::string(300, 's');
  CHECK(command_reason(message) == "BAD_HEADERS");
  message = encoded(sample());
  message.properties.type.clear();
  CHECK(command_reason(message) == "BAD_HEADERS");
  message = encoded(sample());
  message.body = "[]";
  CHECK(command_reason(message) == "BAD_JSON");
}

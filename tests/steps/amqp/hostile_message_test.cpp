// What the texts, headers and sizes of a message can be, and what is made of them.
#include <doctest/doctest.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "amqp_bytes.hpp"
#include "deep_thread.hpp"
#include "skald/text.hpp"
#include "skald/wire.hpp"

using namespace skald;

namespace {

const std::string saga = "0192f3a0-0000-7000-8000-000000000001";
const std::string nul_name("a\0b", 3);

WireMessage step_command(const std::string& step = "charge") {
  WireMessage message;
  message.properties.message_id = saga + "/" + step + "/action/1";
  message.properties.correlation_id = saga + "/" + step + "/action";
  message.properties.app_id = "skald/shop";
  message.properties.type = "charge";
  message.properties.reply_to = "replies";
  message.headers = {{"skald_protocol", "1"}};
  message.body = R"({"input":null})";
  return message;
}

WireMessage reply_to_step(const std::string& body, const Outcome& outcome = Outcome::success()) {
  WireMessage message = encode_reply(step_command(), outcome, "r-1", Time{});
  message.body = body;
  message.body_bytes = body.size();
  return message;
}

std::string reason_for(const DecodedReply& decoded) {
  const auto* problem = std::get_if<UnusableMessage>(&decoded);
  return problem == nullptr ? "" : problem->reason;
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

// A table of so many headers, as it comes from the broker.
WireMessage read_table(std::vector<amqp_table_entry_t>& entries) {
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_HEADERS_FLAG;
  properties.headers = amqp::table(entries);
  WireMessage message;
  amqp::read_properties(properties, message);
  return message;
}

void append_length(std::string& out, std::size_t length) {
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    out += static_cast<char>(static_cast<unsigned char>(length >> shift));
  }
}

}  // namespace

TEST_CASE("headers nested as deep as a frame allows do not overflow the stack that decodes them") {
  constexpr std::size_t level_bytes = 5;
  constexpr std::size_t levels = 131'072 / level_bytes;
  std::string table;
  append_length(table, 2 + levels * level_bytes);
  table +=
      "\x01"
      "a";
  for (std::size_t left = levels; left-- > 0;) {
    table += 'A';
    append_length(table, left * level_bytes);
  }
  bool ended = false;
  {
    const DeepThread reader([&] {
      amqp_pool_t pool;
      init_amqp_pool(&pool, 4096);
      amqp_table_t decoded{};
      std::size_t offset = 0;
      // Newer versions of the library refuse such a table; either will do.
      static_cast<void>(amqp_decode_table(amqp::bytes(table), &pool, &decoded, &offset));
      empty_amqp_pool(&pool);
      ended = true;
    });
  }
  CHECK(ended);
}

TEST_CASE("a message whose names are not UTF-8, hold a NUL or are too long cannot be used") {
  for (const std::string& step : {std::string("caf\xe9"), nul_name, std::string(256, 's')}) {
    const WireMessage answer = encode_reply(step_command(step), Outcome::success(), "r", Time{});
    CHECK(reason_for(decode_reply(answer)) == "BAD_HEADERS");
    WireMessage dead = step_command(step);
    dead.headers["x-first-death-reason"] = "rejected";
    CHECK(reason_for(decode_dead_command(dead)) == "BAD_HEADERS");
    CHECK(std::holds_alternative<UnusableMessage>(decode_command(step_command(step), "payment")));
  }
  WireMessage odd = step_command();
  odd.properties.reply_to = "caf\xe9";
  CHECK(std::holds_alternative<UnusableMessage>(decode_command(odd, "payment")));
  odd = step_command();
  odd.headers["skald_key"] = nul_name;
  CHECK(std::holds_alternative<UnusableMessage>(decode_command(odd, "payment")));
}

TEST_CASE("the code of an error is cut, its message cleaned, and data over the limit left out") {
  const std::string long_code(300, 'C');
  const std::string body = R"({"error":{"code":")" + long_code + R"(","message":")" +
                           std::string(10'000, 'm') + R"("}})";
  const DecodedReply decoded = decode_reply(reply_to_step(body, Outcome::rejected("X")));
  REQUIRE(std::holds_alternative<Reply>(decoded));
  const ErrorInfo& error = std::get<Reply>(decoded).outcome.error;
  CHECK(error.code.size() <= name_bytes_max);
  CHECK(error.message.size() <= free_text_bytes_max);
  const std::string nul = R"({"error":{"code":"A\u0000B"}})";
  const DecodedReply odd = decode_reply(reply_to_step(nul, Outcome::rejected("X")));
  CHECK(std::get<Reply>(odd).outcome.error.code ==
        "A\xEF\xBF\xBD"
        "B");
}

TEST_CASE("a payload at its limit can be read inside its body, and one beyond it cannot") {
  const auto input_of = [](const std::string& input) {
    WireMessage message = step_command();
    message.body = R"({"input":)" + input + "}";
    return decode_command(message, "payment");
  };
  const std::string longest = "\"" + std::string(payload_bytes_max - 2, 'x') + "\"";
  CHECK(std::holds_alternative<ReceivedCommand>(input_of(nested(payload_depth_max))));
  CHECK(std::holds_alternative<ReceivedCommand>(input_of(longest)));
  CHECK(reason_for(decode_reply(reply_to_step("{\"output\":" + nested(payload_depth_max) + "}")))
            .empty());
  CHECK(reason_for(decode_reply(
            reply_to_step("{\"output\":" + nested(payload_depth_max + 1) + "}"))) == "BAD_JSON");
  CHECK(reason_for(decode_reply(reply_to_step("{\"output\":" + longest + "}"))).empty());
  CHECK(reason_for(decode_reply(reply_to_step("{\"output\":\"x" + longest.substr(1) + "}"))) ==
        "TOO_LARGE");
}

TEST_CASE(
    "headers are read up to a limit of number and bytes, in linear time, and the rest counted") {
  constexpr std::size_t many = 1'000'000;
  std::vector<std::string> names(many);
  std::vector<amqp_table_entry_t> entries;
  for (std::size_t i = 0; i < many; ++i) {
    names[i] = "h" + std::to_string(i);
    entries.push_back(amqp::entry(names[i], std::int64_t{1}));
  }
  const WireMessage message = read_table(entries);
  CHECK(message.headers.size() == header_count_max);
  CHECK(message.headers_left_out == many - header_count_max);
  CHECK(reason_for(decode_reply(message)) == "TOO_LARGE");

  const std::string large(header_table_bytes_max, 'v');
  std::vector<amqp_table_entry_t> one{amqp::entry("a", std::int64_t{1}),
                                      amqp::entry("b", std::string_view(large))};
  CHECK(read_table(one).headers_left_out == 1);
}

TEST_CASE("what is kept of a message's metadata is bounded, valid JSON, and known to be cut") {
  WireMessage message = step_command();
  message.properties.app_id = "caf\xe9";
  for (int i = 0; i < 200; ++i) {
    message.headers["\xff" + std::to_string(i)] = std::string(250, '\x01');
  }
  message.headers_left_out = 7;
  QuarantinedMessage kept;
  kept.reason = "BAD_HEADERS";
  kept.headers = describe_metadata(message);
  CHECK(kept.headers.size() <= metadata_bytes_max + 100);
  const Json described = parse_json(kept.headers);
  CHECK(described.at("headers_left_out").get<std::size_t>() ==
        7 + message.headers.size() - described.at("headers").size());
  const Reconsidered again = reconsider_message(kept, "shop");
  REQUIRE(std::holds_alternative<Unusable>(again));
  CHECK(std::get<Unusable>(again).reason == "TOO_LARGE");
}

TEST_CASE("a message that the protocol cannot carry is told before it is sent") {
  constexpr std::size_t frame = 4096;
  WireMessage message = step_command();
  CHECK_FALSE(amqp::publish_problem("", "replies", message, frame));
  CHECK(amqp::publish_problem("", std::string(256, 'q'), message, frame));
  message.properties.app_id = std::string(256, 'a');
  CHECK(amqp::publish_problem("", "replies", message, frame));
  message = step_command();
  message.headers[std::string(256, 'n')] = true;
  CHECK(amqp::publish_problem("", "replies", message, frame));
  message = step_command();
  for (int i = 0; i < 20; ++i) message.headers["h" + std::to_string(i)] = std::string(250, 'v');
  CHECK(amqp::publish_problem("", "replies", message, frame));
}

TEST_CASE("a reply echoes what names its command, however many headers the command has") {
  WireMessage crowded = step_command();
  for (int i = 0; i < 250; ++i) crowded.headers["skald_h" + std::to_string(i)] = true;
  const WireMessage answer = encode_reply(crowded, Outcome::success(), "r-1", Time{});
  CHECK(answer.headers == WireHeaders{{"skald_protocol", "1"},
                                      {"skald_command_id", saga + "/charge/action/1"},
                                      {"skald_outcome", "success"}});
  CHECK(reason_for(decode_reply(answer)).empty());
}

TEST_CASE("a short reply tells that a success happened, and keeps what a refusal says") {
  const WireMessage large =
      encode_reply(step_command(), Outcome::success(Json(std::string(5000, 'x'))), "r-1", Time{});
  const DecodedReply told = decode_reply(short_reply(large, "the limit is 100"));
  REQUIRE(std::holds_alternative<Reply>(told));
  const Outcome& outcome = std::get<Reply>(told).outcome;
  CHECK(outcome.kind == OutcomeKind::unknown);
  CHECK(outcome.error.code == "REPLY_TOO_LARGE");
  CHECK(outcome.error.message.find("5013 bytes") != std::string::npos);
  CHECK(outcome.error.message.find("the limit is 100") != std::string::npos);

  Outcome failed = Outcome::failed("BUSY", std::string(3000, 'm'), Duration{1500});
  failed.error.data = JsonText::of(std::string(5000, 'd'));
  const WireMessage refusal = encode_reply(step_command(), failed, "r-2", Time{});
  const DecodedReply kept = decode_reply(short_reply(refusal, "too large"));
  REQUIRE(std::holds_alternative<Reply>(kept));
  CHECK(std::get<Reply>(kept).outcome.kind == OutcomeKind::failed);
  CHECK(std::get<Reply>(kept).outcome.error.code == "BUSY");
  CHECK(std::get<Reply>(kept).outcome.retry_after == Duration{1500});
  CHECK(std::get<Reply>(kept).outcome.error.data.is_null());
}

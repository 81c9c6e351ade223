#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "skald/wire.hpp"

using namespace skald;

namespace {

const std::string key = "0192f3a0-0000-7000-8000-000000000001/charge/action";

WireMessage command() {
  WireMessage message;
  message.properties.message_id = key + "/2";
  message.properties.correlation_id = key;
  message.properties.app_id = "skald/shop";
  message.headers = {{"skald_protocol", "1"},
                     {"skald_attempt", std::int64_t{2}},
                     {"skald_custom", "kept"},
                     {"traceparent", "not ours to echo"}};
  message.body = R"({"input":null})";
  return message;
}

WireMessage reply(const std::string& outcome, const std::string& body) {
  WireMessage message = encode_reply(command(), Outcome::success(), "r-1", Time{});
  message.headers["skald_outcome"] = outcome;
  message.body = body;
  return message;
}

std::string reason_of(const WireMessage& message) {
  const DecodedReply decoded = decode_reply(message);
  const auto* problem = std::get_if<UnusableMessage>(&decoded);
  return problem == nullptr ? "" : problem->reason;
}

Outcome there_and_back(const Outcome& outcome) {
  const DecodedReply decoded = decode_reply(encode_reply(command(), outcome, "r-1", Time{}));
  REQUIRE(std::holds_alternative<Reply>(decoded));
  return std::get<Reply>(decoded).outcome;
}

}  // namespace

TEST_CASE("a reply echoes the command's headers and names it") {
  const WireMessage message = encode_reply(command(), Outcome::success({{"id", 7}}), "r-1", Time{});
  CHECK(message.properties.message_id == "r-1");
  CHECK(message.properties.correlation_id == key);
  const WireHeaders expected{{"skald_protocol", "1"},
                             {"skald_attempt", std::int64_t{2}},
                             {"skald_custom", "kept"},
                             {"skald_command_id", key + "/2"},
                             {"skald_outcome", "success"}};
  CHECK(message.headers == expected);
  CHECK(message.body == R"({"output":{"id":7}})");

  const DecodedReply decoded = decode_reply(message);
  REQUIRE(std::holds_alternative<Reply>(decoded));
  const auto& reply = std::get<Reply>(decoded);
  CHECK(reply.saga == SagaId::parse("0192f3a0-0000-7000-8000-000000000001"));
  CHECK(reply.step == "charge");
  CHECK(reply.attempt == AttemptRef{no_step, Direction::action, 2});
}

TEST_CASE("every outcome is read back as it was given") {
  Outcome rejected = Outcome::rejected("OUT_OF_STOCK", "none \"left\"\n");
  rejected.error.data = JsonText::parse(R"({"sku":"umbrella"})");
  for (const Outcome& outcome :
       {Outcome::success(), Outcome::success({{"id", "a"}, {"n", 1.5}}), rejected,
        Outcome::failed("BUSY", "later", Duration{1500}), Outcome::failed("BUSY"),
        Outcome::unknown("GATEWAY_TIMEOUT"), Outcome::pending(Duration{60'000}, 0.25)}) {
    CHECK(there_and_back(outcome) == outcome);
  }
}

TEST_CASE("a reply whose outcome is not well formed cannot be used") {
  CHECK(reason_of(reply("done", "{}")) == "BAD_OUTCOME");
  CHECK(reason_of(reply("rejected", "{}")) == "BAD_OUTCOME");
  CHECK(reason_of(reply("rejected", R"({"error":{"code":7}})")) == "BAD_OUTCOME");
  CHECK(reason_of(reply("rejected", R"({"error":{"code":""}})")) == "BAD_OUTCOME");
  CHECK(reason_of(reply("unknown", R"({"error":{"code":"X","message":[]}})")) == "BAD_OUTCOME");
  for (const char* delay : {"-1", "1.5", "0.5", "\"5\"", "[5]"}) {
    const std::string body =
        std::string(R"({"error":{"code":"X","retry_after_ms":)") + delay + "}}";
    CHECK_MESSAGE(reason_of(reply("failed", body)) == "BAD_OUTCOME", delay);
  }
  CHECK(reason_of(reply("pending", "{}")) == "BAD_OUTCOME");
  CHECK(reason_of(reply("pending", R"({"lease_ms":0})")) == "BAD_OUTCOME");
  CHECK(reason_of(reply("pending", R"({"lease_ms":5,"progress":2})")) == "BAD_OUTCOME");
  CHECK(reason_of(reply("success", "{}")).empty());
  CHECK(reason_of(reply("success", R"({"output":1,"more":2})")).empty());
}

TEST_CASE("a time is a whole number however it is written, and cut where it is too long") {
  const auto wish = [](const std::string& number) {
    const auto decoded =
        decode_reply(reply("failed", R"({"error":{"code":"X","retry_after_ms":)" + number + "}}"));
    REQUIRE(std::holds_alternative<Reply>(decoded));
    return std::get<Reply>(decoded).outcome.retry_after;
  };
  CHECK(wish("2000") == Duration{2000});
  CHECK(wish("2000.0") == Duration{2000});
  CHECK(wish("2e3") == Duration{2000});
  constexpr Duration longest{std::int64_t{366} * 24 * 60 * 60 * 1000};
  for (const char* far : {"99999999999999", "18446744073709551615", "1e300"}) {
    CHECK_MESSAGE(wish(far) == longest, far);
  }
}

TEST_CASE("hostile bodies and headers cannot be used, and do no harm") {
  CHECK(reason_of(reply("success", "")) == "BAD_JSON");
  CHECK(reason_of(reply("success", "null")) == "BAD_JSON");
  CHECK(reason_of(reply("success", "{\"output\":\"\xff\"}")) == "BAD_JSON");
  CHECK(reason_of(reply("success", "{\"output\":" + std::string(100'000, '['))) == "BAD_JSON");
  CHECK(reason_of(reply("success", std::string(body_bytes_max + 1, ' '))) == "TOO_LARGE");
  WireMessage cut = reply("success", "{}");
  cut.body_bytes = 5'000'000;
  CHECK(reason_of(cut) == "TOO_LARGE");

  // Short numbers with long plain forms: the output may grow, but it is still a reply.
  std::string numbers = "{\"output\":[1e9";
  while (numbers.size() < 1'000'000) numbers += ",1e9";
  CHECK(reason_of(reply("success", numbers + "]}")).empty());

  CHECK(reason_of(WireMessage{}) == "BAD_HEADERS");
  WireMessage message = reply("success", "{}");
  message.headers["skald_command_id"] = std::int64_t{5};
  CHECK(reason_of(message) == "BAD_HEADERS");
  message = reply("success", "{}");
  message.properties.correlation_id.clear();
  CHECK(reason_of(message) == "BAD_HEADERS");
  message = reply("success", "{}");
  message.headers["skald_outcome"] = std::string(1000, 's');
  CHECK(reason_of(message) == "BAD_HEADERS");
  message = reply("success", "{}");
  message.headers["skald_saga_id"] = "0192f3a0-0000-7000-8000-000000000002";
  CHECK(reason_of(message) == "FORGED_KEY");
  message = reply("success", "{}");
  message.headers["skald_protocol"] = std::int64_t{1};
  CHECK(reason_of(message) == "UNSUPPORTED_PROTOCOL");
}

TEST_CASE("a dead command that was rejected has failed for good, any other is lost") {
  WireMessage dead = command();
  dead.headers["x-first-death-reason"] = "rejected";
  dead.headers["x-death"] = std::monostate{};
  DecodedReply decoded = decode_dead_command(dead);
  REQUIRE(std::holds_alternative<Reply>(decoded));
  CHECK(std::get<Reply>(decoded).outcome.error.code == "DEAD_LETTERED");
  CHECK(std::get<Reply>(decoded).outcome.final_failure);

  dead.headers["x-first-death-reason"] = "delivery_limit";
  decoded = decode_dead_command(dead);
  REQUIRE(std::holds_alternative<LostCommand>(decoded));
  CHECK(std::get<LostCommand>(decoded).reason == "delivery_limit");
  CHECK(std::get<LostCommand>(decoded).id.attempt == 2);

  dead.properties.message_id = "something else";
  decoded = decode_dead_command(dead);
  CHECK(std::holds_alternative<UnusableMessage>(decoded));
}

TEST_CASE("a reason of death that no broker gives is not repeated, for it is logged") {
  WireMessage dead = command();
  dead.headers["x-first-death-reason"] = "4111222233334444";
  const DecodedReply decoded = decode_dead_command(dead);
  REQUIRE(std::holds_alternative<LostCommand>(decoded));
  CHECK(std::get<LostCommand>(decoded).reason == "unknown");
}

TEST_CASE("a forwarded dead command is recognised among replies") {
  WireMessage dead = command();
  dead.headers["x-first-death-reason"] = "rejected";
  const WireMessage forwarded = forward_dead_command(dead);
  CHECK(sending_engine(dead) == "shop");
  CHECK_FALSE(forwarded.headers.contains("x-first-death-reason"));
  const DecodedReply decoded = decode_reply(forwarded);
  REQUIRE(std::holds_alternative<Reply>(decoded));
  CHECK(std::get<Reply>(decoded).outcome.error.code == "DEAD_LETTERED");
  WireMessage foreign = command();
  foreign.properties.app_id = "billing";
  CHECK(sending_engine(foreign).empty());
}

TEST_CASE("metadata is described as JSON whatever its bytes") {
  WireMessage message = command();
  message.headers["x-odd"] = "\xff\"";
  message.headers["x-real"] = 1.5;
  message.headers["x-flag"] = true;
  message.headers["x-table"] = std::monostate{};
  const Json described = Json::parse(describe_metadata(message));
  CHECK(described["message_id"] == key + "/2");
  CHECK(described["headers"]["skald_attempt"] == 2);
  CHECK(described["headers"]["x-real"] == 1.5);
  CHECK(described["headers"]["x-flag"] == true);
  CHECK(described["headers"]["x-table"].is_null());
}

TEST_CASE("an output is read however the participant writes its body") {
  const auto output_of = [](const std::string& body) {
    const DecodedReply decoded = decode_reply(reply("success", body));
    REQUIRE_MESSAGE(std::holds_alternative<Reply>(decoded), body);
    return std::get<Reply>(decoded).outcome.output.text();
  };
  CHECK(output_of(R"({"output":{"b":[1,{"c":"},"}],"a":2}})") == R"({"b":[1,{"c":"},"}],"a":2})");
  CHECK(output_of(R"({"output":"a\\\",\\"})") == R"("a\\\",\\")");
  CHECK(output_of(R"({"output":7,"note":"ignored"})") == "7");
  CHECK(output_of(R"({"note":{"output":1},"output":2})") == "2");
  CHECK(output_of(R"( { "output" : {"b": 1, "a": 2} } )") == R"({"a":2,"b":1})");
  CHECK(output_of(R"({"\u006futput":3})") == "3");
  CHECK(output_of(R"({"outputs":4})") == "null");
  CHECK(output_of("{}") == "null");
  CHECK(reason_of(reply("success", R"({"output":1,})")) == "BAD_JSON");
  CHECK(reason_of(reply("success", R"({"output":1,"output":2})")) == "BAD_JSON");
}

TEST_CASE("a header that comes twice counts once, the last one") {
  WireHeaders headers{{"b", "1"}, {"a", std::int64_t{2}}, {"b", "3"}};
  CHECK(headers.size() == 2);
  CHECK(headers == WireHeaders{{"a", std::int64_t{2}}, {"b", "3"}});
  CHECK_FALSE(headers == WireHeaders{{"a", std::int64_t{2}}, {"c", "3"}});
  headers.erase_if([](const WireHeaders::Entry& entry) { return entry.first == "b"; });
  CHECK_FALSE(headers.contains("b"));
  CHECK(headers.contains("a"));
}

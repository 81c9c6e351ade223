#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "skald/wire.hpp"

using namespace skald;

namespace {

const std::string key = "0192f3a0-0000-7000-8000-000000000001/charge/action";

WireMessage command(const std::string& engine = "shop") {
  WireMessage message;
  message.properties.message_id = key + "/2";
  message.properties.correlation_id = key;
  message.properties.app_id = "skald/" + engine;
  message.headers = {{"skald_protocol", "1"}, {"skald_attempt", std::int64_t{2}}};
  message.body = R"({"input":null})";
  return message;
}

QuarantinedMessage kept(const WireMessage& message, const std::string& reason) {
  QuarantinedMessage row;
  row.channel = "amqp";
  row.reason = reason;
  row.headers = describe_metadata(message);
  row.body = message.body;
  return row;
}

std::string reason_of(const Reconsidered& result) {
  const auto* problem = std::get_if<Unusable>(&result);
  return problem == nullptr ? "" : problem->reason;
}

}  // namespace

TEST_CASE("a quarantined reply that can be read by now is the reply that it was") {
  const Outcome outcome = Outcome::failed("BUSY", "later", Duration{1500});
  const WireMessage message = encode_reply(command(), outcome, "r-1", Time{});
  const Reconsidered again = reconsider_message(kept(message, "UNSUPPORTED_PROTOCOL"), "shop");
  REQUIRE(std::holds_alternative<Reply>(again));
  const Reply& reply = std::get<Reply>(again);
  CHECK(reply.saga.to_string() + "/" + reply.step == "0192f3a0-0000-7000-8000-000000000001/charge");
  CHECK(reply.attempt.attempt == 2);
  CHECK(reply.outcome == outcome);
  CHECK(reply.receipt == 0);
}

TEST_CASE("a quarantined reply that is no better than it was says so again") {
  WireMessage message = encode_reply(command(), Outcome::success(), "r-1", Time{});
  message.headers["skald_outcome"] = "splendid";
  CHECK(reason_of(reconsider_message(kept(message, "BAD_OUTCOME"), "shop")) == "BAD_OUTCOME");
  message = encode_reply(command(), Outcome::success(), "r-1", Time{});
  message.properties.correlation_id = "someone else's";
  CHECK(reason_of(reconsider_message(kept(message, "FORGED_KEY"), "shop")) == "FORGED_KEY");
}

TEST_CASE("a body that was cut when it was kept is never read, whatever is left of it") {
  const WireMessage message = encode_reply(command(), Outcome::success(), "r-1", Time{});
  CHECK(reason_of(reconsider_message(kept(message, "TOO_LARGE"), "shop")) == "TOO_LARGE");
}

TEST_CASE("metadata that are no object are refused, not guessed") {
  QuarantinedMessage row = kept(command(), "BAD_HEADERS");
  for (const char* metadata : {"", "[]", "{\"headers\":7}", "7"}) {
    row.headers = metadata;
    CHECK(reason_of(reconsider_message(row, "shop")) == "BAD_HEADERS");
  }
}

TEST_CASE("a dead command in quarantine is for the engine that sent it") {
  WireMessage dead = command();
  dead.headers["x-first-death-reason"] = "rejected";
  const Reconsidered own = reconsider_message(kept(dead, "UNKNOWN_ENGINE"), "shop");
  REQUIRE(std::holds_alternative<Reply>(own));
  CHECK(std::get<Reply>(own).outcome.error.code == "DEAD_LETTERED");
  CHECK(reason_of(reconsider_message(kept(dead, "UNKNOWN_ENGINE"), "other")) == "UNKNOWN_ENGINE");
  dead.headers["x-first-death-reason"] = "delivery_limit";
  CHECK(reason_of(reconsider_message(kept(dead, "UNKNOWN_ENGINE"), "shop")) == "LOST_COMMAND");
  dead.properties.app_id = "";
  CHECK(reason_of(reconsider_message(kept(dead, "BAD_HEADERS"), "shop")) == "BAD_HEADERS");
}

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "skald/wire.hpp"

using namespace skald;

namespace {

const std::string key = "0192f3a0-0000-7000-8000-000000000001/charge/action";

WireMessage charge_command(const std::string& engine = "shop") {
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

std::string reason_again(const Reconsidered& result) {
  const auto* problem = std::get_if<Unusable>(&result);
  return problem == nullptr ? "" : problem->reason;
}

}  // namespace

TEST_CASE("a quarantined reply that can be read by now is the reply that it was") {
  const Outcome outcome = Outcome::failed("BUSY", "later", Duration{1500});
  const WireMessage message = encode_reply(charge_command(), outcome, "r-1", Time{});
  const Reconsidered again = reconsider_message(kept(message, "UNSUPPORTED_PROTOCOL"), "shop");
  REQUIRE(std::holds_alternative<Reply>(again));
  const Reply& reply = std::get<Reply>(again);
  CHECK(reply.saga.to_string() + "/" + reply.step == "0192f3a0-0000-7000-8000-000000000001/charge");
  CHECK(reply.attempt.attempt == 2);
  CHECK(reply.outcome == outcome);
  CHECK(reply.receipt == 0);
}

TEST_CASE("a message that cannot be used still says whose command it belongs to") {
  const std::string saga = "0192f3a0-0000-7000-8000-000000000001";
  const auto named = [](const WireMessage& message) {
    const NamedCommand command = named_command(message);
    return command.saga + " " + command.step;
  };
  WireMessage message;
  message.headers = {{"skald_saga_id", saga}, {"skald_step", "charge"}};
  CHECK(named(message) == saga + " charge");
  message.headers = {{"skald_command_id", key + "/2"}};
  CHECK(named(message) == saga + " charge");
  message.headers = {};
  message.properties.correlation_id = key;
  CHECK(named(message) == saga + " charge");
  message.headers = {{"skald_saga_id", "another's"}};
  CHECK(named(message) == "another's ");
  message.headers = {{"skald_command_id", saga + "/caf\xe9/action/2"}};
  CHECK(named(message) == saga + " caf\xef\xbf\xbd");
  message.headers = {};
  for (const std::string& id : std::vector<std::string>{
           "", saga, saga + "/charge", "x/charge/action/1", std::string(300, '/'), "///"}) {
    message.properties.correlation_id = id;
    CHECK(named(message) == " ");
  }
}

TEST_CASE("a quarantined reply that is no better than it was says so again") {
  WireMessage message = encode_reply(charge_command(), Outcome::success(), "r-1", Time{});
  message.headers["skald_outcome"] = "splendid";
  CHECK(reason_again(reconsider_message(kept(message, "BAD_OUTCOME"), "shop")) == "BAD_OUTCOME");
  message = encode_reply(charge_command(), Outcome::success(), "r-1", Time{});
  message.properties.correlation_id = "someone else's";
  CHECK(reason_again(reconsider_message(kept(message, "FORGED_KEY"), "shop")) == "FORGED_KEY");
}

TEST_CASE("a body that was cut when it was kept is never read, whatever is left of it") {
  const WireMessage message = encode_reply(charge_command(), Outcome::success(), "r-1", Time{});
  CHECK(reason_again(reconsider_message(kept(message, "TOO_LARGE"), "shop")) == "TOO_LARGE");
}

TEST_CASE("metadata that are no object are refused, not guessed") {
  QuarantinedMessage row = kept(charge_command(), "BAD_HEADERS");
  for (const char* metadata : {"", "[]", "{\"headers\":7}", "7"}) {
    row.headers = metadata;
    CHECK(reason_again(reconsider_message(row, "shop")) == "BAD_HEADERS");
  }
}

TEST_CASE("a dead command in quarantine is for the engine that sent it") {
  WireMessage dead = charge_command();
  dead.headers["x-first-death-reason"] = "rejected";
  const Reconsidered own = reconsider_message(kept(dead, "UNKNOWN_ENGINE"), "shop");
  REQUIRE(std::holds_alternative<Reply>(own));
  CHECK(std::get<Reply>(own).outcome.error.code == "DEAD_LETTERED");
  CHECK(reason_again(reconsider_message(kept(dead, "UNKNOWN_ENGINE"), "other")) ==
        "UNKNOWN_ENGINE");
  dead.headers["x-first-death-reason"] = "delivery_limit";
  CHECK(reason_again(reconsider_message(kept(dead, "UNKNOWN_ENGINE"), "shop")) == "LOST_COMMAND");
  dead.properties.app_id = "";
  CHECK(reason_again(reconsider_message(kept(dead, "BAD_HEADERS"), "shop")) == "BAD_HEADERS");
}

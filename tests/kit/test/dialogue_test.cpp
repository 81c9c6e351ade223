// Dialogues, on sagas of every shape; and that each expectation can fail, and says how.
#include "skald/dialogue.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <nlohmann/json.hpp>

using namespace skald;
using namespace skald::testing;
using namespace std::chrono_literals;

namespace {

constexpr const char* order = R"({
  "saga": "place-order", "version": 1,
  "defaults": {"timeout": "5s",
    "retry": {"max_attempts": 2, "initial_delay": "10s", "jitter": "none"},
    "compensation_retry": {"max_attempts": 2, "initial_delay": "10s", "jitter": "none"}},
  "steps": [
    {"name": "reserve-stock", "participant": "inventory", "action": "reserve",
     "compensation": "release", "input": {"sku": {"$from": "/input/sku"}}},
    {"name": "charge-payment", "participant": "payment", "action": "charge",
     "compensation": "refund", "resolve": "find-charge"},
    {"name": "create-order", "participant": "orders", "action": "create", "kind": "pivot"}],
  "output": {"order": {"$from": "/steps/create-order/output/id"}}})";

constexpr const char* trip = R"({
  "saga": "book-trip", "version": 1,
  "steps": [
    {"name": "flight", "participant": "p", "action": "book", "compensation": "unbook"},
    {"name": "hotel", "participant": "p", "action": "book", "compensation": "unbook", "after": []},
    {"name": "approved", "wait_for": {"signal": "approve", "timeout": "2h"},
     "after": ["flight", "hotel"]},
    {"name": "pay", "saga": {"type": "payment"}}]})";

constexpr const char* payment = R"({
  "saga": "payment", "version": 1,
  "steps": [{"name": "charge", "participant": "bank", "action": "charge",
             "compensation": "refund"}]})";

constexpr const char* guarded = R"({
  "saga": "guarded", "version": 1,
  "participants": {"p": {"breaker": {"failures": 1, "delay": "30s"}}},
  "steps": [{"name": "a", "participant": "p", "action": "act", "compensation": "none",
    "retry": {"max_attempts": 3, "initial_delay": "1s", "jitter": "none"}}]})";

Dialogue order_dialogue() { return Dialogue{parse_definition(order)}; }

Dialogue trip_dialogue() {
  Dialogue saga{parse_definition(trip)};
  saga.with(parse_definition(payment));
  return saga;
}

}  // namespace

TEST_CASE("an order goes through, step by step, to its output") {
  Dialogue saga = order_dialogue();
  saga.start({{"sku", "book"}})
      .expect_command("reserve-stock", {{"sku", "book"}})
      .reply(success())
      .expect_command("charge-payment")
      .reply(success())
      .expect_command("create-order")
      .reply(success({{"id", 7}}))
      .expect_nothing()
      .expect_status(Status::completed);
  CHECK(saga.output() == Json{{"order", 7}});
}

TEST_CASE("a refund that is refused for good makes the saga stuck, and says so") {
  Dialogue saga = order_dialogue();
  saga.start({{"sku", "book"}})
      .expect_command("reserve-stock")
      .reply(success())
      .expect_command("charge-payment")
      .reply(success())
      .expect_command("create-order")
      .reply(rejected("NO_CREDIT"))
      .expect_compensation("charge-payment")
      .reply(rejected("REFUND_CLOSED"))
      .expect_nothing();
  CHECK(saga.status() == Status::stuck);
  CHECK(saga.why().find("refund of charge-payment was refused: REFUND_CLOSED") !=
        std::string::npos);
  saga.resume()
      .expect_compensation("charge-payment")
      .reply(success())
      .expect_compensation("reserve-stock")
      .reply(success())
      .expect_status(Status::compensated);
}

TEST_CASE("time passes only when it is told to, and then retries and timeouts come when due") {
  Dialogue saga = order_dialogue();
  saga.start({{"sku", "book"}})
      .expect_command("reserve-stock")
      .reply(failed("BUSY"))
      .let_time_pass(9s)
      .expect_nothing()
      .let_time_pass(1s)
      .expect_command("reserve-stock")
      .reply(success())
      .expect_command("charge-payment")
      .expect_timeout()
      .expect_nothing()
      .let_time_pass(10s)
      .expect_command("charge-payment")
      .reply(pending(1min))
      .let_time_pass(59s)
      .expect_nothing()
      .expect_timeout()
      .expect_resolve("charge-payment")
      .reply(success())
      .expect_command("create-order")
      .reply(success({{"id", 7}}))
      .expect_status(Status::completed);
}

TEST_CASE("parallel steps are taken and answered in any order") {
  Dialogue saga = trip_dialogue();
  saga.start()
      .expect_command("hotel")
      .expect_command("flight")
      .expect_nothing()
      .reply("hotel", success())
      .expect_nothing()
      .reply("flight", rejected("SOLD_OUT"))
      .expect_compensation("hotel")
      .reply(success())
      .expect_status(Status::compensated);
}

TEST_CASE("signals and child sagas are part of the dialogue") {
  Dialogue saga = trip_dialogue();
  saga.start()
      .expect_command("hotel")
      .reply(success())
      .expect_command("flight")
      .reply(success())
      .expect_nothing()
      .signal("approve")
      .expect_command("charge")
      .reply(success())
      .expect_status(Status::completed);

  Dialogue late = trip_dialogue();
  late.start()
      .expect_command("hotel")
      .reply(success())
      .expect_command("flight")
      .reply(success())
      .let_time_pass(2h)
      .expect_compensation("flight")
      .reply(success())
      .expect_compensation("hotel")
      .reply(success())
      .expect_status(Status::compensated);
}

TEST_CASE("operators pause, cancel, skip and abandon, and are refused with the engine's reason") {
  Dialogue saga = order_dialogue();
  CHECK_THROWS_AS(saga.cancel(), ExpectationNotMet);
  saga.start({{"sku", "book"}})
      .expect_command("reserve-stock")
      .pause()
      .reply(success())
      .expect_nothing()
      .resume()
      .expect_command("charge-payment")
      .skip("charge-payment", Dialogue::As::succeeded)
      .expect_command("create-order")
      .cancel();
  CHECK_THROWS_WITH_AS(saga.retry(), "nothing to retry: no attempt waits for its back-off",
                       Refused);
  saga.abandon().expect_status(Status::abandoned);
}

TEST_CASE("what was not answered when the engine died is sent again") {
  Dialogue saga = order_dialogue();
  saga.start({{"sku", "book"}})
      .expect_command("reserve-stock")
      .crash()
      .expect_command("reserve-stock")
      .reply(success())
      .reply(success())
      .expect_command("charge-payment")
      .expect_nothing();
}

TEST_CASE("participants' policies hold in a dialogue") {
  Dialogue saga{parse_definition(guarded)};
  saga.start()
      .expect_command("a")
      .reply(failed("BUSY"))
      .let_time_pass(20s)
      .expect_nothing()
      .let_time_pass(20s)
      .expect_command("a")
      .reply(success())
      .expect_status(Status::completed);
}

TEST_CASE("an expectation that is not met says what there was instead, and why") {
  Dialogue saga = order_dialogue();
  saga.start({{"sku", "book"}});
  const auto message = [](auto&& expectation) {
    try {
      expectation();
    } catch (const ExpectationNotMet& error) {
      return std::string(error.what());
    }
    return std::string("nothing was thrown");
  };
  CHECK(message([&] { saga.expect_command("charge-payment"); }) ==
        "expected the command of charge-payment, but the command of reserve-stock (attempt 1) was "
        "sent. The saga: " +
            saga.why());
  CHECK(message([&] {
          saga.expect_compensation("reserve-stock");
        }).starts_with("expected the compensation of reserve-stock, but the command of"));
  CHECK(message([&] {
          saga.expect_nothing();
        }).starts_with("expected nothing more to be sent, but the command of reserve-stock"));
  CHECK(message([&] {
          saga.expect_command("reserve-stock", {{"sku", "pen"}});
        })
            .starts_with("expected the command of reserve-stock with the input {\"sku\":\"pen\"}, "
                         "but its input is {\"sku\":\"book\"}"));
  CHECK(message([&] {
          saga.reply(success());
        }).starts_with("expected a command that was taken, by expect_command(), but"));
  CHECK(message([&] {
          saga.expect_status(Status::completed);
        }).starts_with("expected the saga to be completed, but it is running. The saga: "));
  saga.expect_command("reserve-stock").reply(success());
  CHECK(message([&] { saga.expect_timeout(); })
            .starts_with("expected the command of reserve-stock (attempt 1) to time out, but "
                         "nobody waits for its answer any more"));
  CHECK(message([&] { saga.start(); }).starts_with("expected one start of the saga"));
}

TEST_CASE("why names the element of a for_each that the saga waits for or is stuck at") {
  Dialogue saga{parse_definition(R"({"saga": "parcels", "version": 1, "steps": [
    {"name": "open", "participant": "desk", "action": "open", "compensation": "none"},
    {"name": "pack", "for_each": {"in": "/input/items", "step": {"participant": "warehouse",
      "action": "pack", "compensation": "none", "on_failure": "stuck"}}},
    {"name": "close", "participant": "desk", "action": "close", "compensation": "none"}]})")};
  saga.start({{"items", {"book", "chair"}}}).expect_command("open").reply(success());
  saga.expect_command("pack.0").reply(success()).expect_command("pack.1");
  CHECK(saga.why().find("waits for warehouse to answer pack of pack.1") != std::string::npos);
  saga.reply(rejected("TOO_LARGE"));
  CHECK(saga.why().find("pack.1 failed for good (TOO_LARGE)") != std::string::npos);
  saga.skip("pack.1").expect_command("close");
  CHECK(saga.why().find("close of close") != std::string::npos);
}

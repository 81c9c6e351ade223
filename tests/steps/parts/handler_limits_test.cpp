// What handlers throw and give that no reply can hold, in the pool and in the kit.
#include <doctest/doctest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "barrier_bench.hpp"
#include "skald/in_process_channel.hpp"
#include "skald/limits.hpp"
#include "skald/participant.hpp"
#include "skald/text.hpp"

namespace skald::test {
namespace {

using Kind = RecordingListener::Kind;

Outcome trusted_output(std::string text) {
  Outcome outcome;
  outcome.output = JsonText::trusted(std::move(text));
  return outcome;
}

Outcome called(const Handler& handler, const std::string& body = R"({"input":null})") {
  Command command = make_command(1, "payment", "charge");
  command.body = JsonText::trusted(body);
  return call_handler(handler, HandlerCall(command, {}));
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

}  // namespace

TEST_CASE("whatever a handler throws is unknown, and the pool's threads go on") {
  InProcessChannel channel({.threads = 1});
  channel.handle("payment", "number", [](const HandlerCall&) -> Outcome { throw 7; });
  channel.handle("payment", "latin",
                 [](const HandlerCall&) -> Outcome { throw std::runtime_error("caf\xe9"); });
  channel.handle("payment", "charge", [](const HandlerCall&) { return Outcome::success(); });
  RecordingListener listener;
  channel.open("shop", listener);
  channel.send({make_command(1, "payment", "number"), make_command(2, "payment", "latin"),
                make_command(3, "payment", "charge")});
  REQUIRE(listener.wait_for(Kind::replied, 3));
  const Outcome number = listener.reply_to(make_command(1, "payment", "number"));
  CHECK(number.kind == OutcomeKind::unknown);
  CHECK(number.error.code == "HANDLER_THREW");
  CHECK(number.error.message == "it threw int, which is no std::exception");
  const Outcome latin = listener.reply_to(make_command(2, "payment", "latin"));
  CHECK(latin.error.code == "HANDLER_THREW");
  CHECK(latin.error.message == "caf\xEF\xBF\xBD");
  CHECK(listener.reply_to(make_command(3, "payment", "charge")).kind == OutcomeKind::success);
  channel.close();
}

TEST_CASE("an output that no reply can hold is unknown, with its code and its size") {
  const auto answer = [](const Outcome& outcome) {
    return called([&](const HandlerCall&) { return outcome; });
  };
  const Outcome large = answer(trusted_output('"' + std::string(payload_bytes_max, 'x') + '"'));
  CHECK(large.kind == OutcomeKind::unknown);
  CHECK(large.error.code == "REPLY_TOO_LARGE");
  CHECK(large.error.message.find("1048578 bytes") != std::string::npos);
  for (const std::string& text : {nested(payload_depth_max + 1), std::string("\"\xff\""),
                                  std::string("NaN"), std::string()}) {
    const Outcome bad = answer(trusted_output(text));
    CHECK(bad.kind == OutcomeKind::unknown);
    CHECK(bad.error.code == "BAD_OUTPUT");
  }
  const Outcome longest = trusted_output('"' + std::string(payload_bytes_max - 2, 'x') + '"');
  CHECK(answer(longest) == longest);
  const Outcome deepest = trusted_output(nested(payload_depth_max));
  CHECK(answer(deepest) == deepest);
  for (const Json& output : {Json(std::numeric_limits<double>::quiet_NaN()), Json("\xff"),
                             Json(std::string(payload_bytes_max, 'x'))}) {
    const Outcome thrown = called([&](const HandlerCall&) { return Outcome::success(output); });
    CHECK(thrown.kind == OutcomeKind::unknown);
    CHECK_FALSE(thrown.error.message.empty());
  }
}

TEST_CASE("a refusal is brought within the limits and keeps its kind") {
  Outcome refusal = Outcome::rejected(std::string(300, 'C'), std::string(9000, '\xff'));
  refusal.error.data = JsonText::trusted(nested(100));
  const Outcome tidy = called([&](const HandlerCall&) { return refusal; });
  CHECK(tidy.kind == OutcomeKind::rejected);
  CHECK(tidy.error.code.size() <= name_bytes_max);
  CHECK(tidy.error.message.size() <= free_text_bytes_max);
  CHECK(is_utf8(tidy.error.message));
  CHECK(tidy.error.data.is_null());
  CHECK(called([](const HandlerCall&) { return Outcome::failed(""); }).error.code == "NO_CODE");
  const Outcome pending = called([](const HandlerCall&) {
    return Outcome::pending(Duration{-1}, std::numeric_limits<double>::quiet_NaN());
  });
  CHECK(pending == Outcome::pending(Duration{1}, 0));
}

TEST_CASE("a handler can read every payload at its limit, with the body around it") {
  const std::string longest = '"' + std::string(payload_bytes_max - 2, 'x') + '"';
  const std::string deepest = nested(payload_depth_max);
  const auto reads_all = [](const HandlerCall& call) {
    const bool whole =
        !call.input().is_null() && !call.output().is_null() && !call.reason().is_null();
    return whole ? Outcome::success() : Outcome::failed("INCOMPLETE");
  };
  for (const std::string& payload : {longest, deepest}) {
    const std::string body = R"({"input":)" + payload + R"(,"output":)" + payload +
                             R"(,"reason":{"step":"s","error":{"code":"C","data":)" + payload +
                             "}}}";
    CHECK(called(reads_all, body) == Outcome::success());
  }
}

TEST_CASE("the kit remembers a success whose output cannot be delivered") {
  Participant payment("payment", ":memory:");
  run_script(payment.database(), "CREATE TABLE effects (key TEXT PRIMARY KEY, n INTEGER)");
  const std::string large = '"' + std::string(payload_bytes_max, 'x') + '"';
  payment.handle("charge", BarrierBench::effect(trusted_output(large)));
  payment.handle("refund", BarrierBench::effect(Outcome::success()));
  const auto effects = [&] {
    return query_integer(payment.database(), "SELECT sum(n) FROM effects").value_or(0);
  };
  for (std::uint32_t attempt = 1; attempt <= 2; ++attempt) {
    const Command command = make_command(1, "payment", "charge", attempt);
    const Outcome outcome = payment.answer(HandlerCall(command, {}));
    CHECK(outcome.kind == OutcomeKind::unknown);
    CHECK(outcome.error.code == "REPLY_TOO_LARGE");
  }
  CHECK(effects() == 1);
  const Command undo = make_command(1, "payment", "refund", 1, Direction::compensate);
  CHECK(payment.answer(HandlerCall(undo, {})).kind == OutcomeKind::success);
  CHECK(effects() == 2);
}

TEST_CASE("in the kit, a handler or hook that throws anything is unknown and undoes its part") {
  Participant payment("payment", ":memory:");
  run_script(payment.database(), "CREATE TABLE effects (key TEXT PRIMARY KEY, n INTEGER)");
  payment.handle("charge", [](const HandlerCall& call, sqlite3* tx) -> Outcome {
    static_cast<void>(BarrierBench::effect(Outcome::success())(call, tx));
    throw 7;
  });
  payment.handle_outside("ship", {.work = [](const HandlerCall&) -> Outcome { throw 7; }});
  const auto answer = [&](const char* action) {
    const Command command = make_command(1, "payment", action);
    return payment.answer(HandlerCall(command, {})).error.code;
  };
  CHECK(answer("charge") == "HANDLER_THREW");
  CHECK(answer("ship") == "HANDLER_THREW");
  CHECK_FALSE(query_integer(payment.database(), "SELECT n FROM effects"));
  payment.before_each([](const HandlerCall&) -> std::optional<Outcome> { throw 7; });
  CHECK(answer("charge") == "HANDLER_THREW");
  payment.before_each({});
  payment.after_each([](const HandlerCall&, const Outcome&) -> Outcome { throw 7; });
  CHECK(answer("charge") == "HANDLER_THREW");
}

}  // namespace skald::test

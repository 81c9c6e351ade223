#include "channel_conformance.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>
#include <utility>

namespace skald::test {
namespace {

using Kind = RecordingListener::Kind;

struct Bench {
  explicit Bench(const MakeChannelFixture& make) : fixture(make()) {}
  ~Bench() { channel().close(); }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;
  [[nodiscard]] Channel& channel() { return fixture->channel(); }
  void receipt_all() {
    std::vector<std::uint64_t> receipts;
    for (const auto& entry : listener.entries()) {
      if (entry.receipt != 0) receipts.push_back(entry.receipt);
    }
    channel().receipt(receipts);
  }

  RecordingListener listener;  // outlives the channel
  std::unique_ptr<ChannelFixture> fixture;
};

void check_order(const std::vector<RecordingListener::Entry>& entries, Position position,
                 bool sent_first) {
  std::size_t sent = 0;
  std::size_t confirmed = 0;
  std::size_t replied = 0;
  for (const auto& entry : entries) {
    if (entry.kind == Kind::sent) ++sent;
    if (entry.kind == Kind::replied) {
      if (sent_first) CHECK_MESSAGE(sent == 1, "sent() comes before replied()");
      ++replied;
    }
    if (entry.kind == Kind::confirmed) {
      CHECK(entry.position == position);
      ++confirmed;
    }
  }
  CHECK(sent == 1);
  CHECK(confirmed == 1);
  CHECK(replied >= 1);
}

void check_one_command(const MakeChannelFixture& make) {
  Bench bench(make);
  bench.fixture->handle("inventory", "reserve", [](const HandlerCall& call) {
    return Outcome::success({{"key", call.idempotency_key()},
                             {"round", call.round()},
                             {"attempt", call.attempt()},
                             {"business_key", call.key().value_or("")},
                             {"type", call.saga_type()},
                             {"step", call.step()},
                             {"direction", to_string(call.direction())},
                             {"input", call.input()}});
  });
  bench.fixture->open(bench.listener);
  Command command = make_command(1, "inventory", "reserve", 3);
  command.round = 2;
  bench.channel().send({command});
  const Outcome outcome = bench.listener.reply_to(command);
  REQUIRE(outcome.kind == OutcomeKind::success);
  const Json output = outcome.output.value();
  CHECK(output["key"] == command.id.idempotency_key());
  CHECK(output["round"] == 2);
  CHECK(output["attempt"] == 3);
  CHECK(output["business_key"] == "order-1");
  CHECK(output["type"] == "place-order");
  CHECK(output["step"] == "first");
  CHECK(output["direction"] == "action");
  CHECK(output["input"] == Json{{"number", 1}});
  CHECK(bench.listener.wait_for(Kind::confirmed, 1));
  bench.receipt_all();
  bench.channel().close();
  check_order(bench.listener.of(command), command.position, bench.fixture->reports_sent_first());
}

void check_outcomes(const MakeChannelFixture& make) {
  Outcome refused = Outcome::rejected("OUT_OF_STOCK", "none left of \"mug\"");
  refused.error.data = JsonText::of({{"left", 0}});
  const std::vector<std::pair<std::string, Outcome>> outcomes{
      {"succeeds", Outcome::success({{"id", "r-1"}})},
      {"refuses", refused},
      {"fails", Outcome::failed("BUSY", "later", Duration{1500})},
      {"wonders", Outcome::unknown("GATEWAY_TIMEOUT", "no answer")}};
  Bench bench(make);
  for (const auto& [action, outcome] : outcomes) {
    bench.fixture->handle("inventory", action, [outcome](const HandlerCall&) { return outcome; });
  }
  bench.fixture->open(bench.listener);
  std::uint64_t number = 0;
  for (const auto& [action, outcome] : outcomes) {
    const Command command = make_command(++number, "inventory", action);
    bench.channel().send({command});
    const Outcome seen = bench.listener.reply_to(command);
    CHECK(seen.kind == outcome.kind);
    CHECK(same_value(seen.output, outcome.output));
    CHECK(seen.error.code == outcome.error.code);
    CHECK(seen.error.message == outcome.error.message);
    CHECK(same_value(seen.error.data, outcome.error.data));
    CHECK(seen.retry_after == outcome.retry_after);
  }
}

void check_many(const MakeChannelFixture& make) {
  constexpr std::uint64_t total = 500;
  constexpr std::uint64_t batch = 50;
  Bench bench(make);
  for (const char* participant : {"inventory", "payment"}) {
    bench.fixture->handle(participant, "act",
                          [](const HandlerCall& call) { return Outcome::success(call.input()); });
  }
  bench.fixture->open(bench.listener);
  std::vector<Command> all;
  for (std::uint64_t n = 1; n <= total; ++n) {
    all.push_back(make_command(n, n % 2 == 0 ? "inventory" : "payment", "act"));
  }
  for (std::size_t from = 0; from < total; from += batch) {
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(from);
    bench.channel().send({begin, begin + static_cast<std::ptrdiff_t>(batch)});
  }
  REQUIRE(bench.listener.wait_for(Kind::replied, total));
  REQUIRE(bench.listener.wait_for(Kind::confirmed, total));
  bench.receipt_all();
  bench.channel().close();
  CHECK(bench.listener.count(Kind::confirmed) == total);
  for (const std::size_t pick : {std::size_t{0}, std::size_t{249}, std::size_t{499}}) {
    check_order(bench.listener.of(all[pick]), all[pick].position,
                bench.fixture->reports_sent_first());
    CHECK(bench.listener.reply_to(all[pick]).output.value()["number"] == pick + 1);
  }
}

void check_one_run_per_key(const MakeChannelFixture& make) {
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  std::atomic<bool> proceed{false};
  Bench bench(make);
  bench.fixture->handle("inventory", "reserve", [&](const HandlerCall&) {
    most = std::max(most.load(), ++running);
    proceed.wait(false);
    --running;
    return Outcome::success({{"id", "r-1"}});
  });
  bench.fixture->open(bench.listener);
  const Command first = make_command(1, "inventory", "reserve", 1);
  const Command second = make_command(1, "inventory", "reserve", 2);
  bench.channel().send({first});
  REQUIRE(bench.listener.wait_for(Kind::sent, 1));
  bench.channel().send({second});
  CHECK(bench.listener.wait_for(Kind::sent, 2));
  proceed = true;
  proceed.notify_all();
  CHECK(bench.listener.reply_to(first).output.value()["id"] == "r-1");
  CHECK(bench.listener.reply_to(second).output.value()["id"] == "r-1");
  CHECK(bench.listener.wait_for(Kind::confirmed, 2));
  bench.channel().close();
  CHECK_MESSAGE(most == 1, "two attempts of one key ran at the same time");
}

void check_unknown_names(const MakeChannelFixture& make) {
  Bench bench(make);
  bench.fixture->handle("inventory", "reserve",
                        [](const HandlerCall&) { return Outcome::success(); });
  bench.fixture->open(bench.listener);
  const Command nobody = make_command(1, "nobody", "reserve");
  const Command nothing = make_command(2, "inventory", "juggle");
  bench.channel().send({nobody, nothing});
  const Outcome no_participant = bench.listener.reply_to(nobody);
  CHECK(no_participant.kind == OutcomeKind::failed);
  CHECK(no_participant.error.code == "NO_PARTICIPANT");
  const Outcome no_action = bench.listener.reply_to(nothing);
  CHECK(no_action.kind == OutcomeKind::failed);
  CHECK(no_action.error.code == "UNKNOWN_ACTION");
}

void check_throwing_handler(const MakeChannelFixture& make) {
  Bench bench(make);
  bench.fixture->handle("inventory", "reserve", [](const HandlerCall&) -> Outcome {
    throw std::runtime_error("the shelf fell down");
  });
  bench.fixture->open(bench.listener);
  const Command command = make_command(1, "inventory", "reserve");
  bench.channel().send({command});
  const Outcome outcome = bench.listener.reply_to(command);
  CHECK(outcome.kind == OutcomeKind::unknown);
  CHECK(outcome.error.code == "HANDLER_THREW");
  CHECK(outcome.error.message == "the shelf fell down");
}

void check_withdraw(const MakeChannelFixture& make) {
  std::atomic<int> calls{0};
  Bench bench(make);
  bench.fixture->handle("inventory", "reserve", [&](const HandlerCall& call) {
    ++calls;
    return Outcome::success(call.input());
  });
  bench.fixture->open_held(bench.listener);
  const Command unwanted = make_command(1, "inventory", "reserve");
  const Command wanted = make_command(2, "inventory", "reserve");
  bench.channel().send({unwanted, wanted});
  bench.channel().withdraw(unwanted.id.saga, unwanted.attempt);
  bench.channel().withdraw(make_command(3, "inventory", "reserve").id.saga, unwanted.attempt);
  bench.fixture->release();
  CHECK(bench.listener.reply_to(wanted).output.value()["number"] == 2);
  bench.channel().withdraw(wanted.id.saga, wanted.attempt);
  bench.channel().close();
  CHECK(calls == 1);
  CHECK(bench.listener.of(unwanted).empty());
}

void check_room(const MakeChannelFixture& make) {
  Bench bench(make);
  bench.fixture->handle("inventory", "reserve",
                        [](const HandlerCall&) { return Outcome::success(); });
  bench.fixture->handle("payment", "charge", [](const HandlerCall&) { return Outcome::success(); });
  bench.fixture->open_held(bench.listener);
  CHECK(bench.channel().has_room("inventory"));
  const std::size_t limit = bench.fixture->queue_limit();
  std::vector<Command> commands;
  for (std::size_t n = 1; n <= limit; ++n) {
    commands.push_back(make_command(n, "inventory", "reserve"));
  }
  bench.channel().send(std::move(commands));
  CHECK_FALSE(bench.channel().has_room("inventory"));
  CHECK(bench.channel().has_room("payment") == bench.fixture->has_room_per_participant());
  CHECK(bench.listener.count(Kind::room) == 0);
  bench.fixture->release();
  CHECK(bench.listener.wait_for(Kind::room, 1));
  CHECK(bench.channel().has_room("inventory"));
  CHECK(bench.listener.wait_for(Kind::replied, limit));
}

void check_close(const MakeChannelFixture& make) {
  constexpr std::uint64_t total = 200;
  Bench bench(make);
  bench.fixture->handle("inventory", "reserve",
                        [](const HandlerCall&) { return Outcome::success(); });
  bench.fixture->open(bench.listener);
  std::vector<Command> commands;
  for (std::uint64_t n = 1; n <= total; ++n) {
    commands.push_back(make_command(n, "inventory", "reserve"));
  }
  bench.channel().send(commands);
  REQUIRE(bench.listener.wait_for(Kind::replied, 1));
  bench.channel().close();
  const std::size_t at_close = bench.listener.entries().size();
  bench.channel().close();
  bench.channel().send({make_command(total + 1, "inventory", "reserve")});
  bench.channel().withdraw(commands.back().id.saga, commands.back().attempt);
  bench.receipt_all();
  CHECK(bench.listener.entries().size() == at_close);
  for (const Command& command : commands) {
    std::size_t confirmed = 0;
    for (const auto& entry : bench.listener.of(command)) {
      if (entry.kind == Kind::confirmed) ++confirmed;
    }
    CHECK(confirmed <= 1);
  }
}

}  // namespace

Command make_command(std::uint64_t number, const std::string& participant,
                     const std::string& action, std::uint32_t attempt, Direction direction) {
  Command command;
  command.id.saga = SagaId::make(Time{Duration{1'700'000'000'000}}, number, number);
  command.id.step = "first";
  command.id.direction = direction;
  command.id.attempt = attempt;
  command.attempt = {0, direction, attempt};
  command.saga_type = "place-order";
  command.saga_version = 1;
  command.participant = participant;
  command.action = action;
  command.key = "order-" + std::to_string(number);
  command.timeout = Duration{30'000};
  command.body = JsonText::of({{"input", {{"number", number}}}});
  command.position = static_cast<Position>(number * 8 + attempt);
  return command;
}

void check_channel_conformance(const MakeChannelFixture& make) {
  SUBCASE("a command reaches its handler whole and is answered") { check_one_command(make); }
  SUBCASE("every kind of outcome comes back as it was given") { check_outcomes(make); }
  SUBCASE("many commands are each sent, confirmed and answered once") { check_many(make); }
  SUBCASE("two attempts of one key never run at the same time") { check_one_run_per_key(make); }
  SUBCASE("unknown participants and actions are failures, not errors") {
    check_unknown_names(make);
  }
  SUBCASE("a handler that throws leaves its attempt in doubt") { check_throwing_handler(make); }
  SUBCASE("a command that is withdrawn before it was sent is forgotten") { check_withdraw(make); }
  SUBCASE("a participant that falls behind has no room until it catches up") { check_room(make); }
  SUBCASE("close is final and quiet") { check_close(make); }
}

}  // namespace skald::test

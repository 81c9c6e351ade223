// The order service's participants and the check of their books.
#include <doctest/doctest.h>

#include <fstream>

#include "all_participants.hpp"
#include "barrier_bench.hpp"
#include "ledger.hpp"
#include "skald/definition.hpp"

namespace order_service {
namespace {

using skald::Command;
using skald::Direction;
using skald::Json;
using skald::Outcome;
using skald::OutcomeKind;
using skald::test::TemporaryFolder;

struct Step {
  const char* participant;
  const char* action;
  const char* compensation;
};
constexpr std::array<Step, 6> steps{{{"inventory", "reserve", "release"},
                                     {"payment", "charge", "refund"},
                                     {"orders", "create", "cancel"},
                                     {"shipping", "schedule", ""},
                                     {"notification", "send", ""},
                                     {"loyalty", "award", ""}}};

struct Shop {
  explicit Shop(const Faults& faults = {}) {
    for (const Step& step : steps) {
      participants.push_back(make_participant(
          step.participant, database_file(folder.file(""), step.participant), faults));
    }
  }

  Outcome run(std::uint64_t number, std::size_t step, Direction direction, Json order = {},
              std::uint32_t attempt = 1, std::uint32_t round = 1) {
    const Step& s = steps[step];
    Command command = skald::test::make_command(
        number, s.participant, direction == Direction::action ? s.action : s.compensation, attempt,
        direction);
    command.id.step = s.action;
    command.round = round;
    const Json defaults{{"order_id", "order-" + std::to_string(number)},
                        {"customer", "c-7"},
                        {"sku", "mug"},
                        {"quantity", 2},
                        {"amount_cents", 1998}};
    Json input = defaults;
    if (order.is_object()) input.update(order);
    command.body = skald::JsonText::of({{"input", input}});
    return participants[step]->answer(skald::HandlerCall(command, {}));
  }
  void place(std::uint64_t number, std::size_t count = steps.size(), const Json& order = {}) {
    for (std::size_t step = 0; step < count; ++step) {
      CHECK(run(number, step, Direction::action, order).kind == OutcomeKind::success);
    }
  }
  void undo(std::uint64_t number, std::size_t count) {
    for (std::size_t step = count; step-- > 0;) {
      CHECK(run(number, step, Direction::compensate).kind == OutcomeKind::success);
    }
  }
  LedgerReport check(const std::set<std::string>& open = {}) {
    return ledger_check(folder.file(""), open);
  }
  void tamper(std::size_t step, const std::string& sql) {
    skald::run_script(participants[step]->database(), sql);
  }

  TemporaryFolder folder;
  std::vector<std::unique_ptr<skald::Participant>> participants;
};

TEST_CASE("the definition asks for what the participants offer") {
  const auto definition = skald::load_definition(PLACE_ORDER);
  REQUIRE(definition.steps.size() == steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const skald::Step& step = definition.steps[i];
    CHECK(step.participant == steps[i].participant);
    CHECK(step.action == steps[i].action);
    CHECK((step.compensation ? step.compensation->action : "") == steps[i].compensation);
  }
  CHECK(definition.pivot() == 3);
}

TEST_CASE("placed and cancelled orders add up") {
  Shop shop;
  shop.place(1);
  shop.place(2, 3);
  shop.undo(2, 3);
  shop.place(3, 5);
  const LedgerReport report = shop.check();
  CHECK_MESSAGE(report.adds_up(), report.text());
  CHECK(report.orders == 2);
  CHECK(report.cancelled == 1);
  CHECK(report.charged_cents == 3 * 1998);
  CHECK(report.refunded_cents == 1998);
  CHECK(report.reservations == 2);
  CHECK(report.shipments == 2);
  CHECK(report.emails == 2);
  CHECK(report.points == 19);
}

TEST_CASE("an order that stands still adds up only when it is named") {
  Shop shop;
  shop.place(1, 3);
  CHECK_FALSE(shop.check().adds_up());
  CHECK(shop.check({"order-1"}).adds_up());
}

TEST_CASE("the ledger finds what does not add up") {
  Shop shop;
  shop.place(1);
  shop.place(2, 3);
  shop.undo(2, 3);
  REQUIRE(shop.check().adds_up());
  SUBCASE("stock lost") { shop.tamper(0, "UPDATE stock SET available = available - 1"); }
  SUBCASE("money lost") { shop.tamper(1, "UPDATE accounts SET balance = balance - 1"); }
  SUBCASE("charged twice") {
    shop.tamper(1,
                "INSERT INTO charges (key, order_id, customer, amount) SELECT key, order_id, "
                "customer, amount FROM charges WHERE order_id = 'order-1';"
                "UPDATE accounts SET balance = balance - 1998");
  }
  SUBCASE("refunded without a charge") {
    shop.tamper(1,
                "INSERT INTO refunds (key, charge_key, order_id, customer, amount) VALUES "
                "('k', 'none', 'order-1', 'c-7', 5); UPDATE accounts SET balance = balance + 5");
  }
  SUBCASE("sent twice") {
    shop.tamper(3,
                "INSERT INTO shipments (key, order_id, customer, sku, quantity) SELECT key, "
                "order_id, customer, sku, quantity FROM shipments");
  }
  SUBCASE("sent without an order") { shop.tamper(2, "UPDATE orders SET state = 'cancelled'"); }
  SUBCASE("a forgotten reservation") {
    shop.tamper(0,
                "UPDATE reservations SET held = 1; "
                "UPDATE stock SET available = available - 2 WHERE sku = 'mug'");
  }
  SUBCASE("an e-mail about nothing") { shop.tamper(4, "UPDATE emails SET order_id = 'order-2'"); }
  CHECK_FALSE(shop.check().adds_up());
  CHECK(shop.check().text().find("PROBLEM") != std::string::npos);
}

TEST_CASE("a ledger without its books says which one is missing") {
  const TemporaryFolder empty;
  CHECK_THROWS_AS(static_cast<void>(ledger_check(empty.file(""))), skald::ParticipantError);
}

TEST_CASE("orders meet natural limits") {
  Shop shop;
  CHECK(shop.run(1, 0, Direction::action, {{"sku", "vase"}, {"quantity", 2}}).error.code ==
        "OUT_OF_STOCK");
  CHECK(shop.run(2, 0, Direction::action, {{"sku", "vase"}, {"quantity", 1}}).kind ==
        OutcomeKind::success);
  CHECK(shop.run(3, 0, Direction::action, {{"sku", "yacht"}}).error.code == "UNKNOWN_SKU");
  CHECK(shop.run(4, 0, Direction::action, {{"quantity", 0}}).error.code == "BAD_ORDER");
  CHECK(shop.run(5, 1, Direction::action, {{"amount_cents", "much"}}).error.code == "BAD_ORDER");
  CHECK(shop.run(6, 1, Direction::action, {{"faults", {{"payment", "explode"}}}}).error.code ==
        "BAD_ORDER");
  const Json dear{{"amount_cents", 1'000'000'000}};
  Outcome last = Outcome::success();
  std::uint64_t bought = 0;
  while (last.kind == OutcomeKind::success && bought < 200) {
    last = shop.run(100 + bought++, 1, Direction::action, dear);
  }
  CHECK(last.error.code == "DECLINED");
  CHECK(bought == 101);
}

TEST_CASE("faults are planned per order") {
  Shop shop;
  const auto faulty = [](const char* target, const std::string& fault) {
    return Json{{"faults", {{target, fault}}}};
  };
  SUBCASE("a declined card") {
    const Json order = faulty("payment", "decline");
    CHECK(shop.run(1, 1, Direction::action, order).error.code == "DECLINED");
    CHECK(shop.run(1, 0, Direction::action, order).kind == OutcomeKind::success);
    CHECK(shop.run(1, 0, Direction::compensate, order).kind == OutcomeKind::success);
    CHECK(shop.run(1, 1, Direction::compensate, order).kind == OutcomeKind::success);
    CHECK(shop.check().adds_up());
  }
  SUBCASE("shipping that comes back after two attempts") {
    const Json order = faulty("shipping", "unavailable:2");
    CHECK(shop.run(1, 3, Direction::action, order, 1).error.code == "SHIPPING_UNAVAILABLE");
    CHECK(shop.run(1, 3, Direction::action, order, 2).kind == OutcomeKind::failed);
    CHECK(shop.run(1, 3, Direction::action, order, 3).kind == OutcomeKind::success);
  }
  SUBCASE("a charge whose answer is lost has happened all the same") {
    const Json order = faulty("payment", "timeout:1");
    CHECK(shop.run(1, 1, Direction::action, order, 1).error.code == "GATEWAY_TIMEOUT");
    CHECK(shop.check({"order-1"}).charged_cents == 1998);
    CHECK(shop.run(1, 1, Direction::action, order, 2).kind == OutcomeKind::success);
    CHECK(shop.check({"order-1"}).charged_cents == 1998);
  }
  SUBCASE("a refund that is refused in its first round") {
    const Json order = faulty("payment.refund", "reject:1");
    CHECK(shop.run(1, 1, Direction::action, order).kind == OutcomeKind::success);
    CHECK(shop.run(1, 1, Direction::compensate, order, 1, 1).error.code == "REFUND_REFUSED");
    CHECK(shop.run(1, 1, Direction::compensate, order, 2, 1).error.code == "REFUND_REFUSED");
    CHECK(shop.run(1, 1, Direction::compensate, order, 3, 2).kind == OutcomeKind::success);
    CHECK(shop.check().adds_up());
  }
  SUBCASE("a refund that is refused until somebody allows it, remembered for its round") {
    const std::string flag = shop.folder.file("allowed");
    const Json order = faulty("payment.refund", "reject-until:" + flag);
    CHECK(shop.run(1, 1, Direction::action, order).kind == OutcomeKind::success);
    CHECK(shop.run(1, 1, Direction::compensate, order).error.code == "REFUND_REFUSED");
    std::ofstream(flag) << "yes";
    CHECK(shop.run(1, 1, Direction::compensate, order, 2, 1).error.code == "REFUND_REFUSED");
    CHECK(shop.run(1, 1, Direction::compensate, order, 3, 2).kind == OutcomeKind::success);
  }
  SUBCASE("no answer for a while, and slowness") {
    CHECK(shop.run(1, 5, Direction::action, faulty("loyalty", "hang:1")).error.code == "NO_ANSWER");
    CHECK(shop.run(1, 5, Direction::action, faulty("loyalty", "slow:1")).kind ==
          OutcomeKind::success);
  }
  SUBCASE("e-mail that fails, loyalty that is in doubt, and stock found missing at the end") {
    CHECK(shop.run(1, 4, Direction::action, faulty("notification", "fail")).error.code ==
          "NOTIFICATION_UNAVAILABLE");
    CHECK(shop.run(1, 5, Direction::action, faulty("loyalty", "unknown")).kind ==
          OutcomeKind::unknown);
    CHECK(shop.run(1, 3, Direction::action, faulty("shipping", "out-of-stock")).error.code ==
          "OUT_OF_STOCK");
    CHECK(shop.check().points == 0);
  }
}

TEST_CASE("faults of the program hold for all orders, and an order's own come first") {
  Shop shop(Faults::parse("payment=decline,payment.refund=fail:1"));
  CHECK(shop.run(1, 1, Direction::action).error.code == "DECLINED");
  const Json fine{{"faults", {{"payment", "fail:1"}}}};
  CHECK(shop.run(2, 1, Direction::action, fine, 2).kind == OutcomeKind::success);
  CHECK(shop.run(2, 1, Direction::compensate, fine, 1).error.code == "PAYMENT_UNAVAILABLE");
  CHECK(shop.run(2, 1, Direction::compensate, fine, 2).kind == OutcomeKind::success);
}

TEST_CASE("faults that make no sense are refused with what would") {
  CHECK_NOTHROW((void)Faults::parse(""));
  for (const char* text :
       {"payment", "=fail", "payment=", "payment=explode", "payment=fail:", "payment=fail:x",
        "payment=fail:1x", "payment=fail-until:", "payment=fail,,", "payment=fail:99999999999"}) {
    CAPTURE(text);
    CHECK_THROWS_AS((void)Faults::parse(text), skald::Error);
  }
  CHECK_THROWS_AS((void)make_participant("nobody", ":memory:", {}), skald::Error);
}

}  // namespace
}  // namespace order_service

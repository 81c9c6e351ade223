// Tests a saga the way it will fail: every crash point, every reply twice, every reply lost.
//
// The handlers below book seats. The first try forgets that a command may come twice; the second
// remembers its keys. The trial finds the difference in a moment, because it waits for nothing. A
// dialogue goes before it: one path through the definition, answer by answer.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>

#include "skald/definition_builder.hpp"
#include "skald/dialogue.hpp"
#include "skald/testing.hpp"

using skald::HandlerCall;
using skald::Json;
using skald::Outcome;
using skald::testing::Dialogue;
using skald::testing::Report;
using skald::testing::Trial;

namespace {

skald::Definition book_concert() {
  return skald::DefinitionBuilder("book-concert", 1)
      .step("seats")
      .participant("hall")
      .action("reserve")
      .compensation("release")
      .step("payment")
      .participant("bank")
      .action("charge")
      .pivot()
      .build();
}

class Hall {
 public:
  explicit Hall(bool remembers_keys) : remembers_keys_(remembers_keys) {}

  Outcome reserve(const HandlerCall& call) { return book(call, 2); }
  Outcome release(const HandlerCall& call) { return book(call, -2); }
  void empty() {
    booked_ = 0;
    keys_.clear();
  }
  [[nodiscard]] int booked() const { return booked_; }

 private:
  Outcome book(const HandlerCall& call, int seats) {
    const bool fresh = keys_.insert(call.idempotency_key()).second;
    if (fresh || !remembers_keys_) booked_ += seats;
    return Outcome::success();
  }

  bool remembers_keys_;
  int booked_ = 0;
  std::set<std::string> keys_;
};

Outcome charge(const HandlerCall& call) {
  if (call.input().value("card", "") == "expired") return Outcome::rejected("CARD_EXPIRED");
  return Outcome::success();
}

Report try_out(bool remembers_keys, const Json& order) {
  Hall hall{remembers_keys};
  Trial trial{book_concert()};
  trial.before_each([&hall] { hall.empty(); })
      .handle("hall", "reserve", [&hall](const HandlerCall& call) { return hall.reserve(call); })
      .handle("hall", "release", [&hall](const HandlerCall& call) { return hall.release(call); })
      .handle("bank", "charge", charge)
      .after_each([&hall](const skald::Saga& saga) -> std::optional<std::string> {
        const int wanted = saga.status == skald::Status::completed ? 2 : 0;
        if (hall.booked() == wanted) return std::nullopt;
        return fmt::format("the saga is {} and {} seats are booked, not {}",
                           skald::to_string(saga.status), hall.booked(), wanted);
      });
  return trial.run(order);
}

// The definition alone, without handlers: what is asked of whom, and what comes of the answers.
std::string talk_through() {
  using skald::testing::rejected;
  using skald::testing::success;
  Dialogue saga{book_concert()};
  saga.start({{"card", "expired"}})
      .expect_command("seats")
      .reply(success())
      .expect_command("payment")
      .reply(rejected("CARD_EXPIRED"))
      .expect_compensation("seats")
      .reply(success())
      .expect_nothing()
      .expect_status(skald::Status::compensated);
  return saga.why();
}

}  // namespace

int main() {
  fmt::print("talked through: {}\n", talk_through());

  const Report careless = try_out(false, {{"card", "valid"}});
  fmt::print("without keys: {} of {} schedules go wrong, such as {}\n  {}\n",
             careless.findings.size(), careless.schedules, careless.findings.front().schedule,
             careless.findings.front().sentence);

  const Report paid = try_out(true, {{"card", "valid"}});
  const Report refused = try_out(true, {{"card", "expired"}});
  fmt::print("with keys, paid:    {}\nwith keys, refused: {}\n", paid.text(), refused.text());
  return !careless.ok() && paid.ok() && refused.ok() ? 0 : 1;
}

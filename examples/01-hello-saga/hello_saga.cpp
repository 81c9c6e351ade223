// The smallest whole saga: book a flight, a hotel and a car, or nothing.
//
// Everything happens in this process. The steps are plain functions; Skald calls them in order,
// keeps every decision in hello.db, and when the car is refused it cancels the hotel, then the
// flight.
#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "skald/definition_builder.hpp"
#include "skald/in_process_channel.hpp"
#include "skald/orchestrator.hpp"
#include "skald/sqlite_store.hpp"

using skald::HandlerCall;
using skald::Json;
using skald::Outcome;
using namespace std::chrono_literals;

namespace {

skald::Definition book_trip() {
  return skald::DefinitionBuilder("book-trip", 1)
      .step("flight")
      .participant("travel")
      .action("book-flight")
      .compensation("cancel-flight")
      .step("hotel")
      .participant("travel")
      .action("book-hotel")
      .compensation("cancel-hotel")
      .step("car")
      .participant("travel")
      .action("book-car")
      .compensation("cancel-car")
      .build();
}

Outcome say(const HandlerCall& call) {
  fmt::print("  {}\n", call.action());
  return Outcome::success();
}

Outcome book_car(const HandlerCall& call) {
  if (call.input().value("driver_age", 0) < 21) {
    return Outcome::rejected("TOO_YOUNG", "cars are rented out from 21 years on");
  }
  return say(call);
}

void book(skald::Orchestrator& trips, int driver_age) {
  fmt::print("a driver of {} books a trip:\n", driver_age);
  const auto id = trips.start("book-trip", Json{{"driver_age", driver_age}});
  const auto result = trips.wait(id, 10s);
  fmt::print("  {}\n", result ? skald::to_string(result->status) : "not yet done");
}

}  // namespace

int main() {
  skald::SqliteStore store{"hello.db"};
  skald::InProcessChannel channel;
  for (const char* action :
       {"book-flight", "book-hotel", "cancel-flight", "cancel-hotel", "cancel-car"}) {
    channel.handle("travel", action, say);
  }
  channel.handle("travel", "book-car", book_car);

  skald::Orchestrator trips{store, channel};
  trips.define(book_trip());
  book(trips, 40);
  book(trips, 18);
}

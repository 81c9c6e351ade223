// The example of docs/participants.md, "Work that goes on".
#include <doctest/doctest.h>

#include <stdexcept>

#include "barrier_bench.hpp"
#include "skald/participant.hpp"

namespace skald::test {
namespace {

void serve_parcels(skald::Participant& shipping) {
  skald::run_script(shipping.database(),
                    "CREATE TABLE IF NOT EXISTS parcels (call TEXT PRIMARY KEY, state TEXT)");
  shipping.handle("pack", [](const skald::HandlerCall& call, sqlite3* tx) {
    skald::run_sql(tx, "INSERT OR IGNORE INTO parcels VALUES (?, 'packing')",
                   call.command().id.to_string());
    return skald::Outcome::pending(std::chrono::hours{1});
  });
}

// Later: any thread, also after a restart, or another process that opened shipping.db.
void packed(skald::Participant& shipping, const std::string& call) {
  const auto id = skald::CommandId::parse(call);
  if (!id) throw std::invalid_argument("no call: " + call);
  shipping.complete(*id, skald::Outcome::success({{"parcel", call}}), [&](sqlite3* tx) {
    skald::run_sql(tx, "UPDATE parcels SET state = 'packed' WHERE call = ?", call);
  });
}

TEST_CASE("the example of work that goes on: a parcel that is packed later") {
  const TemporaryFolder folder;
  const Command command = make_command(1, "shipping", "pack");
  {
    Participant shipping("shipping", folder.file("shipping.db"));
    serve_parcels(shipping);
    CHECK(shipping.answer(HandlerCall(command, {})).kind == OutcomeKind::pending);
  }
  Participant shipping("shipping", folder.file("shipping.db"));
  serve_parcels(shipping);
  const auto call = query_text(shipping.database(), "SELECT call FROM parcels");
  REQUIRE(call);
  packed(shipping, *call);
  CHECK(query_text(shipping.database(), "SELECT state FROM parcels") == "packed");
  const Outcome done = shipping.answer(HandlerCall(command, {}));
  CHECK(done == Outcome::success({{"parcel", *call}}));
  CHECK_THROWS_AS(packed(shipping, command.id.idempotency_key() + "/9"), CompletionRefused);
}

}  // namespace
}  // namespace skald::test

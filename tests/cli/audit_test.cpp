// What `skald audit` finds in a saga's records, and what it lets pass.
#include <doctest/doctest.h>

#include "audit_checks.hpp"
#include "skald/sqlite_store.hpp"
#include "world.hpp"

using namespace skald;
using namespace skald::cli;
using namespace skald::cli_test;

namespace {

// A completed saga's records, to be written on.
struct Records {
  Records() {
    const auto id = SagaId::parse(world.completed());
    SqliteStore store(world.store());
    rows = store.journal(*id);
    summary = store.summary(*id);
    definition = store.definition(summary->definition);
  }
  [[nodiscard]] std::vector<std::string> audit_with(const Event& event) {
    auto more = rows;
    const JournalRow& last = rows.back();
    more.push_back({last.position + 1, last.version + 1, last.at, {event}});
    auto as_of_now = summary;
    as_of_now->version = more.back().version;
    as_of_now->contradicted = std::holds_alternative<ContradictionSeen>(event);
    return audit_saga(more, as_of_now, definition);
  }

  World world;
  std::vector<JournalRow> rows;
  std::optional<SagaSummary> summary;
  DefinitionPtr definition;
};

}  // namespace

TEST_CASE_FIXTURE(Records, "traces of what happens around a saga after its end are no finding") {
  REQUIRE(audit_saga(rows, summary, definition).empty());
  const AttemptRef first{0, Direction::action, 1};
  CHECK(audit_with(ContradictionSeen{first, OutcomeKind::rejected}).empty());
  CHECK(audit_with(MessageQuarantined{0, "BAD_JSON", "no JSON"}).empty());
  const auto found = audit_with(CommandIssued{{0, Direction::action, 2}, 1});
  REQUIRE_FALSE(found.empty());
  CHECK(found.front().find("after the end 'completed'") != std::string::npos);
}

TEST_CASE("a key that went to another saga after the end is no finding") {
  World world;
  const auto file = world.write("nap.json", R"({"saga": "nap", "version": 1,
      "key_reuse": "after_end", "steps": [{"name": "a", "sleep": "1ms"}]})");
  {
    Engine engine(world.store());
    for (int i = 0; i < 2; ++i) {
      const Result started = world.skald({"start", file, "--key", "k", "--input", "{}"});
      REQUIRE(started.code == 0);
      REQUIRE(world.skald({"wait", started.lines().at(0)}).code == 0);
    }
  }
  const Result audit = world.skald({"audit"});
  CHECK(audit.code == 0);
  CHECK(audit.says("2 sagas checked, all well"));
}

#include <doctest/doctest.h>
#include <sqlite3.h>

#include "audit_checks.hpp"
#include "skald/sqlite_reader.hpp"
#include "world.hpp"

using namespace skald;
using namespace skald::cli_test;

namespace {

void execute(const std::string& store, const char* sql) {
  sqlite3* file = nullptr;
  REQUIRE(sqlite3_open(store.c_str(), &file) == SQLITE_OK);
  char* error = nullptr;
  const int code = sqlite3_exec(file, sql, nullptr, nullptr, &error);
  CHECK_MESSAGE(code == SQLITE_OK, (error != nullptr ? error : ""));
  sqlite3_free(error);
  sqlite3_close(file);
}

struct Record {
  std::vector<JournalRow> rows;
  std::optional<SagaSummary> summary;
  DefinitionPtr definition;
};

Record read(World& world, const std::string& id) {
  SqliteReader reader(world.store());
  const SagaId saga = SagaId::parse(id).value();
  Record record{reader.journal(saga), reader.summary(saga), nullptr};
  record.definition = reader.definition(record.summary->definition);
  return record;
}

std::vector<std::string> audit(const Record& record) {
  return cli::audit_saga(record.rows, record.summary, record.definition);
}

void found(const Record& record, const std::string& sentence) {
  std::string all;
  for (const auto& finding : audit(record)) all += finding + "\n";
  CHECK_MESSAGE(all.find(sentence) != std::string::npos, all);
}

}  // namespace

TEST_CASE("a store of healthy sagas passes the audit") {
  World world;
  (void)world.completed("k");
  (void)world.compensated();
  (void)world.stuck();
  const auto id = world.retrying();
  CHECK(world.skald({"cancel", id}).code == 0);
  CHECK(world.skald({"skip", world.stuck(), "--step", "charge"}).code == 0);
  const Result result = world.skald({"audit"});
  CHECK_MESSAGE(result.code == 0, result.out);
  CHECK(result.says("5 sagas checked, all well"));
  CHECK(world.skald({"audit", id, "-o", "json"}).out == "[]\n");
}

TEST_CASE("the audit finds a row that does not follow from its journal") {
  World world;
  const auto id = world.completed();
  Record record = read(world, id);
  CHECK(audit(record).empty());
  record.summary->status = Status::compensated;
  found(record, "its row differs from the journal");
  record.summary->version = 99;
  found(record, "its row states version 99");
  record.summary.reset();
  found(record, "it has a journal but no row");
}

TEST_CASE("the audit finds gaps, forgeries and commands that should not be there") {
  World world;
  const auto id = world.compensated();
  const Record record = read(world, id);

  Record gap = record;
  gap.rows.erase(gap.rows.begin() + 1);
  found(gap, "journal version 3 follows version 1");

  Record headless = record;
  headless.rows.erase(headless.rows.begin());
  found(headless, "does not begin with saga.started");

  Record after_end = record;
  JournalRow row = record.rows.back();
  ++row.version;
  ++row.position;
  row.events = {CommandIssued{{3, Direction::action, 1}, 1}};
  after_end.rows.push_back(row);
  found(after_end, "issues the action of step 3 after the saga turned back");
  found(after_end, "records command.issued after the end 'compensated'");

  Record other = record;
  other.definition = std::make_shared<const Definition>(parse_definition(
      R"({"saga": "other", "version": 1, "steps": [{"name": "a", "participant": "p",
          "action": "b", "compensation": "none"}]})"));
  found(other, "its definition has another digest");
}

namespace {

// A trip of two legs, child sagas; the second leg is refused, so that the first, which had
// completed, is turned back by its parent.
std::vector<std::string> turned_back_trip(World& world) {
  Engine engine(world.store());
  Orchestrator& orchestrator = engine.orchestrator();
  orchestrator.define(parse_definition(R"({"saga": "leg", "version": 1, "steps": [
      {"name": "reserve", "participant": "inventory", "action": "reserve",
       "compensation": "release"},
      {"name": "charge", "participant": "payment", "action": "charge",
       "compensation": "refund"}]})"));
  orchestrator.define(parse_definition(R"({"saga": "trip", "version": 1, "steps": [
      {"name": "legs", "for_each": {"in": "/input/legs",
                                    "step": {"saga": {"type": "leg"}}}}]})"));
  const Json refused{{"outcomes", {{"reserve", "rejected"}}}};
  const SagaId id = orchestrator.start("trip", Json{{"legs", {Json::object(), refused}}}, {}).id;
  const auto result = orchestrator.wait(id, Duration(60'000));
  REQUIRE(result);
  CHECK(result->status == Status::compensated);
  std::vector<std::string> ids{id.to_string()};
  for (const StepState& step : orchestrator.saga(id).steps) {
    if (step.child) ids.push_back(step.child->to_string());
  }
  return ids;
}

}  // namespace

TEST_CASE("a completed child that its parent turned back passes the audit") {
  World world;
  const auto ids = turned_back_trip(world);
  REQUIRE(ids.size() == 3);
  const Json history = world.skald({"history", ids[1], "-o", "json"}).json();
  CHECK(history.dump().find("saga.completed") < history.dump().find("saga.compensating"));
  const Result result = world.skald({"audit"});
  CHECK_MESSAGE(result.code == 0, result.out);
  CHECK(result.says("3 sagas checked, all well"));
}

TEST_CASE("only its parent may turn a completed saga back, and only once") {
  World world;
  const auto ids = turned_back_trip(world);
  const Record child = read(world, ids[1]);
  Record orphan = child;
  std::get<SagaStarted>(orphan.rows.front().events.front()).parent.reset();
  found(orphan, "records saga.compensating after the end 'completed'");
  Record twice = child;
  twice.rows.insert(twice.rows.end(), child.rows.end() - 2, child.rows.end());
  found(twice, "after the end 'compensated'");
  Record cancelled = child;
  for (JournalRow& row : cancelled.rows) {
    for (Event& event : row.events) {
      if (auto* turned = std::get_if<SagaTurnedBack>(&event))
        turned->cause.error.code = "CANCELLED";
    }
  }
  found(cancelled, "records saga.compensating after the end 'completed'");
}

TEST_CASE("the audit takes ids, standard input or a filter, like the verbs that change") {
  World world;
  const auto done = world.completed("k");
  const auto stuck = world.stuck();
  CHECK(world.skald({"audit", "--status", "stuck"}).says("1 saga checked, all well"));
  CHECK(world.skald({"audit", "--key", "k", "--key", "other"}).says("1 saga checked, all well"));
  CHECK(world.skald({"audit", "--step", "charge"}).says("1 saga checked"));
  CHECK(world.skald({"audit", "-"}, done + "\n" + stuck).says("2 sagas checked"));
  CHECK(world.skald({"audit", "--limit", "1"}).says("1 saga checked"));
  CHECK(world.skald({"audit"}).says("2 sagas checked"));
  CHECK(world.skald({"audit", "--status", "abandoned"}).says("0 sagas checked"));
  CHECK(world.skald({"audit", done, "--status", "stuck"}).code == 2);
  CHECK(world.skald({"audit", "ffff"}).code == 3);
}

TEST_CASE("the audit exits with 1 and names the saga") {
  World world;
  const auto id = world.completed();
  (void)world.completed();
  execute(world.store(), "UPDATE sagas SET error_step = 'charge' WHERE n = 1");
  const Result result = world.skald({"audit"});
  CHECK(result.code == 1);
  REQUIRE(!result.lines().empty());
  for (const auto& line : result.lines()) CHECK(line.rfind(id, 0) == 0);
  CHECK(world.skald({"audit", id, "-o", "json"}).json().at(0)["id"] == id);
}

TEST_CASE("store info counts what is there and tells whether an engine works on it") {
  World world;
  (void)world.completed();
  (void)world.stuck();
  const Json info = world.skald({"store", "info", "-o", "json"}).json();
  CHECK(info["sagas"]["completed"] == 1);
  CHECK(info["sagas"]["stuck"] == 1);
  CHECK(info["definitions"] == 1);
  CHECK(info["engine"].is_null());
  CHECK(info["bytes"] > 0);
  CHECK(world.skald({"store", "info"}).says("none runs"));
  const Engine engine(world.store());
  CHECK(world.skald({"store", "info", "-o", "json"}).json()["engine"]["pid"] == getpid());
}

TEST_CASE("store check and backup") {
  World world;
  const auto id = world.completed();
  CHECK(world.skald({"store", "check"}).code == 0);
  CHECK(world.skald({"store", "check", "-o", "json"}).json()["ok"] == true);
  const auto copy = world.path("copy.db");
  CHECK(world.skald({"store", "backup", copy}).code == 0);
  CHECK(world.bare({"--store", copy, "show", id}).code == 0);
  CHECK(world.skald({"store", "backup", copy}).code == 2);
  const Engine engine(world.store());
  CHECK(world.skald({"store", "backup", world.path("by-engine.db")}).code == 0);
  CHECK(world.skald({"store", "backup", "--at-once", world.path("at-once.db")}).code == 0);
  for (const char* name : {"by-engine.db", "at-once.db"}) {
    CHECK(world.bare({"--store", world.path(name), "show", id}).code == 0);
  }
  const Result taken = world.skald({"store", "backup", copy});
  CHECK(taken.code == 2);
  CHECK(taken.warns("exists already"));
  const Result nowhere = world.skald({"store", "backup", world.path("nowhere/copy.db")});
  CHECK(nowhere.code == 2);
  CHECK(nowhere.warns("there is no folder " + world.path("nowhere")));
}

TEST_CASE("quarantined messages are listed, shown and dropped") {
  World world;
  const auto id = world.completed();
  QuarantinedMessage message;
  message.headers = R"({"skald_step": "charge"})";
  message.saga = id;
  message.detail = "\x1b{broken";
  message.body = "{broken";
  std::vector<QuarantinedMessage> messages{message, message};
  messages[0].reason = "BAD_JSON";
  messages[1].reason = "UNKNOWN_SAGA";
  world.quarantine(std::move(messages));
  const Result list = world.skald({"quarantine", "list"});
  CHECK(list.code == 0);
  CHECK(list.says("BAD_JSON"));
  const Json rows = world.skald({"quarantine", "list", "-o", "json"}).json();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0]["headers"]["skald_step"] == "charge");
  const auto number = rows[1]["number"].dump();
  const Result shown = world.skald({"quarantine", "show", number});
  CHECK(shown.says("\\x1b{broken"));
  CHECK(shown.says("***"));  // The body cannot be read, so nobody knows where secrets are in it.
  CHECK(world.skald({"quarantine", "show", "77"}).code == 3);
  CHECK(world.skald({"quarantine", "drop", number}).code == 0);
  CHECK(world.skald({"quarantine", "drop", number}).code == 3);
  CHECK(world.skald({"quarantine", "drop", "1", "2"}).code == 7);
  CHECK(world.skald({"quarantine", "list", "-o", "json"}).json().size() == 1);
}

TEST_CASE("quarantined replies are requeued, one or many, and each is named with its end") {
  World world;
  const auto id = world.retrying();
  QuarantinedMessage message;
  message.reason = "UNKNOWN_SAGA";
  message.saga = id;
  message.headers = R"({"step": "charge", "direction": "action", "attempt": 1})";
  message.body = R"({"outcome": "success", "output": {"receipt": "c-1"}})";
  std::vector<QuarantinedMessage> messages{message, message, message};
  messages[2].reason = "BAD_JSON";
  world.quarantine(std::move(messages));
  CHECK(world.skald({"quarantine", "list", "-o", "ids"}).lines() ==
        std::vector<std::string>{"1", "2", "3"});
  CHECK(world.skald({"quarantine", "list", "--reason", "BAD_JSON", "-o", "ids"}).lines() ==
        std::vector<std::string>{"3"});
  CHECK(world.skald({"quarantine", "list", "--saga", "nobody", "-o", "json"}).json().empty());
  const Result planned = world.skald({"quarantine", "requeue", "1", "7", "--dry-run"});
  CHECK(planned.code == 6);
  CHECK(planned.says("1  would be considered again by an engine (UNKNOWN_SAGA)"));
  CHECK(planned.says("7  would fail: the quarantine has no message 7"));

  const Result used = world.skald({"quarantine", "requeue", "1"});
  CHECK(used.code == 0);
  CHECK(used.says("1  used  taken as if it had just come"));
  CHECK(world.show(id)["steps"][1]["status"] == "succeeded");
  CHECK(world.show(id)["steps"][1]["output"]["receipt"] == "c-1");

  CHECK(world.skald({"quarantine", "requeue", "2", "3"}).code == 7);
  CHECK(world.skald({"quarantine", "requeue", "-"}, "2\n3\n").code == 7);
  const Result some = world.skald({"quarantine", "requeue", "-", "--yes"}, "2\n3\n");
  CHECK(some.code == 6);
  CHECK(some.says("2  unneeded  nothing changed"));
  CHECK(some.says("3  failed  WRONG_STATE: message 3 stays in quarantine (BAD_HEADERS)"));
  CHECK(world.skald({"quarantine", "requeue", "3"}).code == 4);
  CHECK(world.skald({"quarantine", "requeue", "1"}).code == 3);
  CHECK(world.skald({"quarantine", "requeue", "one"}).code == 2);
}

TEST_CASE("a dry run of the quarantine's changes fails where the change would") {
  World world;
  const std::string saga = world.completed("order-7");
  QuarantinedMessage message;
  message.reason = "BAD_JSON";
  message.saga = saga;
  world.quarantine({message});
  CHECK(world.skald({"quarantine", "drop", "1", "--dry-run"}).says("would be dropped (BAD_JSON)"));
  const Result gone = world.skald({"quarantine", "drop", "99", "--dry-run"});
  CHECK(gone.code == 3);
  CHECK(gone.says("would fail: the quarantine has no message 99"));
  CHECK(world.skald({"quarantine", "requeue", "1", "99", "--dry-run"}).code == 6);
  for (const std::string& name : {saga, std::string("key:order-7"), saga.substr(0, 20)}) {
    CHECK(world.skald({"quarantine", "list", "--saga", name}).says("BAD_JSON"));
  }
  CHECK(world.skald({"quarantine", "list", "--saga", "zz"}).warns("has no such message"));
  for (const char* number : {"abc", "-1", "0", "99999999999999999999999"}) {
    CHECK(world.skald({"quarantine", "show", number}).code == 2);
  }
}

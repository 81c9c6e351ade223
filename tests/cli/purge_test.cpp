// `skald store purge`, with an engine and without one.
#include <doctest/doctest.h>
#include <sqlite3.h>

#include <filesystem>

#include "skald/sqlite_reader.hpp"
#include "world.hpp"

using namespace skald;
using namespace skald::cli_test;

namespace {

constexpr const char* far_future = "2199-01-01T00:00:00Z";  // Everything has ended before.

std::vector<std::string> purge(std::vector<std::string> more = {}) {
  std::vector<std::string> arguments{"store", "purge", "--older-than", far_future};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

}  // namespace

TEST_CASE("a purge takes what has ended, names it, and leaves the rest") {
  World world;
  const auto ended = world.completed("key-1");
  const auto undone = world.compensated();
  const auto stuck = world.stuck();
  const auto retrying = world.retrying();
  CHECK(world.skald({"store", "purge", "--older-than", "1h", "--yes"}).says("0 sagas and 0"));
  const Json done = world.skald(purge({"--yes", "-o", "json"})).json();
  CHECK(done["sagas"] == 2);
  CHECK(done["rows"] > 10);
  CHECK(done["done"] == true);
  CHECK(done["bytes"] <= done["bytes_before"]);
  CHECK(world.skald({"show", ended}).code == 3);
  CHECK(world.skald({"show", undone}).code == 3);
  CHECK(world.show(stuck)["status"] == "stuck");
  CHECK(world.show(retrying)["status"] == "running");
  CHECK(world.skald({"store", "check"}).code == 0);
  CHECK(world.skald({"audit"}).says("2 sagas checked, all well"));
  CHECK(world.skald({"count", "-o", "json"}).json()["count"] == 2);
}

TEST_CASE("a purge asks first, and a dry run only counts") {
  World world;
  (void)world.completed();
  const Result refused = world.skald(purge());
  CHECK(refused.code == 7);
  CHECK(refused.warns("this would purge 1 saga; add --yes"));
  world.terminal = true;
  CHECK(world.skald(purge(), "n\n").code == 7);
  const Result planned = world.skald(purge({"--dry-run"}));
  CHECK(planned.code == 0);
  CHECK(planned.says("1 saga and 5 journal rows would be purged"));
  const Json counted = world.skald(purge({"--dry-run", "-o", "json"})).json();
  CHECK(counted == Json{{"sagas", 1}, {"rows", 5}});
  CHECK(world.skald({"store", "info", "-o", "json"}).json()["sagas"]["completed"] == 1);
  CHECK(world.skald(purge(), "y\n").code == 0);
  CHECK(world.skald({"store", "info", "-o", "json"}).json()["sagas"]["completed"] == 0);
}

TEST_CASE("an engine purges for others while it works, and starts a purged key anew") {
  World world;
  Engine engine(world.store());
  std::vector<std::string> ids;
  for (int i = 0; i < 20; ++i)
    ids.push_back(engine.start(Json::object(), "key-" + std::to_string(i)));
  const Result result = world.skald(purge({"--yes"}));
  CHECK(result.code == 0);
  CHECK(result.says("20 sagas and 100 journal rows purged"));
  CHECK(world.skald({"show", ids.front()}).code == 3);
  const auto again = engine.start(Json::object(), "key-0");
  CHECK(again != ids.front());
  CHECK(world.show(again)["status"] == "completed");
}

TEST_CASE("a purge that is stopped says so, and the next one goes on") {
  World world;
  {
    Engine engine(world.store());
    for (int i = 0; i < 300; ++i) (void)engine.start(Json::object());
  }
  world.pauses_until_stop = 0;
  const Result stopped = world.skald(purge({"--yes", "-o", "json"}));
  CHECK(stopped.code == 1);
  CHECK(stopped.json()["done"] == false);
  CHECK(stopped.json()["sagas"] == 250);
  CHECK(world.held_signals);
  world.pauses_until_stop = 1'000;
  CHECK(world.skald(purge({"--yes", "-o", "json"})).json()["sagas"] == 50);
}

TEST_CASE("a purge passes by a damaged saga, and stops neither the engine nor the store") {
  World world;
  const auto id = world.completed();
  sqlite3* file = nullptr;
  REQUIRE(sqlite3_open(world.store().c_str(), &file) == SQLITE_OK);
  const char* sql = "UPDATE journal SET body = x'00' WHERE version = 2";
  CHECK(sqlite3_exec(file, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(file);
  Engine engine(world.store());
  const auto healthy = engine.start(Json::object());
  CHECK(world.show(healthy)["status"] == "completed");
  CHECK(world.skald(purge({"--yes"})).code == 0);
  CHECK(world.skald({"list", "-o", "ids"}).out.find(id) != std::string::npos);
  CHECK(world.show(engine.start(Json::object()))["status"] == "completed");
  CHECK(world.skald({"count", "-o", "json"}).json()["count"] == 2);
}

TEST_CASE("what a purge cannot understand or find is refused before anything happens") {
  World world;
  CHECK(world.skald(purge({"--yes"})).code == 3);
  CHECK_FALSE(std::filesystem::exists(world.store()));
  (void)world.completed();
  CHECK(world.skald({"store", "purge"}).code == 2);
  CHECK(world.skald({"store", "purge", "--older-than", "yesterday", "--yes"}).code == 2);
}

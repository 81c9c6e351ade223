#include <doctest/doctest.h>

#include "change.hpp"
#include "skald/error.hpp"
#include "world.hpp"

using namespace skald;
using namespace skald::cli_test;

TEST_CASE("many sagas are not changed off a terminal without --yes") {
  World world;
  const auto a = world.stuck();
  const auto b = world.stuck();
  const Result refused = world.skald({"abandon", "--status", "stuck"});
  CHECK(refused.code == 7);
  CHECK(refused.warns("abandon 2 sagas"));
  CHECK(world.show(a)["status"] == "stuck");
  const Result done = world.skald({"abandon", "--status", "stuck", "--yes"});
  CHECK(done.code == 0);
  CHECK(done.says(a));
  CHECK(done.says(b));
  CHECK(world.show(b)["status"] == "abandoned");
}

TEST_CASE("on a terminal the answer counts, and silence means no") {
  World world;
  const auto id = world.stuck();
  (void)world.stuck();
  world.terminal = true;
  for (const char* no : {"", "n\n", "yep\n"}) {
    const Result result = world.skald({"abandon", "--status", "stuck"}, no);
    CHECK(result.code == 7);
    CHECK(result.warns("abandon 2 sagas? [y/N]"));
  }
  CHECK(world.show(id)["status"] == "stuck");
  CHECK(world.skald({"abandon", "--status", "stuck"}, "y\n").code == 0);
  CHECK(world.show(id)["status"] == "abandoned");
}

TEST_CASE("one named saga needs no confirmation, a filter that finds one does") {
  World world;
  const auto id = world.stuck();
  CHECK(world.skald({"abandon", "--status", "stuck"}).code == 7);
  CHECK(world.skald({"abandon", id}).code == 0);
}

TEST_CASE("each of many is named with what came of it") {
  World world;
  const auto stuck = world.stuck();
  const auto done = world.completed();
  const Result result = world.skald({"abandon", stuck, done, "ffff", "--yes", "-o", "json"});
  CHECK(result.code == 6);
  CHECK(result.warns("1 done, 2 failed"));
  const Json rows = result.json();
  REQUIRE(rows.size() == 3);
  CHECK(rows[0]["ok"] == true);
  CHECK(rows[0]["status"] == "abandoned");
  CHECK(rows[1]["ok"] == false);
  CHECK(rows[1]["error"]["code"] == "WRONG_STATE");
  CHECK(rows[2]["id"] == "ffff");
  CHECK(rows[2]["error"]["code"] == "NOT_FOUND");
}

TEST_CASE("ids come from standard input, as from list -o ids") {
  World world;
  (void)world.stuck();
  (void)world.stuck();
  const auto ids = world.skald({"list", "--status", "stuck", "-o", "ids"}).out;
  CHECK(world.skald({"abandon", "-"}, ids).code == 7);
  const Result result = world.skald({"abandon", "-", "--yes", "-o", "ids"}, ids);
  CHECK(result.code == 0);
  CHECK(result.out == ids);
}

TEST_CASE("a filter that finds nothing changes nothing, and that is no failure") {
  World world;
  (void)world.completed();
  const Result result = world.skald({"resume", "--status", "stuck", "-o", "json"});
  CHECK(result.code == 0);
  CHECK(result.out == "[]\n");
}

TEST_CASE("neither ids nor a filter, or both, is a usage error") {
  World world;
  const auto id = world.stuck();
  CHECK(world.skald({"abandon"}).code == 2);
  CHECK(world.skald({"abandon", "--yes"}).code == 2);
  CHECK(world.skald({"retry", "--step", "charge", "--yes"}).code == 2);
  CHECK(world.skald({"abandon", id, "--status", "stuck", "--yes"}).code == 2);
  CHECK(world.show(id)["status"] == "stuck");
}

TEST_CASE("a dry run shows the commands that would be sent, and sends and stores nothing") {
  World world;
  const auto id = world.stuck();
  const Json before = world.show(id)["history_version"];
  const Result text = world.skald({"resume", "--status", "stuck", "--dry-run"});
  CHECK(text.code == 0);
  CHECK(text.says("would send compensate refund to payment"));
  const Json rows = world.skald({"resume", id, "--dry-run", "-o", "json"}).json();
  REQUIRE(rows.size() == 1);
  CHECK(rows[0]["ok"] == true);
  CHECK(rows[0]["status"] == "compensating");
  REQUIRE(rows[0]["commands"].size() == 1);
  CHECK(rows[0]["commands"][0]["action"] == "refund");
  CHECK(rows[0]["commands"][0]["attempt"] == 2);
  CHECK(world.show(id)["history_version"] == before);
}

TEST_CASE("a dry run fails where the change would") {
  World world;
  const auto done = world.completed();
  const Result one = world.skald({"resume", done, "--dry-run"});
  CHECK(one.code == 4);
  CHECK(one.says("would fail"));
  (void)world.stuck();
  CHECK(world.skald({"resume", "--type", "order", "--dry-run"}).code == 6);
}

TEST_CASE("a dry run of a replay shows the new saga's first command") {
  World world;
  const auto id = world.compensated();
  const Json rows = world.skald({"replay", id, "--dry-run", "-o", "json"}).json();
  REQUIRE(rows[0]["commands"].size() == 1);
  CHECK(rows[0]["commands"][0]["action"] == "reserve");
  CHECK(world.skald({"count"}).out == "1\n");
  CHECK(world.skald({"replay", id, "--from-step", "ship", "--dry-run"}).code == 4);
}

TEST_CASE("with a filter, the step of the change chooses the sagas that are at it") {
  World world;
  const auto stuck = world.stuck();
  const auto retrying = world.retrying();
  CHECK(world
            .skald({"skip", "--status", "stuck,running", "--step", "charge", "--as", "compensated",
                    "--yes"})
            .code == 6);
  CHECK(world.show(stuck)["forced"] == true);
  CHECK(world.show(retrying)["forced"] == false);
  CHECK(world.skald({"retry", "--status", "running", "--step", "reserve", "--yes"}).out.empty());
}

TEST_CASE("a rate paces the changes, and one that makes no sense is refused") {
  CHECK(cli::parse_rate("") == Duration(0));
  CHECK(cli::parse_rate("5/s") == Duration(200));
  CHECK(cli::parse_rate("30/m") == Duration(2'000));
  for (const char* bad : {"5", "0/s", "-1/s", "x/s", "5/h", "1001/s", "/s"}) {
    CHECK_THROWS_AS((void)cli::parse_rate(bad), Refused);
  }
  World world;
  (void)world.stuck();
  (void)world.stuck();
  (void)world.stuck();
  world.pauses_until_stop = 1;
  const Result result =
      world.skald({"abandon", "--status", "stuck", "--yes", "--rate", "10/s", "-o", "ids"});
  CHECK(result.lines().size() == 2);
}

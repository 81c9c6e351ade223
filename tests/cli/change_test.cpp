#include <doctest/doctest.h>

#include "world.hpp"

using namespace skald;
using namespace skald::cli_test;

namespace {

bool history_holds(World& world, const std::string& id, const std::string& text) {
  return world.skald({"history", id}).says(text);
}

}  // namespace

TEST_CASE("resume moves a stuck saga with the service down, and says who did it and why") {
  World world;
  const auto id = world.stuck();
  const Result result = world.skald({"resume", id, "--reason", "refund is open again"});
  CHECK_MESSAGE(result.code == 0, result.err);
  CHECK(result.says(id));
  CHECK(result.says("compensating"));
  CHECK(world.show(id)["status"] == "compensating");
  CHECK(history_holds(world, id, "by=ada"));
  CHECK(history_holds(world, id, R"(reason="refund is open again")"));
}

TEST_CASE("resume can mend the input of the step that holds the saga") {
  World world;
  const auto id = world.stuck();
  const Result result = world.skald(
      {"resume", id, "--step", "charge", "--input-patch", R"({"outcomes": {"refund": null}})"});
  CHECK_MESSAGE(result.code == 0, result.err);
  const Engine engine(world.store());
  CHECK(world.skald({"wait", id, "--timeout", "10s"}).code == 10);
  CHECK(world.show(id)["status"] == "compensated");
}

TEST_CASE("a patch without a step is refused") {
  World world;
  const auto id = world.stuck();
  const Result result = world.skald({"resume", id, "--input-patch", "{}"});
  CHECK(result.code == 2);
  CHECK(result.warns("--step"));
}

TEST_CASE("retry makes the waiting attempt now") {
  World world;
  const auto id = world.retrying();
  CHECK(world.show(id)["steps"][1]["status"] == "retry_wait");
  CHECK(world.skald({"retry", id, "--step", "charge"}).code == 0);
  CHECK(history_holds(world, id, "retry_hastened"));
}

TEST_CASE("skip records what the operator says and marks the saga as forced") {
  World world;
  const auto id = world.stuck();
  const Result result = world.skald({"skip", id, "--step", "charge", "--as", "compensated"});
  CHECK_MESSAGE(result.code == 0, result.err);
  CHECK(world.show(id)["forced"] == true);
  CHECK(world.show(id)["steps"][1]["compensation"]["status"] == "compensated");
}

TEST_CASE("skip gives a step the output that the operator knows") {
  World world;
  const auto id = world.retrying();
  CHECK(world
            .skald({"skip", id, "--step", "charge", "--as", "succeeded", "--output",
                    R"({"id": "ch-7"})"})
            .code == 0);
  CHECK(world.show(id)["steps"][1]["output"] == Json{{"id", "ch-7"}});
}

TEST_CASE("cancel, also called compensate, turns a saga back") {
  for (const char* verb : {"cancel", "compensate"}) {
    World world;
    const auto id = world.retrying();
    const Result result = world.skald({verb, id});
    CHECK_MESSAGE(result.code == 0, result.err);
    CHECK(world.show(id)["status"] == "compensating");
  }
}

TEST_CASE("pause is a flag that resume lifts") {
  World world;
  const auto id = world.retrying();
  CHECK(world.skald({"pause", id}).code == 0);
  CHECK(world.show(id)["paused"] == true);
  CHECK(world.skald({"list"}).says("running paused"));
  CHECK(world.skald({"resume", id}).code == 0);
  CHECK(world.show(id)["paused"] == false);
}

TEST_CASE("abandon closes a saga for good") {
  World world;
  const auto id = world.stuck();
  CHECK(world.skald({"abandon", id}).code == 0);
  CHECK(world.show(id)["status"] == "abandoned");
  CHECK(world.skald({"resume", id}).code == 4);
}

TEST_CASE("replay starts a new saga that takes the key over") {
  World world;
  const auto old = world.order({{"ship", "rejected"}}, "order-42");
  const Result result = world.skald(
      {"replay", old, "--input-patch", R"({"outcomes": {"ship": null}})", "-o", "json"});
  CHECK_MESSAGE(result.code == 0, result.err);
  const Json row = result.json().at(0);
  CHECK(row["id"] == old);
  const std::string made = row["new_id"];
  CHECK(made != old);
  CHECK(world.show(made)["replay_of"] == old);
  CHECK(world.show(made)["key"] == "order-42");
  CHECK(world.show(old)["replayed_by"] == made);
  const Engine engine(world.store());
  CHECK(world.skald({"wait", made, "--timeout", "10s"}).code == 0);
}

TEST_CASE("replay of what did not fail needs --force") {
  World world;
  const auto id = world.completed();
  const Result refused = world.skald({"replay", id});
  CHECK(refused.code == 4);
  CHECK(refused.warns("--force"));
  CHECK(world.skald({"replay", id, "--force"}).says("replayed as"));
}

TEST_CASE("the wrong state is told in one sentence and changes nothing") {
  World world;
  const auto id = world.completed();
  const Json before = world.show(id);
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"resume", id},
                                                    {"retry", id},
                                                    {"cancel", id},
                                                    {"pause", id},
                                                    {"abandon", id},
                                                    {"skip", id, "--step", "ship"}}) {
    const Result result = world.skald(arguments);
    CHECK(result.code == 4);
    CHECK(result.out.empty());
    CHECK(result.err.rfind("skald: ", 0) == 0);
    CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
  }
  Json after = world.show(id);
  after["why"] = before["why"];
  CHECK(after == before);
}

TEST_CASE("an unknown step is not found") {
  World world;
  const auto id = world.stuck();
  CHECK(world.skald({"skip", id, "--step", "fly"}).code == 3);
  CHECK(world.skald({"retry", id, "--step", "fly"}).code == 3);
  CHECK(world.skald({"replay", id, "--force", "--from-step", "fly"}).code == 3);
  CHECK(world.skald({"skip", id, "--step", "fly", "--dry-run"}).code == 3);
}

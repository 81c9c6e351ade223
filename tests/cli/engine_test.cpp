#include <doctest/doctest.h>

#include "skald/sqlite_store.hpp"
#include "world.hpp"

using namespace skald;
using namespace skald::cli_test;

TEST_CASE("changes go through the engine that runs, and it acts on them at once") {
  World world;
  const auto id = world.stuck();
  Engine engine(world.store());
  CHECK(world
            .skald({"resume", id, "--step", "charge", "--input-patch",
                    R"({"outcomes": {"refund": "success"}})"})
            .code == 0);
  CHECK(world.skald({"wait", id, "--timeout", "10s"}).code == 10);
  const Result again = world.skald({"resume", id});
  CHECK(again.code == 4);
}

TEST_CASE("start --wait answers how the saga ended") {
  World world;
  Engine engine(world.store());
  const auto start = [&](const std::string& outcomes) {
    return world.skald({"start", "order", "--wait", "--timeout", "10s", "--input",
                        R"({"outcomes": )" + outcomes + "}"});
  };
  const Result done = start("{}");
  CHECK_MESSAGE(done.code == 0, done.err);
  CHECK(done.lines().size() == 1);
  CHECK(start(R"({"ship": "rejected"})").code == 10);
  CHECK(start(R"({"ship": "rejected", "refund": "rejected"})").code == 11);
}

TEST_CASE("a wait that takes too long exits with 124") {
  World world;
  Engine engine(world.store());
  const auto id = engine.start({{"outcomes", {{"charge", "failed"}}}});
  const Result result = world.skald({"wait", id, "--timeout", "20ms"});
  CHECK(result.code == 124);
  CHECK(result.out == "running\n");
  CHECK(world.skald({"wait", id, "--timeout", "soon"}).code == 2);
}

TEST_CASE("why does not ask for an engine while one runs") {
  World world;
  (void)world.completed();
  const Result started = world.skald({"start", "order", "--input", "{}"});
  REQUIRE(started.code == 0);
  const std::string id = started.lines().at(0);
  CHECK(world.skald({"why", id}).says("is `skald run` or the service running on this store?"));
  // It answers, and has issued nothing yet.
  SqliteStore store(world.store());
  store.serve_control(
      [](std::string_view) { return std::string(R"({"ok":true,"participants":[]})"); });
  const Result why = world.skald({"why", id});
  CHECK(why.says("the engine that runs on this store issues nothing new for up to 10s"));
  CHECK_FALSE(why.says("is `skald run`"));
  store.stop_control();
}

TEST_CASE("watch draws until the end") {
  World world;
  const auto id = world.compensated();
  const Result one = world.skald({"watch", id});
  CHECK(one.code == 10);
  CHECK(one.says("compensated"));
  const Result all = world.skald({"watch"});
  CHECK(all.code == 0);
  CHECK(all.says("0 under way"));
  const auto stuck = world.stuck();
  world.pauses_until_stop = 3;
  CHECK(world.skald({"watch"}).says(stuck));
  CHECK(world.skald({"watch", "--interval", "1ms"}).code == 2);
}

TEST_CASE("run says what it lacks") {
  World world;
  const Result result = world.skald({"run"});
  CHECK(result.code == 2);
  CHECK(result.warns("$SKALD_AMQP_URL"));
  CHECK_FALSE(std::filesystem::exists(world.store()));
  const auto config = world.write("broker.json", R"({"amqp": {"urll": "amqp://x"}})");
  CHECK(world.skald({"run", "--config", config}).warns("amqp.urll: unknown"));
  const auto open = world.write("open.json", R"({"amqp": {"url": "amqp://u:geheim@h/"}})");
  std::filesystem::permissions(open, std::filesystem::perms(0644));
  const Result shared = world.skald({"run", "--config", open});
  CHECK(shared.code == 2);
  CHECK(shared.warns("chmod 600"));
  CHECK_FALSE(shared.warns("geheim"));
  world.environment["SKALD_AMQP_URL"] = "http://u:geheim@h/";
  const Result scheme = world.skald({"run"});
  CHECK(scheme.code != 0);
  CHECK_FALSE(scheme.warns("geheim"));
}

TEST_CASE("a relative url_file lies beside the configuration that names it") {
  World world;
  std::filesystem::create_directory(world.path("etc"));
  const auto config = world.write("etc/broker.json", R"({"amqp": {"url_file": "broker.url"}})");
  CHECK(world.skald({"run", "--config", config}).warns(world.path("etc/broker.url")));
  (void)world.write("etc/broker.url", "amqp://guest:guest@127.0.0.1:1/beside\n");
  std::filesystem::permissions(world.path("etc/broker.url"), std::filesystem::perms(0440));
  world.pauses_until_stop = 1;
  const Result result = world.skald({"run", "--config", config, "--quiet"});
  CHECK_MESSAGE(result.code == 0, result.err);
  CHECK(result.says("127.0.0.1:1/beside"));
  CHECK(world.skald({"run", "--config", world.path("etc")}).warns("is a folder"));
}

TEST_CASE("run takes over the store of a service with handlers of its own only when told so") {
  World world;
  const auto id = world.stuck();
  world.environment["SKALD_AMQP_URL"] = "amqp://guest:guest@127.0.0.1:1/";
  world.pauses_until_stop = 1;
  const Result refused = world.skald({"run", "--quiet"});
  CHECK(refused.code == 4);
  CHECK(refused.warns("'in-process'"));
  CHECK(refused.warns("'amqp'"));
  CHECK(refused.warns("--take-over-channel"));
  // Neither repairs without an engine nor the service itself are in its way.
  CHECK(world.skald({"abandon", id}).code == 0);
  (void)world.completed();
  const Result taken = world.skald({"run", "--quiet", "--take-over-channel"});
  CHECK_MESSAGE(taken.code == 0, taken.err);
}

TEST_CASE("run on a store that is owned exits with 5 and the owner's pid") {
  World world;
  (void)world.completed();
  const SqliteStore owner(world.store());
  world.environment["SKALD_AMQP_URL"] = "amqp://guest:guest@127.0.0.1:1/";
  const Result result = world.skald({"run"});
  CHECK(result.code == 5);
  CHECK(result.warns(std::to_string(getpid())));
}

TEST_CASE("run says when it is ready and when it has stopped, also while the broker is away") {
  World world;
  const auto file = world.write("order.json", order_definition);
  world.environment["SKALD_AMQP_URL"] = "amqp://guest:geheim@127.0.0.1:1/";
  world.pauses_until_stop = 2;
  const Result result = world.skald({"run", file, "--quiet"});
  CHECK_MESSAGE(result.code == 0, result.err);
  REQUIRE(result.lines().size() == 2);
  CHECK(result.lines()[0].rfind("ready: pid " + std::to_string(getpid()), 0) == 0);
  CHECK(result.lines()[0].find("orders.db") != std::string::npos);
  CHECK(result.lines()[1].rfind("stopped: pid ", 0) == 0);
  CHECK_FALSE(result.says("geheim"));
  CHECK(world.skald({"definition", "list"}).says("order"));
}

TEST_CASE("completion scripts name the verbs") {
  World world;
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const Result result = world.bare({"completion", shell});
    CHECK(result.code == 0);
    CHECK(result.says("timeline"));
  }
  CHECK(world.bare({"completion", "cmd"}).code == 2);
}

TEST_CASE("an address that is none is a usage error that names where it stands") {
  World world;
  const auto config = world.write("conf.json", R"({"amqp": {"url_file": "none.url"}})");
  const Result missing = world.skald({"run", "--config", config});
  CHECK(missing.code == 2);
  CHECK(missing.warns("conf.json: amqp.url_file"));
  world.environment["SKALD_AMQP_URL"] = "http://x";
  const Result other = world.skald({"run"});
  CHECK(other.code == 2);
  CHECK(other.warns("SKALD_AMQP_URL: "));
}

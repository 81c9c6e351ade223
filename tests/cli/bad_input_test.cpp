#include <doctest/doctest.h>
#include <sqlite3.h>

#include <algorithm>

#include "world.hpp"

using namespace skald;
using namespace skald::cli_test;

namespace {

// One clear sentence on stderr, nothing on stdout, and this exit code.
void refused(const Result& result, int code, const std::string& sentence) {
  CHECK_MESSAGE(result.code == code, result.err);
  CHECK(result.out.empty());
  CHECK(result.err.rfind("skald: ", 0) == 0);
  CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
  CHECK_MESSAGE(result.warns(sentence), result.err);
}

}  // namespace

TEST_CASE("usage errors exit with 2") {
  World world;
  (void)world.completed();
  refused(world.bare({}), 2, "which verb?");
  refused(world.bare({"definition"}), 2, "skald --help");
  refused(world.bare({"fly"}), 2, "fly");
  refused(world.bare({"list"}), 2, "name a store with --store FILE or $SKALD_STORE");
  refused(world.skald({"list", "--nonsense"}), 2, "--nonsense");
  refused(world.skald({"list", "-o", "xml"}), 2, "xml");
  refused(world.skald({"show"}), 2, "id");
  refused(world.skald({"skip", "0"}), 2, "--step");
  refused(world.skald({"skip", "0", "--step", "charge", "--as", "eaten"}), 2, "eaten");
  refused(world.skald({"list", "--limit", "-3"}), 2, "limit");
  refused(world.skald({"list", "--attempts-ge", "-1"}), 2, "attempts-ge");
}

TEST_CASE("help goes to stdout and is no error") {
  World world;
  const Result top = world.bare({"--help"});
  CHECK(top.code == 0);
  CHECK(top.err.empty());
  for (const char* verb :
       {"run",    "start",      "list",       "count", "show",  "why",       "history", "timeline",
        "watch",  "wait",       "resume",     "retry", "skip",  "cancel",    "pause",   "abandon",
        "replay", "definition", "quarantine", "store", "audit", "completion"}) {
    CHECK(top.says(std::string("\n  ") + verb));
    const Result help = world.bare({verb, "--help"});
    CHECK(help.code == 0);
    CHECK(help.says("Example:"));
  }
  CHECK(world.bare({"--version"}).says("skald 0."));
}

TEST_CASE("an unknown id is not found, a word that begins no id is a usage error") {
  World world;
  (void)world.completed();
  for (const char* verb : {"show", "why", "history", "timeline", "watch", "wait", "resume"}) {
    refused(world.skald({verb, "ffffffff"}), 3, "no saga has the id ffffffff");
    refused(world.skald({verb, "order-42"}), 2, "is not a saga id");
  }
  refused(world.skald({"list", "--after", "ffff"}), 3, "no saga");
}

TEST_CASE("an ambiguous beginning names the sagas that it fits") {
  World world;
  const auto a = world.completed();
  const auto b = world.completed();
  const Result result = world.skald({"show", a.substr(0, 6)});
  refused(result, 2, a);
  CHECK(result.warns(b));
  CHECK(world.skald({"show", a}).code == 0);
  std::string upper = a;
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  CHECK(world.skald({"show", upper}).code == 0);
}

TEST_CASE("a store that is missing is not found, and is not made by reading") {
  World world;
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"list"},
                                                    {"count"},
                                                    {"show", "0"},
                                                    {"resume", "0"},
                                                    {"audit"},
                                                    {"store", "info"},
                                                    {"store", "check"},
                                                    {"definition", "list"},
                                                    {"quarantine", "list"},
                                                    {"quarantine", "drop", "1"},
                                                    {"start", "order", "--input", "{}"}}) {
    refused(world.skald(arguments), 3, "there is no store at " + world.store());
  }
  CHECK_FALSE(std::filesystem::exists(world.store()));
}

TEST_CASE("what is no store is refused") {
  World world;
  const auto file = world.write("orders.db", std::string(8'192, 'x'));
  refused(world.skald({"list"}), 1, file);
  refused(world.skald({"start", world.write("o.json", order_definition), "--input", "{}"}), 1,
          file);
}

TEST_CASE("a store of a newer version is refused") {
  World world;
  (void)world.completed();
  sqlite3* file = nullptr;
  REQUIRE(sqlite3_open(world.store().c_str(), &file) == SQLITE_OK);
  REQUIRE(sqlite3_exec(file, "PRAGMA user_version = 9999", nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(file);
  refused(world.skald({"list"}), 1, "newer");
  refused(world.skald({"start", "order", "--input", "{}"}), 1, "newer");
}

TEST_CASE("a store whose owner does not answer exits with 5 and its pid, and can be read") {
  World world;
  const auto id = world.stuck();
  const SqliteStore owner(world.store());
  const Result result = world.skald({"resume", id});
  refused(result, 5, std::to_string(getpid()));
  CHECK(world.show(id)["status"] == "stuck");
  refused(world.skald({"start", "order", "--input", "{}"}), 5, std::to_string(getpid()));
}

TEST_CASE("broken JSON is a usage error that names the option and changes nothing") {
  World world;
  const auto id = world.stuck();
  refused(world.skald({"start", "order", "--input", "{oops"}), 2, "--input");
  refused(world.skald({"start", "order", "--input", ""}), 2, "--input");
  refused(world.skald({"start", "order", "--input", "@/nowhere.json"}), 2, "/nowhere.json");
  refused(world.skald({"start", "order", "--input", R"({"a":1,"a":2})"}), 2, "--input");
  refused(world.skald({"start", "order", "--input", std::string(100, '[')}), 2, "--input");
  refused(world.skald({"resume", id, "--step", "charge", "--input-patch", "}"}), 2,
          "--input-patch");
  refused(world.skald({"skip", id, "--step", "charge", "--output", "nope"}), 2, "--output");
  refused(world.skald({"replay", id, "--input-patch", "nope"}), 2, "--input-patch");
  CHECK(world.skald({"count"}).out == "1\n");
}

TEST_CASE("a definition with an unknown field names the place") {
  World world;
  const auto file = world.write("bad.json", R"({"saga": "x", "version": 1, "stepz": []})");
  refused(world.skald({"start", file, "--input", "{}"}), 2, "stepz");
  refused(world.skald({"start", "/nowhere.json", "--input", "{}"}), 2, "/nowhere.json");
  CHECK_FALSE(std::filesystem::exists(world.store()));
}

TEST_CASE("an unknown type or version is not found") {
  World world;
  (void)world.completed();
  refused(world.skald({"start", "ordr", "--input", "{}"}), 3, "ordr");
  refused(world.skald({"start", "order", "--definition", "7", "--input", "{}"}), 3, "7");
  refused(world.skald({"definition", "show", "ordr"}), 3, "ordr");
}

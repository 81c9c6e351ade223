#include <doctest/doctest.h>

#include <chrono>
#include <regex>

#include "span_options.hpp"
#include "world.hpp"

using namespace skald;
using namespace skald::cli_test;

namespace {

// Every verb, as one writes it.
const std::vector<std::vector<std::string>> verbs{{"run"},
                                                  {"start"},
                                                  {"list"},
                                                  {"count"},
                                                  {"show"},
                                                  {"why"},
                                                  {"history"},
                                                  {"timeline"},
                                                  {"watch"},
                                                  {"wait"},
                                                  {"resume"},
                                                  {"retry"},
                                                  {"skip"},
                                                  {"cancel"},
                                                  {"pause"},
                                                  {"signal"},
                                                  {"abandon"},
                                                  {"replay"},
                                                  {"audit"},
                                                  {"participants"},
                                                  {"quarantine", "list"},
                                                  {"quarantine", "show"},
                                                  {"quarantine", "requeue"},
                                                  {"quarantine", "drop"},
                                                  {"definition", "lint"},
                                                  {"definition", "list"},
                                                  {"definition", "show"},
                                                  {"definition", "drop"},
                                                  {"store", "info"},
                                                  {"store", "check"},
                                                  {"store", "backup"},
                                                  {"store", "purge"},
                                                  {"completion"}};

// The options of a verb that take a value, read from its help.
std::vector<std::string> options_with_value(World& world, std::vector<std::string> verb) {
  verb.push_back("--help");
  const Result help = world.bare(verb);
  CHECK(help.code == 0);
  const std::regex option(R"((?:^|[ ,])(--[a-z-]+) [A-Z|]+)");
  std::vector<std::string> options;
  for (const std::string& line : help.lines()) {
    std::smatch found;
    if (std::regex_search(line, found, option)) options.push_back(found[1]);
  }
  return options;
}

}  // namespace

TEST_CASE("an empty value is a usage error that names the option, for every option of every verb") {
  World world;
  (void)world.completed();
  std::size_t tried = 0;
  for (const auto& verb : verbs) {
    for (const std::string& option : options_with_value(world, verb)) {
      for (const std::vector<std::string>& given :
           {std::vector<std::string>{option, ""}, {option + "="}}) {
        if (option == "--reason" && given.size() == 2) continue;  // Free text.
        std::vector<std::string> line = verb;
        line.insert(line.end(), given.begin(), given.end());
        const Result result = world.skald(line);
        CHECK_MESSAGE(result.code == 2, verb.back(), " ", option);
        CHECK_MESSAGE(result.warns(option), result.err);
        CHECK(result.out.empty());
        ++tried;
      }
    }
  }
  CHECK(tried > 100);
}

TEST_CASE("an empty id is not every saga") {
  World world;
  (void)world.completed();
  for (const char* verb : {"show", "audit", "watch", "abandon"}) {
    CHECK_MESSAGE(world.skald({verb, ""}).code == 2, verb);
  }
}

TEST_CASE("an unknown verb is a usage error that names the nearest, also beside --help") {
  World world;
  const auto refused = [&](const std::vector<std::string>& line, const std::string& sentence) {
    const Result result = world.skald(line);
    CHECK(result.code == 2);
    CHECK(result.out.empty());
    CHECK_MESSAGE(result.warns(sentence), result.err);
  };
  refused({"lsit"}, "there is no verb lsit; did you mean list?");
  refused({"lsit", "--help"}, "did you mean list?");
  refused({"--help", "lsit"}, "did you mean list?");
  refused({"compensat", "0192"}, "did you mean compensate?");
  refused({"frobnicate", "--help"}, "there is no verb frobnicate; see skald --help");
  refused({"definition", "shwo", "order"}, "definition has no verb shwo; did you mean show?");
  refused({"list", "--stauts", "stuck"}, "list has no option --stauts; did you mean --status?");
  refused({"list", "--staus=stuck", "--help"}, "did you mean --status?");
  refused({"show", "--stroe", "x"}, "did you mean --store?");
  refused({"definition", "lint", "--againts", "x"}, "did you mean --against?");
}

TEST_CASE("a value that looks like a verb or an option is a value") {
  World world;
  const auto id = world.stuck();
  CHECK(world.skald({"abandon", id, "--reason", "--stauts"}).code == 0);
  CHECK(world.show(id)["status"] == "abandoned");
  CHECK(world.skald({"list", "--type", "--other"}).code == 0);
  CHECK(world.skald({"list", "-o", "ids"}).says(id));
}

TEST_CASE("a number that is none is refused in few words") {
  World world;
  (void)world.completed();
  const auto refused = [&](const std::vector<std::string>& line, const std::string& sentence) {
    const Result result = world.skald(line);
    CHECK(result.code == 2);
    CHECK_MESSAGE(result.warns(sentence), result.err);
    CHECK(result.err.size() < 120);
  };
  refused({"list", "--limit", "x"}, "--limit: 'x' is not a whole number from 0");
  refused({"list", "--limit", "-1"}, "--limit: '-1' is not a whole number from 0");
  refused({"list", "--attempts-ge", "1.5"}, "'1.5' is not a whole number from 0");
  refused({"start", "order", "--input", "{}", "--priority", "10"}, "a whole number from 0 to 9");
  refused({"definition", "show", "order", "--version", "0"}, "a whole number from 1");
  refused({"timeline", "0", "--width", "7"}, "a whole number from 40 to 500");
}

TEST_CASE(
    "durations of several units, weeks and dates are taken wherever durations and times are") {
  using namespace std::chrono_literals;
  CHECK(cli::parse_span("1h30m") == Duration(90min));
  CHECK(cli::parse_span("1w") == Duration(24h * 7));
  CHECK(cli::parse_span("1w2d3h4m5s6ms") == Duration(9 * 24h + 3h + 4min + 5s + 6ms));
  CHECK(cli::parse_span("250ms") == Duration(250ms));
  for (const char* text : {"", "h", "1", "1x", "30m1h", "1h1h", "-1h", "1.5h", "1h ", "1h30",
                           "99999999999999999999w", "5218w1000000d", "6000w"}) {
    CHECK_MESSAGE(!cli::parse_span(text), text);
  }
  CHECK(cli::parse_point("2026-11-01") == parse_time("2026-11-01T00:00:00Z"));
  CHECK(cli::parse_point("2026-11-01T10:00:00+01:00") == parse_time("2026-11-01T09:00:00Z"));
  for (const char* text : {"", "2026-13-01", "2026-02-30", "01.11.2026", "2026-11"}) {
    CHECK_MESSAGE(!cli::parse_point(text), text);
  }
  World world;
  const auto id = world.completed();
  CHECK(world.skald({"list", "-o", "ids", "--newer-than", "1w"}).out == id + "\n");
  CHECK(world.skald({"list", "-o", "ids", "--older-than", "2020-02-29"}).out.empty());
  CHECK(world.skald({"store", "purge", "--older-than", "1w2d", "--dry-run"}).code == 0);
  CHECK(world.skald({"start", "order", "--input", "{}", "--delay", "1h30m"}).code == 0);
  const Result at = world.skald({"start", "order", "--input", "{}", "--at", "2200-01-01"});
  REQUIRE(at.code == 0);
  CHECK(world.show(at.lines().at(0))["not_before"] == "2200-01-01T00:00:00.000Z");
  CHECK(world.skald({"wait", id, "--timeout", "1m30s"}).code == 0);
  const Result refused = world.skald({"list", "--older-than", "1h30"});
  CHECK(refused.code == 2);
  CHECK(refused.warns("--older-than: '1h30' is not a duration such as 10m, 1h30m or 1w"));
}

TEST_CASE("a business key is taken wherever an id is, and named when it was meant") {
  World world;
  const auto id = world.completed("order-7");
  const auto stuck = world.stuck();
  for (const char* verb : {"show", "why", "history", "timeline", "wait"}) {
    CHECK_MESSAGE(world.skald({verb, "key:order-7"}).code == 0, verb);
    CHECK_MESSAGE(world.skald({verb, "--key", "order-7"}).code == 0, verb);
    CHECK_MESSAGE(world.skald({verb, id, "--key", "order-7"}).code == 2, verb);
    CHECK_MESSAGE(world.skald({verb}).code == 2, verb);
    CHECK_MESSAGE(world.skald({verb, "--key", "order-8"}).code == 3, verb);
  }
  CHECK(world.show("key:order-7")["id"] == id);
  CHECK(world.skald({"audit", "key:order-7"}).says("1 saga checked"));
  CHECK(world.skald({"signal", "key:order-7", "go"}).code == 4);
  const Result meant = world.skald({"show", "order-7"});
  CHECK(meant.code == 2);
  CHECK(meant.warns("it is a business key: write key:order-7 or --key"));
  const auto hex = world.completed("abc");
  const Result absent = world.skald({"show", "abc"});
  CHECK(absent.code == 3);
  CHECK(absent.warns("it is a business key: write key:abc"));
}

TEST_CASE("a key means the saga that holds it, and sagas of several types have to be named by id") {
  World world;
  std::string failed;
  {
    Engine engine(world.store());
    failed = engine.start(Json{{"outcomes", {{"ship", "rejected"}}}}, "order-7");
  }
  const Result replayed = world.skald({"replay", "key:order-7", "-o", "json"});
  REQUIRE(replayed.code == 0);
  CHECK(world.show("key:order-7")["id"] == replayed.json()[0]["new_id"]);
  const auto other = world.write("other.json", R"({"saga": "other", "version": 1, "steps": [
    {"name": "a", "participant": "p", "action": "a", "compensation": "none"}]})");
  const Result second = world.skald({"start", other, "--input", "{}", "--key", "order-7"});
  const Result ambiguous = world.skald({"show", "key:order-7"});
  CHECK(ambiguous.code == 2);
  CHECK(ambiguous.warns(second.lines().at(0) + " (other)"));
  CHECK(ambiguous.warns("several sagas have the business key 'order-7'"));
}

TEST_CASE("definition show takes a version and a format") {
  World world;
  (void)world.completed();
  const Result shown = world.skald({"definition", "show", "order", "--version", "1", "-o", "json"});
  CHECK(shown.code == 0);
  CHECK(shown.json()["saga"] == "order");
  CHECK(world.skald({"definition", "show", "order", "--version", "2"}).code == 3);
  CHECK(world.skald({"definition", "show", "order", "--definition", "1"}).out == shown.out);
  CHECK(world.skald({"--version"}).says("skald "));
}

TEST_CASE("an option that would do nothing is a usage error") {
  World world;
  const std::string id = world.stuck();
  CHECK(
      world.skald({"skip", id, "--step", "charge", "--as", "compensated", "--output", "1"}).code ==
      2);
  const auto file = world.write("nap.json", R"({"saga": "nap", "version": 1,
      "steps": [{"name": "a", "sleep": "1ms"}]})");
  CHECK(world.skald({"start", file, "--input", "1", "--timeout", "5s"}).code == 2);
}

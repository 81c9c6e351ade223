#include "filter_options.hpp"

#include <doctest/doctest.h>

#include "skald/error.hpp"
#include "world.hpp"

using namespace skald;
using namespace skald::cli_test;

TEST_CASE("lists are split at commas that are not escaped, without blanks around the parts") {
  using Parts = std::vector<std::string>;
  CHECK(cli::split_list("--type", "a, b ,c d ") == Parts{"a", "b", "c d"});
  CHECK(cli::split_list("--type", R"(a\,b,c)") == Parts{"a,b", "c"});
  CHECK(cli::split_list("--type", R"(a\\,b)") == Parts{R"(a\)", "b"});
  CHECK(cli::split_list("--type", R"(a\b)") == Parts{R"(a\b)"});
  for (const std::string name : {"a", "a,b", R"(a\)", R"(\,)", R"(a\b)"}) {
    CHECK(cli::split_list("--step", cli::escape_in_list(name)) == Parts{name});
  }
}

TEST_CASE("an empty value in a list is refused, wherever it stands") {
  for (const char* text : {"", " ", ",", "a,", ",a", "a,,b", "a, ,b"}) {
    try {
      (void)cli::split_list("--status", text);
      FAIL("taken: ", text);
    } catch (const Refused& refused) {
      CHECK(refused.code() == Refused::Code::invalid);
      CHECK(std::string(refused.what()).find("--status") == 0);
    }
  }
}

TEST_CASE("a comma is part of a key, so a change never meets the saga of another key") {
  World world;
  const auto a = world.completed("a");
  const auto both = world.completed("a,b");
  CHECK(world.skald({"list", "-o", "ids", "--key", "a,b"}).out == both + "\n");
  CHECK(world.skald({"list", "-o", "ids", "--key", "a", "--key", "a,b"}).out ==
        both + "\n" + a + "\n");
  CHECK(world.skald({"list", "-o", "ids", "--key", R"(a\,b)"}).out.empty());
}

TEST_CASE("a name that is too long to be one is refused, and not taken for one that nothing has") {
  World world;
  (void)world.completed();
  for (const char* option : {"--type", "--key", "--step", "--error-code"}) {
    const Result longest = world.skald({"list", option, std::string(255, 'x')});
    CHECK(longest.code == 0);
    const Result longer = world.skald({"list", option, std::string(256, 'x')});
    CHECK(longer.code == 2);
    CHECK(longer.warns(std::string(option) + ": a name is 256 bytes long"));
  }
}

TEST_CASE("an option that is given without a value chooses nothing and changes nothing") {
  World world;
  const auto id = world.stuck();
  for (const char* option : {"--status", "--type", "--key", "--step", "--error-code",
                             "--attempts-ge", "--older-than", "--newer-than", "--where"}) {
    const std::string name = option;
    for (const std::vector<std::string>& given :
         {std::vector<std::string>{name, ""}, {name + "="}, {name, " , "}}) {
      if (given.back() == " , " && (name == "--key" || name == "--where")) continue;
      std::vector<std::string> line{"abandon", "--type", "order", "--yes"};
      if (name == "--type") line = {"abandon", "--status", "stuck", "--yes"};
      line.insert(line.begin() + 1, given.begin(), given.end());
      const Result result = world.skald(line);
      CHECK_MESSAGE(result.code == 2, given.front());
      CHECK(result.out.empty());
      CHECK_MESSAGE(result.warns(name), result.err);
    }
  }
  CHECK(world.show(id)["status"] == "stuck");
}

TEST_CASE("every filter option chooses") {
  World world;
  const auto done = world.completed("order-7");
  const auto back = world.compensated();
  const auto stuck = world.stuck();
  const auto retrying = world.retrying();
  const auto ids = [&](std::vector<std::string> filter) {
    filter.insert(filter.begin(), {"list", "-o", "ids"});
    const Result result = world.skald(filter);
    CHECK_MESSAGE(result.code == 0, result.err);
    return result.out;
  };
  CHECK(ids({"--status", "stuck", "--status", "compensated"}) == stuck + "\n" + back + "\n");
  CHECK(ids({"--status", "stuck,compensated"}) == stuck + "\n" + back + "\n");
  CHECK(ids({"--type", "order", "--status", "completed"}) == done + "\n");
  CHECK(ids({"--type", "other"}).empty());
  CHECK(ids({"--key", "order-7", "--key", "order-8"}) == done + "\n");
  CHECK(ids({"--error-code", "NO_refund"}) == stuck + "\n");
  CHECK(ids({"--step", "charge"}) == retrying + "\n" + stuck + "\n");
  CHECK(ids({"--older-than", "1h"}).empty());
  CHECK(ids({"--newer-than", "1h", "--status", "completed"}) == done + "\n");
  CHECK(ids({"--older-than", "2020-01-01T00:00:00Z"}).empty());
  CHECK(ids({"--attempts-ge", "2"}).empty());
  CHECK(ids({"--where", R"(input./outcomes/charge = "failed")"}) == retrying + "\n");
  CHECK(ids({"--where", R"(input./outcomes/ship = "rejected")", "--where",
             R"(input./outcomes/refund = "rejected")"}) == stuck + "\n");
}

TEST_CASE("a filter that makes no sense is a usage error that says what does") {
  World world;
  (void)world.completed();
  const auto refused = [&](std::vector<std::string> filter, const std::string& sentence) {
    filter.insert(filter.begin(), "list");
    const Result result = world.skald(filter);
    CHECK(result.code == 2);
    CHECK(result.out.empty());
    CHECK_MESSAGE(result.warns(sentence), result.err);
  };
  refused({"--status", "sideways"}, "'sideways' is not one of");
  refused({"--older-than", "soon"}, "--older-than: 'soon'");
  refused({"--newer-than", "-5s"}, "--newer-than");
  refused({"--where", "what?"}, "skald: ");
  refused({"--attempts-ge", "many"}, "attempts-ge");
}

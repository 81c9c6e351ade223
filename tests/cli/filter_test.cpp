#include "filter_options.hpp"

#include <doctest/doctest.h>

#include "world.hpp"

using namespace skald;
using namespace skald::cli_test;

TEST_CASE("lists are split at commas, without blanks and empty parts") {
  CHECK(cli::split_list("a, b,,c ") == std::vector<std::string>{"a", "b", "c"});
  CHECK(cli::split_list("").empty());
  CHECK(cli::split_list(" , ").empty());
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
  CHECK(ids({"--status", "stuck,compensated"}) == stuck + "\n" + back + "\n");
  CHECK(ids({"--type", "order", "--status", "completed"}) == done + "\n");
  CHECK(ids({"--type", "other"}).empty());
  CHECK(ids({"--key", "order-7,order-8"}) == done + "\n");
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

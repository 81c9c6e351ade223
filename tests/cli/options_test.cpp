#include <doctest/doctest.h>

#include <regex>

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

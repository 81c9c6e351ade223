// Runs the spec scripts, and the transition table, and compares with what is written in them.
//
//   skald_spec [--rewrite] FILE…
//
// --rewrite puts what came out into the files, to be reviewed as a diff.
#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "spec_commands.hpp"
#include "transition_table.hpp"

namespace skald::spec {
namespace {

constexpr const char* separator = "----";

std::string read_file(const std::string& path) {
  std::ifstream in{path};
  if (!in) throw std::runtime_error("cannot read " + path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// Paragraphs of a command, `----` and its output; comments and blank lines between stay as they
// are.
std::string rewritten(const std::string& text) {
  SpecRunner runner;
  std::istringstream in{text};
  std::string out;
  std::string line;
  while (std::getline(in, line)) {
    if (line.empty() || line[0] == '#') {
      out += line + "\n";
      continue;
    }
    std::string command = line;
    while (std::getline(in, line) && line != separator) command += "\n" + line;
    while (std::getline(in, line) && !line.empty()) {
    }
    out += command + "\n" + separator + "\n" + runner.run(command) + "\n";
  }
  while (out.size() > 1 && out.ends_with("\n\n")) out.pop_back();
  return out;
}

void show_difference(const std::string& expected, const std::string& actual) {
  std::istringstream a{expected};
  std::istringstream b{actual};
  std::string expected_line;
  std::string actual_line;
  for (int number = 1;; ++number) {
    const bool more_expected = static_cast<bool>(std::getline(a, expected_line));
    const bool more_actual = static_cast<bool>(std::getline(b, actual_line));
    if (!more_expected && !more_actual) return;
    if (more_expected && more_actual && expected_line == actual_line) continue;
    fmt::print("  line {}:\n    expected: {}\n    got:      {}\n", number,
               more_expected ? expected_line : "(end)", more_actual ? actual_line : "(end)");
    return;
  }
}

bool run_file(const std::string& path, bool rewrite) {
  const std::string expected = read_file(path);
  const bool table = path.ends_with("transitions.txt");
  const std::string actual = table ? transition_table() : rewritten(expected);
  if (actual == expected) {
    fmt::print("ok      {}\n", path);
    return true;
  }
  if (rewrite) {
    std::ofstream{path} << actual;
    fmt::print("rewrote {}\n", path);
    return true;
  }
  fmt::print("FAILED  {}\n", path);
  show_difference(expected, actual);
  return false;
}

int run(const std::vector<std::string>& arguments) {
  bool rewrite = false;
  int passed = 0;
  int failed = 0;
  for (const std::string& argument : arguments) {
    if (argument == "--rewrite") {
      rewrite = true;
    } else {
      ++(run_file(argument, rewrite) ? passed : failed);
    }
  }
  fmt::print("{} passed, {} failed\n", passed, failed);
  return passed > 0 && failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace skald::spec

int main(int argc, char** argv) {
  try {
    return skald::spec::run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << "skald_spec: " << error.what() << "\n";
    return 2;
  }
}

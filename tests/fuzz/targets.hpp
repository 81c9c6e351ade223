// Everything that reads text or bytes from outside, as functions that may be fed with anything.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace skald::fuzz {

/// What became of an input.
enum class Fate { accepted, refused };

struct Target {
  const char* name;
  /// Reads the input, and checks what must hold of whatever was read. \throws Violation; any other
  /// exception is a violation, too
  Fate (*read)(std::string_view input);
  /// Inputs to begin with, beside the corpus in files.
  std::vector<std::string> seeds;
  /// It runs sagas for each input: an engine's time, not a parser's. Gets a tenth of the runs when
  /// all targets are run.
  bool slow = false;
};

/// Something that must hold of every input does not hold of this one.
struct Violation {
  std::string what;
};

[[nodiscard]] const std::vector<Target>& targets();
[[nodiscard]] const Target* find_target(std::string_view name);

}  // namespace skald::fuzz

// Changes inputs as a fuzzer does, from a seed: for compilers that bring no fuzzer along.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace skald::fuzz {

class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : random_(seed) {}

  /// One to a few changes of `input`: bytes flipped, pieces cut, doubled, moved in from `other`, or
  /// replaced by what parsers trip over (deep nesting, big numbers, half characters, zero bytes).
  [[nodiscard]] std::string mutate(std::string input, const std::string& other);
  /// A number below `limit`, which is not 0.
  [[nodiscard]] std::size_t below(std::size_t limit) { return random_() % limit; }

 private:
  void change(std::string& text, const std::string& other);
  std::mt19937_64 random_;
};

}  // namespace skald::fuzz

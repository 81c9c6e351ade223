#include "mutator.hpp"

#include <algorithm>
#include <array>

namespace skald::fuzz {
namespace {

constexpr std::size_t length_max = 64UL * 1024;

// What parsers trip over. Repeated pieces reach the limits of depth and length.
const std::vector<std::string>& traps() {
  static const std::vector<std::string> all{std::string(1, '\0'),
                                            "\xff",
                                            "\xc3",
                                            "\xed\xa0\x80",
                                            "\xf4\x90\x80\x80",
                                            "\\ud800",
                                            "\\u0000",
                                            "99999999999999999999",
                                            "-9223372036854775809",
                                            "1e999",
                                            "-0.0",
                                            "1E-400",
                                            "NaN",
                                            "Infinity",
                                            "null",
                                            "true",
                                            "\"\"",
                                            "{}",
                                            "[]",
                                            ",",
                                            ":",
                                            "\"",
                                            "{\"a\":1,\"a\":2}",
                                            "\n",
                                            "\r\n",
                                            "\t",
                                            "/",
                                            "..",
                                            "%",
                                            "\x1b[2J",
                                            "\xe2\x80\xae",
                                            "0",
                                            "1",
                                            "-1",
                                            "4294967296",
                                            std::string(70, '['),
                                            std::string(70, '{'),
                                            std::string(300, 'a'),
                                            "{\"$from\":\"/input\"}"};
  return all;
}

}  // namespace

std::string Mutator::mutate(std::string input, const std::string& other) {
  const std::size_t changes = 1 + below(4);
  for (std::size_t i = 0; i < changes; ++i) change(input, other);
  if (input.size() > length_max) input.resize(length_max);
  return input;
}

void Mutator::change(std::string& text, const std::string& other) {
  const std::size_t at = below(text.size() + 1);
  const std::size_t length = std::min(text.size() - at, below(24));
  const std::string& trap = traps()[below(traps().size())];
  switch (below(8)) {
    case 0:
      if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
      break;
    case 1: text.insert(at, trap); break;
    case 2: text.replace(at, length, trap); break;
    case 3: text.erase(at, length); break;
    case 4: text.insert(at, text.substr(at, length)); break;
    case 5: {
      const std::size_t from = below(other.size() + 1);
      text.replace(at, length, other.substr(from, below(48)));
      break;
    }
    case 6: {
      // A digit becomes another: limits lie close to what is allowed.
      const auto digit = std::find_if(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(),
                                      [](char c) { return c >= '0' && c <= '9'; });
      if (digit != text.end()) *digit = static_cast<char>('0' + below(10));
      break;
    }
    default: {
      std::string piece = text.substr(at, length);
      for (std::size_t times = below(200); times > 0; --times) text.insert(at, piece);
    }
  }
}

}  // namespace skald::fuzz

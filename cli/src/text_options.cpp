#include "text_options.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <string>

#include "skald/text.hpp"

namespace skald::cli {
namespace {

CLI::Validator text_of_at_most(std::size_t bytes_max, const std::string& expected) {
  const auto check = [bytes_max, expected](const std::string& text) {
    const auto problem = name_problem(text, bytes_max);
    return problem ? *problem + "; give " + expected : std::string();
  };
  return CLI::Validator(check, "");
}

}  // namespace

CLI::Validator valid_name() { return text_of_at_most(name_bytes_max, "1 to 255 bytes of UTF-8"); }

CLI::Validator valid_text() {
  return text_of_at_most(std::numeric_limits<std::size_t>::max(), "some text in UTF-8");
}

CLI::Validator valid_count(std::uint64_t min, std::uint64_t max) {
  const std::string expected = max < INT64_MAX
                                   ? fmt::format("a whole number from {} to {}", min, max)
                                   : fmt::format("a whole number from {}", min);
  const auto check = [min, max, expected](const std::string& text) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    const bool fits = error == std::errc{} && rest == end && number >= min && number <= max;
    return fits ? std::string() : fmt::format("'{}' is not {}", text, expected);
  };
  return CLI::Validator(check, "");
}

}  // namespace skald::cli

#include "text_options.hpp"

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

}  // namespace skald::cli

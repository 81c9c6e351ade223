#include <fmt/format.h>

#include <charconv>
#include <system_error>

#include "skald/chaos.hpp"
#include "skald/error.hpp"

namespace skald {
namespace {

[[noreturn]] void refuse(std::string_view word, const char* must) {
  throw Refused(Refused::Code::invalid, fmt::format("chaos: {}: {}", word, must));
}

double read_rate(std::string_view word, std::string_view text) {
  double rate = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rate);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  if (!whole || !(rate >= 0 && rate <= 1)) refuse(word, "must be a share from 0 to 1, as in 0.05");
  return rate;
}

std::uint64_t read_seed(std::string_view word, std::string_view text) {
  std::uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error != std::errc{} || end != text.data() + text.size()) {
    refuse(word, "must be a whole number, as in seed=7");
  }
  return seed;
}

void read_slow(ChaosOptions& options, std::string_view word, std::string_view text) {
  const auto colon = text.find(':');
  options.slow = read_rate(word, text.substr(0, colon));
  if (colon == std::string_view::npos) return;
  const auto longest = parse_duration(text.substr(colon + 1));
  if (!longest || *longest <= Duration{0}) {
    refuse(word, "must be a share and the longest delay, as in slow=0.1:3s");
  }
  options.slow_max = *longest;
}

void read_word(ChaosOptions& options, std::string_view word) {
  const auto equals = word.find('=');
  if (equals == std::string_view::npos) {
    refuse(word, "must be like fail=0.1; known are fail, lose, unknown, duplicate, slow and seed");
  }
  const std::string_view name = word.substr(0, equals);
  const std::string_view text = word.substr(equals + 1);
  if (name == "seed") {
    options.seed = read_seed(word, text);
  } else if (name == "slow") {
    read_slow(options, word, text);
  } else if (name == "fail") {
    options.fail = read_rate(word, text);
  } else if (name == "lose") {
    options.lose = read_rate(word, text);
  } else if (name == "unknown") {
    options.unknown = read_rate(word, text);
  } else if (name == "duplicate") {
    options.duplicate = read_rate(word, text);
  } else {
    refuse(word, "unknown; known are fail, lose, unknown, duplicate, slow and seed");
  }
}

}  // namespace

ChaosOptions ChaosOptions::parse(std::string_view text) {
  ChaosOptions options;
  for (;;) {
    const auto comma = text.find(',');
    read_word(options, text.substr(0, comma));
    if (comma == std::string_view::npos) return options;
    text.remove_prefix(comma + 1);
  }
}

std::string ChaosOptions::describe() const {
  std::string text;
  const auto add = [&text](const char* name, double rate) {
    if (rate > 0) text += fmt::format("{}={},", name, rate);
  };
  add("fail", fail);
  add("lose", lose);
  add("unknown", unknown);
  add("duplicate", duplicate);
  if (slow > 0) text += fmt::format("slow={}:{},", slow, format_duration(slow_max));
  return text + fmt::format("seed={}", seed);
}

std::string ChaosCounts::text() const {
  return fmt::format(
      "{} commands: {} failed, {} lost and {} repeated; replies: {} lost, {} repeated, {} made "
      "unknown, {} slowed",
      commands, failed, lost_commands, repeated_commands, lost_replies, repeated_replies, unknown,
      slowed);
}

}  // namespace skald

#include "random_accidents.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <string_view>

#include "skald/error.hpp"

namespace skald::testing {
namespace {

constexpr std::string_view prefix = "random:";

// A saga that is retried for ever must come to its end, whatever the rates.
constexpr std::uint64_t accidents_max = 500;
constexpr std::uint64_t crashes_max = 20;
// When an engine dies, what was on its way is as likely lost as not.
constexpr double lost_at_crash = 0.5;

struct Rate {
  std::string_view name;
  double Fire::*value;
};
constexpr std::array rates{
    Rate{"fail", &Fire::fail},           Rate{"lose", &Fire::lose}, Rate{"unknown", &Fire::unknown},
    Rate{"duplicate", &Fire::duplicate}, Rate{"slow", &Fire::slow}, Rate{"crash", &Fire::crash},
};

template <typename Number>
bool read(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

bool read_word(std::string_view word, Fire& fire) {
  const auto equals = word.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string_view name = word.substr(0, equals);
  const std::string_view text = word.substr(equals + 1);
  if (name == "seed") return read(text, fire.seed);
  for (const Rate& rate : rates) {
    if (rate.name == name) return read(text, fire.*rate.value);
  }
  return false;
}

bool is_crash(Accident accident) {
  return accident <= Accident::crash_before_receipt || accident == Accident::crash_in_recovery;
}

}  // namespace

std::string name_of(const Fire& fire) {
  std::string name{prefix};
  for (const Rate& rate : rates) name += fmt::format("{}={},", rate.name, fire.*rate.value);
  return name + fmt::format("seed={}", fire.seed);
}

std::optional<Fire> parse_fire(const std::string& name) {
  std::string_view rest = name;
  if (!rest.starts_with(prefix)) return std::nullopt;
  rest.remove_prefix(prefix.size());
  Fire fire;
  for (;;) {
    const auto comma = rest.find(',');
    if (!read_word(rest.substr(0, comma), fire)) return std::nullopt;
    if (comma == std::string_view::npos) return fire;
    rest.remove_prefix(comma + 1);
  }
}

void require_rates(const Fire& fire) {
  for (const Rate& rate : rates) {
    const double value = fire.*rate.value;
    if (value >= 0 && value <= 1) continue;
    throw Error(fmt::format("{} is {}: it must be a share from 0 to 1", rate.name, value));
  }
}

double RandomAccidents::rate_of(Accident accident) const {
  if (is_crash(accident)) return crashes_ < crashes_max ? fire_.crash : 0;
  switch (accident) {
    case Accident::failed: return fire_.fail;
    case Accident::unknown: return fire_.unknown;
    // One half of the attempts that are lost loses the command, the other the reply.
    case Accident::lose_command:
    case Accident::lose_reply: return fire_.lose / 2;
    case Accident::repeat_command:
    case Accident::repeat_reply: return fire_.duplicate;
    case Accident::delay_command:
    case Accident::delay_reply: return fire_.slow;
    case Accident::lose_at_crash:
    case Accident::lose_reply_at_crash:
    case Accident::redeliver_reply: return lost_at_crash;
    default: return 0;
  }
}

bool RandomAccidents::happens(Accident accident, Label occasion) {
  const double rate = happened_ < accidents_max ? rate_of(accident) : 0;
  if (rate <= 0) return false;
  constexpr double steps = 9007199254740992.0;  // 2^53
  const auto kind = static_cast<std::uint64_t>(accident);
  const double draw = static_cast<double>(mix(fire_.seed, kind, occasion, 5) >> 11U) / steps;
  if (draw >= rate) return false;
  ++happened_;
  if (is_crash(accident)) ++crashes_;
  return true;
}

}  // namespace skald::testing

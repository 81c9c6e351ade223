#include "skald/time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace skald {

namespace {

using namespace std::chrono_literals;

struct Unit {
  const char* name;
  Duration length;
};
constexpr std::array<Unit, 5> units{{{"d", 24h}, {"h", 1h}, {"m", 1min}, {"s", 1s}, {"ms", 1ms}}};

// Reads a text from left to right; once something did not fit, `ok` stays false.
class TextReader {
 public:
  explicit TextReader(std::string_view text) : rest_(text) {}

  int number(std::size_t digits) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (i >= rest_.size() || rest_[i] < '0' || rest_[i] > '9') return fail();
      value = 10 * value + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    return value;
  }

  // One of these characters, or '\0' when another or none comes next.
  char one_of(std::string_view allowed) {
    if (rest_.empty() || allowed.find(rest_.front()) == std::string_view::npos) return '\0';
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  void expect(std::string_view allowed) {
    if (one_of(allowed) == '\0') fail();
  }

  int fail() {
    ok_ = false;
    return 0;
  }
  [[nodiscard]] bool finished() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

Duration read_fraction(TextReader& reader) {
  if (reader.one_of(".") == '\0') return {};
  Duration::rep value = reader.number(1) * 100;
  for (const int weight : {10, 1}) {
    const char digit = reader.one_of("0123456789");
    if (digit == '\0') return Duration(value);
    value += weight * (digit - '0');
  }
  while (reader.one_of("0123456789") != '\0') continue;
  return Duration(value);
}

Duration read_offset(TextReader& reader) {
  if (reader.one_of("Zz") != '\0') return {};
  const char sign = reader.one_of("+-");
  if (sign == '\0') reader.fail();
  const std::chrono::hours hours(reader.number(2));
  reader.expect(":");
  const std::chrono::minutes minutes(reader.number(2));
  if (hours >= 24h || minutes >= 60min) reader.fail();
  return sign == '-' ? -(hours + minutes) : hours + minutes;
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  std::uint64_t count = 0;
  const char* const end = text.data() + text.size();
  const auto [unit_at, error] = std::from_chars(text.data(), end, count);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view name(unit_at, static_cast<std::size_t>(end - unit_at));
  for (const Unit& unit : units) {
    if (name != unit.name) continue;
    if (count > static_cast<std::uint64_t>(duration_max / unit.length)) return std::nullopt;
    return unit.length * static_cast<Duration::rep>(count);
  }
  return std::nullopt;
}

std::string format_duration(Duration duration) {
  if (duration == Duration::zero()) return "0s";
  for (const Unit& unit : units) {
    if (duration % unit.length == Duration::zero()) {
      return fmt::format("{}{}", duration / unit.length, unit.name);
    }
  }
  return fmt::format("{}ms", duration.count());
}

std::string describe_duration(Duration duration) {
  if (duration < Duration::zero()) return "-" + describe_duration(-duration);
  if (duration < 1s) return fmt::format("{}ms", duration.count());
  if (duration < 10s) {
    const auto tenths = duration / 100ms;
    return tenths % 10 == 0 ? fmt::format("{}s", tenths / 10)
                            : fmt::format("{}.{}s", tenths / 10, tenths % 10);
  }
  const auto two = [&](Duration large, const char* large_name, Duration small, const char* name) {
    const auto rest = duration % large / small;
    return rest == 0 ? fmt::format("{}{}", duration / large, large_name)
                     : fmt::format("{}{}{}{}", duration / large, large_name, rest, name);
  };
  if (duration < 1min) return fmt::format("{}s", duration / 1s);
  if (duration < 1h) return two(1min, "m", 1s, "s");
  if (duration < 24h) return two(1h, "h", 1min, "m");
  return two(24h, "d", 1h, "h");
}

std::string format_time(Time time) {
  // The day in which the earliest time lies begins before it, where no time can count.
  time = std::max(time, Time::min() + std::chrono::days{1});
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<Duration> clock(time - day);
  const int year{date.year()};
  if (year < 0 || year > 9999) {
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", year, unsigned{date.month()},
                       unsigned{date.day()}, clock.hours().count(), clock.minutes().count(),
                       clock.seconds().count(), clock.subseconds().count());
  }
  // Written by hand, at a tenth of the cost: every command names its deadline.
  std::string text = "0000-00-00T00:00:00.000Z";
  const auto write = [&text](std::size_t last, std::int64_t number) {
    for (; number > 0; number /= 10) text[last--] = static_cast<char>('0' + number % 10);
  };
  write(3, year);
  write(6, unsigned{date.month()});
  write(9, unsigned{date.day()});
  write(12, clock.hours().count());
  write(15, clock.minutes().count());
  write(18, clock.seconds().count());
  write(22, clock.subseconds().count());
  return text;
}

std::optional<Time> parse_time(std::string_view text) {
  TextReader reader(text);
  const std::chrono::year year(reader.number(4));
  reader.expect("-");
  const std::chrono::month month(static_cast<unsigned>(reader.number(2)));
  reader.expect("-");
  const std::chrono::day day(static_cast<unsigned>(reader.number(2)));
  reader.expect("Tt");
  const std::chrono::hours hours(reader.number(2));
  reader.expect(":");
  const std::chrono::minutes minutes(reader.number(2));
  reader.expect(":");
  const std::chrono::seconds seconds(reader.number(2));
  const Duration fraction = read_fraction(reader);
  const Duration offset = read_offset(reader);
  const std::chrono::year_month_day date(year, month, day);
  // A leap second (60) counts as the first moment of the next minute.
  if (!reader.finished() || !date.ok() || hours >= 24h || minutes >= 60min || seconds > 60s) {
    return std::nullopt;
  }
  const Time time = std::chrono::sys_days(date) + hours + minutes + seconds + fraction - offset;
  return std::clamp(time, time_min, time_max);
}

}  // namespace skald

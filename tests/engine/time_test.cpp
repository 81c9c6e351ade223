#include "skald/time.hpp"

#include <doctest/doctest.h>

#include "property.hpp"

using namespace skald;
using namespace std::chrono_literals;

TEST_CASE("a duration is a whole number and a unit") {
  CHECK(parse_duration("250ms") == 250ms);
  CHECK(parse_duration("5s") == 5s);
  CHECK(parse_duration("10m") == 10min);
  CHECK(parse_duration("2h") == 2h);
  CHECK(parse_duration("7d") == 168h);
  CHECK(parse_duration("0s") == 0s);
  CHECK(parse_duration("36525d") == 36525 * 24h);
}

TEST_CASE("anything else is no duration") {
  for (const char* text :
       {"", "5", "s", "-5s", "+5s", " 5s", "5s ", "5 s", "1.5s", "5S", "5sec", "1h30m", "5us", "1w",
        "36526d", "3155760000001ms", "18446744073709551615d", "99999999999999999999999s"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text).has_value());
  }
}

TEST_CASE("a duration is written in its shortest form") {
  CHECK(format_duration(0ms) == "0s");
  CHECK(format_duration(1500ms) == "1500ms");
  CHECK(format_duration(90s) == "90s");
  CHECK(format_duration(60s) == "1m");
  CHECK(format_duration(36h) == "36h");
  CHECK(format_duration(48h) == "2d");
}

TEST_CASE("every duration reads back from its written form") {
  test::check_property("format then parse", [] {
    const Duration duration(*rc::gen::inRange<Duration::rep>(0, 3155760000000));
    RC_ASSERT(parse_duration(format_duration(duration)) == duration);
  });
}

TEST_CASE("people are shown two units at most") {
  CHECK(describe_duration(0ms) == "0ms");
  CHECK(describe_duration(85ms) == "85ms");
  CHECK(describe_duration(1449ms) == "1.4s");
  CHECK(describe_duration(5s) == "5s");
  CHECK(describe_duration(59'999ms) == "59s");
  CHECK(describe_duration(192s) == "3m12s");
  CHECK(describe_duration(180s) == "3m");
  CHECK(describe_duration(90min) == "1h30m");
  CHECK(describe_duration(49h) == "2d1h");
  CHECK(describe_duration(-1500ms) == "-1.5s");
}

TEST_CASE("a time is written in UTC with milliseconds") {
  const Time time = std::chrono::sys_days(std::chrono::year(2026) / 3 / 1) + 9h + 30min + 250ms;
  CHECK(format_time(time) == "2026-03-01T09:30:00.250Z");
  CHECK(format_time(Time{}) == "1970-01-01T00:00:00.000Z");
  CHECK(format_time(Time(-1ms)) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("RFC 3339 is read with Z or an offset") {
  const Time time = parse_time("2026-03-01T09:30:00.250Z").value();
  CHECK(parse_time("2026-03-01T10:30:00.25+01:00") == time);
  CHECK(parse_time("2026-02-28t23:30:00.2509-10:00") == time);
  CHECK(parse_time("2026-03-01T09:30:00z") == time - 250ms);
  CHECK(parse_time("2016-12-31T23:59:60Z") == parse_time("2017-01-01T00:00:00Z"));
  CHECK(parse_time("2024-02-29T00:00:00Z").has_value());
}

TEST_CASE("anything else is no time") {
  for (const char* text :
       {"", "now", "2026-03-01", "2026-03-01T09:30Z", "2026-03-01T09:30:00", "2026-3-1T09:30:00Z",
        "2026-13-01T09:30:00Z", "2026-02-30T09:30:00Z", "2025-02-29T09:30:00Z",
        "2026-03-01T24:00:00Z", "2026-03-01T09:60:00Z", "2026-03-01T09:30:61Z",
        "2026-03-01T09:30:00.Z", "2026-03-01T09:30:00+25:00", "2026-03-01T09:30:00+0100",
        "2026-03-01T09:30:00Zx", "2026-03-01T09:30:00+01:0"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_time(text).has_value());
  }
}

TEST_CASE("every time of the next centuries reads back from its written form") {
  test::check_property("format then parse", [] {
    const Time time(Duration(*rc::gen::inRange<Duration::rep>(0, 253402300799999)));
    RC_ASSERT(parse_time(format_time(time)) == time);
  });
}

TEST_CASE("the system clock starts at the wall clock and never goes back") {
  const Time before = std::chrono::floor<Duration>(std::chrono::system_clock::now());
  const SystemClock clock;
  Time last = clock.now();
  CHECK(last >= before);
  CHECK(last - before < 1min);
  for (int i = 0; i < 10'000; ++i) {
    const Time now = clock.now();
    REQUIRE(now >= last);
    last = now;
  }
}

TEST_CASE("the ends of what a time can count are written without an overflow") {
  CHECK(format_time(Time::min()) == format_time(Time::min() + std::chrono::days{1}));
  CHECK_FALSE(format_time(Time::max()).empty());
}

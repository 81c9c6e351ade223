// JSON values and times.
#include <algorithm>
#include <limits>

#include "skald/edge_data.hpp"
#include "skald/text.hpp"

namespace skald::testing {
namespace {

using namespace std::chrono_literals;

// As shops and banks send it.
constexpr const char* a_real_order = R"({
  "order_id": "2026-11-26/4711", "customer": {"id": 90071992547409931, "name": "Zoë Müller-O'Neill",
  "e-mail": "zoe+test@example.org", "phones": ["+49 30 1234567", null], "address": {"street": "",
  "zip": "00501", "country": "DE"}}, "total": 129.90, "currency": "EUR", "paid": false,
  "items": [{"sku": "A/1", "qty": 1, "price": 0.1, "tags": []}, {"sku": "~B", "qty": 2,
  "price": 1e-7, "options": {}}, {"sku": "", "qty": 0, "note": "\"quoted\" \\ / \u2028"}],
  "created_at": "2026-11-26T23:59:60Z", "meta": {"": 1, "a/b": {"c~d": true}, "__proto__": null}})";

constexpr std::array<std::int64_t, 14> integer_ends{0,
                                                    -1,
                                                    127,
                                                    128,
                                                    -129,
                                                    65536,
                                                    2147483647,
                                                    -2147483648LL,
                                                    4294967296LL,
                                                    9007199254740991LL,
                                                    9007199254740992LL,
                                                    9007199254740993LL,
                                                    std::numeric_limits<std::int64_t>::max(),
                                                    std::numeric_limits<std::int64_t>::min()};

constexpr std::array<double, 7> double_ends{-0.0,
                                            1e308,
                                            std::numeric_limits<double>::max(),
                                            std::numeric_limits<double>::denorm_min(),
                                            9007199254740992.0,
                                            18446744073709551616.0,
                                            0.1};

constexpr std::array<std::size_t, 5> depths{62, 63, 64, 65, 80};

constexpr std::array<const char*, 16> times{
    "1970-01-01T00:00:00Z",      "1969-12-31T23:59:59.999Z",
    "0001-01-01T00:00:00Z",      "2262-04-11T23:47:15Z",
    "2262-04-11T23:47:16Z",      "2262-04-11T23:47:17Z",
    "2330-01-01T00:00:00Z",      "9999-12-31T23:59:59.999Z",
    "2024-02-29T12:00:00Z",      "2026-02-29T12:00:00Z",
    "2016-12-31T23:59:60Z",      "2026-11-26T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59", "10000-01-01T00:00:00Z",
    "2026-11-26T24:00:00Z",      "2026-11-26T00:00:00.123456789123Z"};
constexpr std::array<Edge, 16> time_kinds{
    Edge::time_early,       Edge::time_early,       Edge::time_early, Edge::time_nanoseconds,
    Edge::time_nanoseconds, Edge::time_nanoseconds, Edge::time_far,   Edge::time_far,
    Edge::time_leap,        Edge::time_leap,        Edge::time_leap,  Edge::time_usual,
    Edge::time_far,         Edge::time_far,         Edge::time_leap,  Edge::time_usual};

constexpr std::array<const char*, 16> durations{"0s",
                                                "1ms",
                                                "-1s",
                                                "36525d",
                                                "36526d",
                                                "876600h",
                                                "292y",
                                                "106752d",
                                                "9223372036854775807ms",
                                                "9223372036854775808ms",
                                                "99999999999999999999s",
                                                "1h30m",
                                                "1.5s",
                                                " 5s",
                                                "5S",
                                                "s"};

}  // namespace

Json EdgeData::deep(std::size_t levels) {
  Json value = 1;
  for (std::size_t i = 0; i < levels; ++i) {
    value = i % 2 == 0 ? Json::array({std::move(value)}) : Json{{"a", std::move(value)}};
  }
  return value;
}

Json EdgeData::large(std::size_t bytes) {
  bytes = std::min(bytes, bytes_max_);
  constexpr std::size_t frame = 8;  // {"y":""} and {"n":[]}
  if (chance(50)) return {{"y", text_of(bytes > frame ? bytes - frame : 0)}};
  Json numbers = Json::array();
  for (std::size_t used = frame; used + 1 < bytes; used += 2) numbers.push_back(used % 10);
  return {{"n", std::move(numbers)}};
}

Json EdgeData::value() {
  switch (below(12)) {
    case 0: note(Edge::value_scalar); return nullptr;
    case 1: note(Edge::value_scalar); return chance(50);
    case 2: note(Edge::value_integer_end); return pick(integer_ends);
    case 3:
      note(Edge::value_integer_end);
      return std::numeric_limits<std::uint64_t>::max() - below(2);
    case 4: note(Edge::value_double_end); return pick(double_ends);
    case 5: note(Edge::value_deep); return deep(pick(depths));
    case 6:
      note(Edge::value_long_text);
      return text_of(std::min<std::size_t>(65'535 + below(3), bytes_max_));
    case 7: {
      note(Edge::value_many_keys);
      Json keys = Json::object();
      for (std::uint64_t i = 1 + below(300); i > 0; --i) keys["k" + std::to_string(i)] = i;
      return keys;
    }
    case 8:
      note(Edge::value_strange_key);
      return Json{{"", 1}, {std::string(1, '\0'), 2}, {"a/b", 3}, {"c~d", 4}, {"-", 5}, {"0", 6}};
    case 9: {
      note(Edge::value_list);
      Json list = Json::array();
      for (std::size_t i = count_around(20); i > 0; --i) list.push_back(i);
      return list;
    }
    case 10: note(Edge::value_real); return Json::parse(a_real_order);
    default: return utf8_text();
  }
}

Json EdgeData::document() {
  Json document = chance(50) ? Json::parse(a_real_order) : Json::object();
  for (std::uint64_t i = below(4); i > 0; --i) document[utf8_text()] = value();
  return document;
}

Time EdgeData::time() {
  switch (below(6)) {
    case 0: note(Edge::time_type_end); return chance(50) ? Time::max() : Time::min();
    case 1: note(Edge::time_early); return Time{Duration{static_cast<std::int64_t>(below(3)) - 1}};
    case 2:
      note(Edge::time_nanoseconds);
      return *parse_time("2262-04-11T23:47:16Z") + Duration{below(3'000)} - 1s;
    case 3: note(Edge::time_far); return *parse_time("2330-01-01T00:00:00Z");
    default:
      note(Edge::time_usual);
      return *parse_time("2026-01-01T00:00:00Z") + Duration{below(100'000)};
  }
}

Duration EdgeData::duration() {
  switch (below(5)) {
    case 0: note(Edge::duration_type_end); return chance(50) ? Duration::max() : Duration::min();
    case 1: note(Edge::duration_nothing); return Duration{-static_cast<std::int64_t>(below(2))};
    case 2:
      note(Edge::duration_far);
      return std::chrono::hours{24} * (chance(50) ? 106'752 : 36'525);
    default: note(Edge::duration_usual); return Duration{1 + below(5'000)};
  }
}

std::string EdgeData::time_text() {
  const std::uint64_t choice = below(times.size() + 4);
  if (choice < times.size()) {
    note(time_kinds[choice]);
    return times[choice];
  }
  note(Edge::time_usual);
  return format_time(*parse_time("2026-01-01T00:00:00Z") + Duration{below(100'000)});
}

std::string EdgeData::duration_text() {
  if (chance(40)) {
    note(Edge::duration_usual);
    return format_duration(Duration{1 + below(5'000)});
  }
  const std::uint64_t choice = below(durations.size());
  note(choice < 3 ? Edge::duration_nothing : Edge::duration_far);
  return durations[choice];
}

}  // namespace skald::testing

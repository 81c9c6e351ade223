#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "output/format.hpp"
#include "output/table.hpp"
#include "output/text.hpp"

using namespace skald;
using namespace skald::cli;

TEST_CASE("characters that take no room are shown, so that two texts that differ look different") {
  for (const char* hidden : {"\xc2\xad", "\xe2\x80\x8b", "\xe2\x80\x8d", "\xe2\x81\xa0",
                             "\xef\xbb\xbf", "\xcd\x8f", "\xf3\xa0\x81\x81"}) {
    const std::string text = std::string("order") + hidden + "-1";
    CHECK(printable(text) != printable("order-1"));
    CHECK(printable(text).find(hidden) == std::string::npos);
  }
}

TEST_CASE("printable text holds nothing that steers a terminal") {
  CHECK(printable("plain ümlaut 日本 …") == "plain ümlaut 日本 …");
  CHECK(printable("a\nb\tc\r") == "a\\nb\\tc\\r");
  CHECK(printable("\x1b[2J") == "\\x1b[2J");
  CHECK(printable("\xc2\x9b") == "\\x9b");
  CHECK(printable("\xe2\x80\xae") == "\\u202e");
  CHECK(printable(std::string_view("\0", 1)) == "\\x00");
}

TEST_CASE("invalid UTF-8 becomes the replacement character") {
  CHECK(printable("a\xff") == "a\xEF\xBF\xBD");
  CHECK(printable("\xc3") == "\xEF\xBF\xBD");
  CHECK(printable("\xed\xa0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(printable("\xc0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_CASE("columns are counted and cut by code point") {
  CHECK(columns("日本") == 2);
  CHECK(cut("abcdef", 4) == "abc…");
  CHECK(cut("日本語", 2) == "日…");
  CHECK(cut("abc", 3) == "abc");
  CHECK(padded("é", 3) == "é  ");
  CHECK(padded("7", 3, true) == "  7");
}

TEST_CASE("JSON texts stay valid when control characters are escaped in them") {
  const Json value{{"a", "\x1b\x7f\xc2\x9b\n\xe2\x80\xae"}};
  const std::string text = json_text(value, 2);
  for (const char* bad : {"\x1b", "\x7f", "\xc2\x9b", "\xe2\x80\xae"}) {
    CHECK(text.find(bad) == std::string::npos);
  }
  CHECK(Json::parse(text) == value);
}

TEST_CASE("times are told relative to now") {
  const Time now{Duration(1'000'000)};
  CHECK(relative_time(now, now) == "now");
  CHECK(relative_time(now - Duration(3'000), now) == "3s ago");
  CHECK(relative_time(now + Duration(61'400), now) == "in 1m1s");
}

TEST_CASE("a table is aligned, leaves out empty columns and ends no line in blanks") {
  Table table({{"NAME"}, {"N", true}, {"EMPTY"}, {"NOTE"}});
  table.add({{"first"}, {"7"}, {}, {"x"}});
  table.add({{"b"}, {"1234"}, {}, {}});
  std::ostringstream out;
  table.print(out, Painter(false), 0);
  CHECK(out.str() ==
        "NAME      N  NOTE\n"
        "first     7  x\n"
        "b      1234\n");
}

TEST_CASE("a table that is too wide is cut where it is widest, but never its fixed columns") {
  Table table({{"ID", false, true}, {"TEXT"}});
  table.add({{std::string(30, 'i')}, {std::string(200, 't')}});
  std::ostringstream out;
  table.print(out, Painter(false), 60);
  CHECK(out.str().find(std::string(30, 'i')) != std::string::npos);
  CHECK(out.str().find(std::string(27, 't') + "…") != std::string::npos);
}

TEST_CASE("an array is valid whether it holds nothing, one or many") {
  for (int count : {0, 1, 3}) {
    std::ostringstream out;
    JsonWriter writer(out, Format::json);
    for (int i = 0; i < count; ++i) writer.add({{"i", i}, {"nested", {{"a", {1, 2}}}}});
    writer.finish();
    CHECK(Json::parse(out.str()).size() == static_cast<std::size_t>(count));
  }
  std::ostringstream out;
  JsonWriter(out, Format::json).finish();
  CHECK(out.str() == "[]\n");
}

// Text from outside: names, cleaning, escaping.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "skald/text.hpp"

namespace skald {

using namespace std::string_literals;

TEST_CASE("a name is valid UTF-8 without NUL, not empty and not too long") {
  CHECK_FALSE(name_problem("order-42"));
  CHECK_FALSE(name_problem("caf\xC3\xA9"));
  CHECK_FALSE(name_problem(std::string(255, 'k')));
  CHECK(name_problem("") == "is empty");
  CHECK(name_problem("caf\xE9") == "is not valid UTF-8");
  CHECK(name_problem("a\0b"s) == "holds a NUL character");
  CHECK(name_problem(std::string(256, 'k')) == "is 256 bytes long; at most 255 are allowed");
}

TEST_CASE("free text is kept, with a mark for each byte that is no UTF-8") {
  CHECK(clean_text("plain") == "plain");
  CHECK(clean_text("caf\xE9!") == "caf\xEF\xBF\xBD!");
  CHECK(clean_text("\xED\xA0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(clean_text("a\0b"s) == "a\0b"s);
}

TEST_CASE("free text that is too long is cut between two characters") {
  CHECK(clean_text("abcdef", 6) == "abcdef");
  CHECK(clean_text("abcdefg", 6) == "abc\xE2\x80\xA6");
  CHECK(clean_text("ab\xC3\xA9zzz", 6) == "ab\xE2\x80\xA6");
  CHECK(clean_text("\xE9\xE9\xE9", 6) == "\xEF\xBF\xBD\xE2\x80\xA6");
  CHECK(clean_text("\xE9\xE9\xE9", 3) == "\xE2\x80\xA6");
  for (std::size_t limit = 3; limit < 40; ++limit) {
    const std::string cut =
        clean_text("\xF0\x9F\x92\xA3\xE9 caf\xC3\xA9 \xE2\x82\xAC 12345678", limit);
    CHECK(cut.size() <= limit);
    CHECK(is_utf8(cut));
  }
}

TEST_CASE("control characters and marks of direction are shown, not obeyed") {
  CHECK(escape_controls("a\nb\tc\rd") == "a\\nb\\tc\\rd");
  CHECK(escape_controls("\x1b[31mred\x7f") == "\\x1b[31mred\\x7f");
  CHECK(escape_controls("a\xC2\x9B"
                        "b") == "a\\x9bb");
  CHECK(escape_controls("\xE2\x80\xAE"
                        "abc") == "\\u202eabc");
  CHECK(escape_controls("a\xE2\x80\x8B"
                        "b\xE2\x81\xA0"
                        "c\xC2\xAD") == "a\\u200bb\\u2060c\\xad");
  CHECK(escape_controls("\xF3\xA0\x81\x81") == "\\ue0041");
  CHECK(escape_controls("caf\xC3\xA9 \xE9") == "caf\xC3\xA9 \\xe9");
}

TEST_CASE("a tree with invalid text can be written") {
  CHECK(dump_json(Json{{"a", "caf\xE9"}}) == "{\"a\":\"caf\xEF\xBF\xBD\"}");
}

}  // namespace skald

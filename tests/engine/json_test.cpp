#include "skald/json.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "property.hpp"
#include "skald/error.hpp"

using namespace skald;

namespace {

// The message of the refusal, or an empty text when `text` was taken.
std::string refusal(const std::string& text, const JsonLimits& limits = {}) {
  std::string parsed;
  std::string checked;
  try {
    (void)parse_json(text, limits);
  } catch (const JsonError& error) {
    parsed = error.what();
  }
  try {
    (void)JsonText::parse(text, limits);
  } catch (const JsonError& error) {
    checked = error.what();
  }
  CHECK(parsed == checked);
  return parsed;
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

// To be resized: with rapidcheck's own sizes the trees outgrow the machine.
rc::Gen<Json> json_values(int depth) {
  const auto leaf = rc::gen::oneOf(
      rc::gen::just(Json()),
      rc::gen::map(rc::gen::arbitrary<bool>(), [](bool b) { return Json(b); }),
      rc::gen::map(rc::gen::arbitrary<std::int64_t>(), [](std::int64_t n) { return Json(n); }),
      rc::gen::map(rc::gen::arbitrary<double>(), [](double d) { return Json(d); }),
      rc::gen::map(rc::gen::container<std::string>(rc::gen::inRange<char>(0, 127)),
                   [](const std::string& s) { return Json(s); }));
  if (depth == 0) return leaf;
  return rc::gen::oneOf(
      leaf,
      rc::gen::map(rc::gen::container<std::vector<Json>>(json_values(depth - 1)),
                   [](const std::vector<Json>& list) { return Json(list); }),
      rc::gen::map(rc::gen::container<std::map<std::string, Json>>(
                       rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127)),
                       json_values(depth - 1)),
                   [](const std::map<std::string, Json>& object) { return Json(object); }));
}

}  // namespace

TEST_CASE("valid JSON gives the tree that it describes") {
  CHECK(parse_json(R"( {"a": [1, -2, 3.5e2, true, false, null], "b": {"c": "\u00e9\n"}} )") ==
        Json{{"a", {1, -2, 350.0, true, false, nullptr}}, {"b", {{"c", "\u00e9\n"}}}});
  CHECK(parse_json("{}") == Json::object());
  CHECK(parse_json("[]") == Json::array());
  CHECK(parse_json("[[], {}, [[]]]") == Json::parse("[[],{},[[]]]"));
  CHECK(parse_json("18446744073709551615") == Json(UINT64_MAX));
  CHECK(parse_json("-9223372036854775808") == Json(INT64_MIN));
  CHECK(parse_json(R"("\ud83d\ude00")") == Json("😀"));
  CHECK(parse_json("\"\xF4\x8F\xBF\xBF\"") == Json("\xF4\x8F\xBF\xBF"));
}

TEST_CASE("a checked text keeps its bytes but for the white space around it") {
  CHECK(JsonText::parse(" \n null\t").is_null());
  CHECK(JsonText::parse(" {\"b\" : 1,\"a\":2} ").text() == "{\"b\" : 1,\"a\":2}");
  CHECK(JsonText().is_null());
  CHECK(JsonText::parse("[1]").value() == Json{1});
}

TEST_CASE("broken JSON is refused with the offset, the reason and the mend") {
  CHECK(refusal("") == "invalid JSON at byte 0: the text ends where a value should be");
  CHECK(refusal("{\"a\":1") == "invalid JSON at byte 6: the text ends where ',' or '}' should be");
  CHECK(refusal("{\"a\" 1}") == "invalid JSON at byte 5: expected ':' after the key, found '1'");
  CHECK(refusal("{a: 1}") == "invalid JSON at byte 1: expected a key in double quotes, found 'a'");
  CHECK(refusal("[1, ]") == "invalid JSON at byte 4: a comma before the end; remove the comma");
  CHECK(refusal("{\"a\":1,}") ==
        "invalid JSON at byte 7: a comma before the end; remove the comma");
  CHECK(refusal("[1 2]") == "invalid JSON at byte 3: expected ',' or ']', found '2'");
  CHECK(refusal("1 2") == "invalid JSON at byte 2: expected the end of the text, found '2'");
  CHECK(refusal("007") == "invalid JSON at byte 0: a number with leading zeros; remove them");
  CHECK(refusal("\"a\nb\"") ==
        "invalid JSON at byte 2: a control character in a string; write it as \\u000a");
  CHECK(refusal("\"abc") == "invalid JSON at byte 0: a string without its closing quote");
  CHECK(refusal("\xEF\xBB\xBF{}") == "invalid JSON at byte 0: a byte order mark; remove it");
}

TEST_CASE("texts that are not quite JSON are refused") {
  for (const char* text : {"nul",
                           "tru",
                           "True",
                           "NaN",
                           "Infinity",
                           "-",
                           "+1",
                           "1.",
                           ".5",
                           "1e",
                           "1e+",
                           "0x10",
                           "--1",
                           "'a'",
                           "[",
                           "]",
                           "}",
                           "{",
                           "[}",
                           "{]",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{1:2}",
                           "{,}",
                           "[,]",
                           "[1,,2]",
                           "\"\\x\"",
                           "\"\\u12\"",
                           "\"\\u12g4\"",
                           "\"\\",
                           "\"\\u",
                           "// x\n1",
                           "1 /* x */",
                           "{}{}",
                           "\"\\ud800\"",
                           "\"\\ud800x\"",
                           "\"\\ud800\\u0041\"",
                           "\"\\udc00\""}) {
    CAPTURE(text);
    CHECK_FALSE(refusal(text).empty());
    CHECK_FALSE(Json::accept(text));
  }
  CHECK_FALSE(refusal(std::string("\0", 1)).empty());
  CHECK_FALSE(refusal(std::string("1\0", 2)).empty());
}

TEST_CASE("invalid UTF-8 is refused wherever it stands") {
  for (const char* bytes :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xC3", "\xE0\x80\x80", "\xE2\x82", "\xED\xA0\x80",
        "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xC3\x28",
        "\xE2\x28\xA1", "\xF0\x9F\x98"}) {
    CAPTURE(bytes);
    const std::string text = bytes;
    CHECK(refusal("\"" + text + "\"").find("byte 1: invalid UTF-8") != std::string::npos);
    CHECK_FALSE(refusal("{\"" + text + "\":1}").empty());
    CHECK_FALSE(refusal(text).empty());
  }
}

TEST_CASE("a key that appears twice is refused, however it is written and however many there are") {
  CHECK(refusal(R"({"a":1,"b":2,"a":3})") ==
        "invalid JSON at byte 13: this key appears twice in one object, first at byte 1");
  CHECK_FALSE(refusal(R"({"a":1,"\u0061":3})").empty());
  CHECK_FALSE(refusal(R"([{"x":{"k":1,"k":1}}])").empty());
  CHECK(refusal(R"({"a":{"a":1,"b":[{"a":2}]},"b":{"a":3}})").empty());
  Json object;
  for (int i = 0; i < 5000; ++i) object["key" + std::to_string(i)] = i;
  std::string text = object.dump();
  CHECK(refusal(text).empty());
  text.back() = ',';
  const auto first = std::to_string(text.find("\"key42\""));
  CHECK(refusal(text + "\"key42\":0}") ==
        "invalid JSON at byte " + std::to_string(text.size()) +
            ": this key appears twice in one object, first at byte " + first);
}

TEST_CASE("no refusal of JSON quotes its keys or values, for they may be secret") {
  for (const char* text : {R"({"geheim":1,"geheim":2})", R"({"geheim" 1})", R"(["geheim)",
                           R"(["geheim" "geheim"])", R"(["geheim\q"])", R"([geheim])",
                           "[\"geheim\x80\"]", "[\"geheim\x01\"]", "[47114711471147114711]"}) {
    const std::string words = refusal(text);
    CHECK_FALSE(words.empty());
    CHECK_MESSAGE(words.find("geheim") == std::string::npos, words);
    CHECK_MESSAGE(words.find("4711") == std::string::npos, words);
  }
  CHECK_THROWS_WITH_AS((void)JsonText::trusted(R"({"card":"geheim)").value(),
                       "a JSON value is damaged and cannot be read; look at it with skald store "
                       "check",
                       Error);
}

TEST_CASE("numbers that would silently change are refused") {
  CHECK(refusal("18446744073709551616") ==
        "invalid JSON at byte 0: an integer beyond 64 bits, which would lose digits; "
        "send it as a string");
  CHECK_FALSE(refusal("-9223372036854775809").empty());
  CHECK_FALSE(refusal("123456789012345678901234567890").empty());
  CHECK_FALSE(refusal("[1e400]").empty());
  CHECK_FALSE(refusal("-1e400").empty());
  CHECK_FALSE(refusal("1e-400").empty());
  CHECK(refusal("123456789012345678901234567890.0") ==
        "invalid JSON at byte 0: a number with more digits than a double keeps, which would lose "
        "some; send it as a string");
  for (const char* lost :
       {"9007199254740993.0", "0.1000000000000000055511", "-1.0000000000000000001",
        "3.141592653589793238462643", "1234567890.1234567890123e-200"}) {
    CHECK_MESSAGE(!refusal(lost).empty(), lost);
  }
  for (const char* kept :
       {"0e999", "0.0000000000000000000000000", "9007199254740992.0",
        "1.50000000000000000000000000", "0.30000000000000004", "0.10000000000000001",
        "123456789012345680000000000000.0", "0.000000000000000000000012345678",
        "2.2250738585072014e-308", "1.7976931348623157e308", "1e23"}) {
    CHECK_MESSAGE(refusal(kept).empty(), kept);
  }
}

TEST_CASE("nesting is refused beyond the limit, without using the stack") {
  CHECK(refusal(nested(64)).empty());
  CHECK(refusal(nested(65)) ==
        "invalid JSON at byte 64: nested deeper than the limit of 64; flatten it");
  CHECK_FALSE(refusal(nested(100'000)).empty());
  CHECK_FALSE(refusal(std::string(100'000, '[')).empty());
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  CHECK_FALSE(refusal(objects).empty());
  CHECK(refusal("[[1]]", {.depth = 1, .bytes = 100}).find("limit of 1") != std::string::npos);
}

TEST_CASE("a text over the limit of bytes is refused") {
  CHECK(refusal("[1,2,3]", {.depth = 64, .bytes = 7}).empty());
  CHECK(refusal("[1,2,3]", {.depth = 64, .bytes = 6}) ==
        "JSON of 7 bytes is over the limit of 6; send less, or a reference");
}

TEST_CASE("the text of a tree is compact, with its keys sorted") {
  CHECK(JsonText::of(Json::parse(R"({"b": [1, 2], "a": null})")).text() ==
        R"({"a":null,"b":[1,2]})");
}

TEST_CASE("a tree that JSON cannot hold is refused") {
  CHECK_THROWS_AS((void)JsonText::of(Json{{"x", std::nan("")}}), JsonError);
  CHECK_THROWS_AS((void)JsonText::of(Json(INFINITY)), JsonError);
  CHECK_THROWS_AS((void)JsonText::of(Json("\xFF")), JsonError);
  CHECK_THROWS_AS((void)JsonText::of(Json{{"\xFF", 1}}), JsonError);
  CHECK_THROWS_AS((void)JsonText::of(Json::binary({1, 2})), JsonError);
  CHECK_THROWS_AS((void)JsonText::of(Json(std::string(100, 'x')), {.depth = 64, .bytes = 50}),
                  JsonError);
  Json deep;
  for (int i = 0; i < 65; ++i) deep = Json::array({std::move(deep)});
  CHECK_THROWS_AS((void)JsonText::of(deep), JsonError);
  CHECK(JsonText::of(deep[0]).text().size() == 64 * 2 + 4);
}

TEST_CASE("two texts have the same value whatever their order and spacing") {
  const auto same = [](const char* a, const char* b) {
    return same_value(JsonText::parse(a), JsonText::parse(b));
  };
  CHECK(same(R"({"a":1,"b":[2,{}]})", R"({ "b" : [2, {}], "a": 1 })"));
  CHECK(same("1", "1.0"));
  CHECK(same("[100]", "[1e2]"));
  CHECK(same(R"("\u0041")", R"("A")"));
  CHECK_FALSE(same("1", "\"1\""));
  CHECK_FALSE(same("[1,2]", "[2,1]"));
  CHECK_FALSE(same(R"({"a":1})", R"({"a":1,"b":1})"));
  CHECK_FALSE(same(R"({"a":1})", R"({"b":1})"));
  CHECK_FALSE(same("null", "false"));
  CHECK_FALSE(same("-1", "18446744073709551615"));
  CHECK_FALSE(same(R"({"a":[-1]})", R"({"a":[18446744073709551615]})"));
}

TEST_CASE("a string is appended as JSON, and what is not UTF-8 becomes U+FFFD") {
  const auto quoted = [](std::string_view text) {
    std::string out = ">";
    append_json_string(out, text);
    return out;
  };
  CHECK(quoted("") == ">\"\"");
  CHECK(quoted("plain") == ">\"plain\"");
  CHECK(quoted("a\"b\\c\n\x01") == R"(>"a\"b\\c\n\u0001")");
  CHECK(quoted("é€😀") == ">\"é€😀\"");
  CHECK(quoted("a\xFFz\xE2\x82") == ">\"a\uFFFDz\uFFFD\uFFFD\"");
}

TEST_CASE("whatever tree there is, its text is taken and gives the tree back") {
  test::check_property("a tree survives its text", [] {
    const Json value = *rc::gen::resize(6, json_values(3));
    const JsonText text = JsonText::of(value);
    RC_ASSERT(parse_json(text.text()) == value);
    RC_ASSERT(JsonText::parse(value.dump(2)).value() == value);
    RC_ASSERT(same_value(text, JsonText::parse(value.dump(1))));
  });
}

TEST_CASE("whatever Skald takes as JSON, the parser behind it takes, too") {
  test::check_property("a damaged text is judged soundly", [] {
    std::string text = (*rc::gen::resize(10, json_values(2))).dump();
    const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
    text[at] = *rc::gen::elementOf(std::string("{}[]\",:0123-+.eE\\ntu \x01\x80\xC3"));
    bool taken = true;
    try {
      (void)JsonText::parse(text);
    } catch (const JsonError&) {
      taken = false;
    }
    RC_CLASSIFY(taken);
    if (taken) RC_ASSERT(Json::accept(text));
  });
}

TEST_CASE("any bytes can be appended as a JSON string") {
  test::check_property("the result is JSON", [](const std::string& bytes) {
    std::string out;
    append_json_string(out, bytes);
    RC_ASSERT(JsonText::parse(out).value().is_string());
  });
}

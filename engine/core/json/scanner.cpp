#include "json/scanner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>

#include "skald/error.hpp"
#include "skald/work.hpp"
#include "support/utf8.hpp"

namespace skald {

namespace {

// Below this many keys comparing all pairs is faster than sorting them.
constexpr std::size_t few_keys = 12;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

std::string describe(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x7F ? fmt::format("'{}'", c) : fmt::format("byte 0x{:02x}", byte);
}

// Texts of decimal numbers up to this length lose no digit in a double.
constexpr std::size_t digits_always_kept = 15;
constexpr int digits_ever_written = 17;

// What a valid decimal number denotes, but for its sign: its digits without zeros around them, and
// the power of ten of the first.
class Decimal {
 public:
  explicit Decimal(std::string_view text) {
    const std::size_t e = std::min(text.find_first_of("eE"), text.size());
    std::int64_t whole = 0;  // Digits before the point.
    bool point = false;
    for (const char c : text.substr(0, e)) {
      if (c == '.') point = true;
      if (!is_digit(c)) continue;
      digits_ += c;
      if (!point) ++whole;
    }
    std::int64_t exponent = 0;
    for (const char c : text.substr(std::min(e + 1, text.size()))) {
      // No double has so large a one, but zero may be written so.
      if (is_digit(c)) exponent = std::min<std::int64_t>(exponent * 10 + (c - '0'), exponent_max);
    }
    if (e + 1 < text.size() && text[e + 1] == '-') exponent = -exponent;
    const std::size_t zeros = std::min(digits_.find_first_not_of('0'), digits_.size());
    digits_.erase(0, zeros);
    digits_.erase(digits_.find_last_not_of('0') + 1);
    if (!digits_.empty()) power_ = whole + exponent - static_cast<std::int64_t>(zeros);
  }
  friend bool operator==(const Decimal&, const Decimal&) = default;

 private:
  static constexpr std::int64_t exponent_max = 1'000'000'000;
  std::string digits_;
  std::int64_t power_ = 0;
};

}  // namespace

std::string_view JsonScanner::scan() {
  if (text_.size() > limits_.bytes) {
    throw JsonError(
        fmt::format("JSON of {} bytes is over the limit of {}; send less, or a reference",
                    text_.size(), limits_.bytes));
  }
  work().parsed_bytes += text_.size();
  if (text_.substr(0, 3) == "\xEF\xBB\xBF") refuse(0, "a byte order mark; remove it");
  keys_.reserve(16);
  open_.reserve(8);
  skip_space();
  const std::size_t begin = at_;
  // A container that was opened is followed by its first member; any other value by what
  // close_or_next() finds.
  while (true) {
    if (scan_value()) continue;
    if (!close_or_next()) break;
  }
  const std::size_t end = at_;
  skip_space();
  if (!at_end()) refuse_here("the end of the text");
  return text_.substr(begin, end - begin);
}

void JsonScanner::refuse(std::size_t offset, const std::string& what) const {
  throw JsonError(fmt::format("invalid JSON at byte {}: {}", offset, what));
}

void JsonScanner::refuse_here(const char* expected) const {
  if (at_end()) refuse(at_, fmt::format("the text ends where {} should be", expected));
  refuse(at_, fmt::format("expected {}, found {}", expected, describe(text_[at_])));
}

void JsonScanner::skip_space() {
  while (!at_end()) {
    const char c = text_[at_];
    if (c != ' ' && c != '\n' && c != '\r' && c != '\t') return;
    ++at_;
  }
}

// Scans one value. True when it opened a container that has a first member, which comes next.
bool JsonScanner::scan_value() {
  skip_space();
  switch (peek()) {
    case '{':
      open(true);
      if (peek() == '}') return close(), false;
      scan_key();
      return true;
    case '[':
      open(false);
      if (peek() == ']') return close(), false;
      return true;
    case '"': scan_string(); return false;
    case 't': scan_literal("true"); return false;
    case 'f': scan_literal("false"); return false;
    case 'n': scan_literal("null"); return false;
    default: scan_number(); return false;
  }
}

void JsonScanner::open(bool object) {
  if (open_.size() == limits_.depth) {
    refuse(at_, fmt::format("nested deeper than the limit of {}; flatten it", limits_.depth));
  }
  open_.push_back({object, keys_.size()});
  ++at_;
  skip_space();
}

void JsonScanner::close() {
  if (open_.back().object) check_keys(open_.back().first_key);
  open_.pop_back();
  ++at_;
}

// Goes on after a value: closes what ends here. False when the outermost value is complete.
bool JsonScanner::close_or_next() {
  while (!open_.empty()) {
    const bool object = open_.back().object;
    skip_space();
    if (peek() == ',') {
      ++at_;
      skip_space();
      if (peek() == (object ? '}' : ']')) refuse(at_, "a comma before the end; remove the comma");
      if (object) scan_key();
      return true;
    }
    if (peek() != (object ? '}' : ']')) refuse_here(object ? "',' or '}'" : "',' or ']'");
    close();
  }
  return false;
}

void JsonScanner::scan_key() {
  if (peek() != '"') refuse_here("a key in double quotes");
  const std::size_t start = at_;
  const bool escaped = scan_string();
  std::string_view name = text_.substr(start, at_ - start);
  if (escaped) {
    name = decoded_.emplace_back(Json::parse(name).get_ref<const std::string&>());
  } else {
    name = name.substr(1, name.size() - 2);
  }
  keys_.push_back({name, start});
  skip_space();
  if (peek() != ':') refuse_here("':' after the key");
  ++at_;
}

void JsonScanner::scan_literal(std::string_view literal) {
  if (text_.substr(at_, literal.size()) != literal) refuse_here("a value");
  at_ += literal.size();
}

std::size_t JsonScanner::scan_digits() {
  const std::size_t start = at_;
  while (is_digit(peek())) ++at_;
  return at_ - start;
}

void JsonScanner::scan_number() {
  const std::size_t start = at_;
  if (peek() == '-') ++at_;
  if (at_ == start && !is_digit(peek())) refuse_here("a value");
  const bool leading_zero = peek() == '0';
  const std::size_t digits = scan_digits();
  if (digits == 0) refuse_here("a digit");
  if (leading_zero && digits > 1) refuse(start, "a number with leading zeros; remove them");
  bool integer = true;
  if (peek() == '.') {
    integer = false;
    ++at_;
    if (scan_digits() == 0) refuse_here("a digit after the point");
  }
  if (peek() == 'e' || peek() == 'E') {
    integer = false;
    ++at_;
    if (peek() == '+' || peek() == '-') ++at_;
    if (scan_digits() == 0) refuse_here("a digit of the exponent");
  }
  if (integer) return check_integer(start);
  check_float(start);
}

void JsonScanner::check_integer(std::size_t start) const {
  const char* const begin = text_.data() + start;
  const char* const end = text_.data() + at_;
  if (end - begin < 19) return;
  std::errc error{};
  if (*begin == '-') {
    std::int64_t value = 0;
    error = std::from_chars(begin, end, value).ec;
  } else {
    std::uint64_t value = 0;
    error = std::from_chars(begin, end, value).ec;
  }
  if (error != std::errc{}) {
    refuse(start, "an integer beyond 64 bits, which would lose digits; send it as a string");
  }
}

void JsonScanner::check_float(std::size_t start) const {
  double value = 0;
  const auto result = std::from_chars(text_.data() + start, text_.data() + at_, value);
  if (result.ec != std::errc{}) {
    refuse(start, "a number too large or too small for a double; send it as a string");
  }
  const std::string_view text = text_.substr(start, at_ - start);
  if (text.size() <= digits_always_kept) return;
  // As programs write a double: with as few digits as tell it from others, or with 17.
  std::array<char, 32> kept{};
  const auto shortest = std::to_chars(kept.data(), kept.data() + kept.size(), value);
  const Decimal given(text);
  if (given == Decimal({kept.data(), shortest.ptr})) return;
  const auto longest = std::to_chars(kept.data(), kept.data() + kept.size(), value,
                                     std::chars_format::scientific, digits_ever_written - 1);
  if (given == Decimal({kept.data(), longest.ptr})) return;
  refuse(start,
         "a number with more digits than a double keeps, which would lose some; send it as a "
         "string");
}

// Scans a string with its quotes. True when it holds escapes.
bool JsonScanner::scan_string() {
  const std::size_t start = at_;
  bool escaped = false;
  ++at_;
  while (!at_end()) {
    const char c = text_[at_];
    if (is_plain(c)) {
      ++at_;
    } else if (c == '"') {
      ++at_;
      return escaped;
    } else if (c == '\\') {
      escaped = true;
      scan_escape();
    } else if (static_cast<unsigned char>(c) < 0x20) {
      refuse(at_, fmt::format("a control character in a string; write it as \\u{:04x}", c));
    } else {
      const std::size_t length = utf8_length(text_, at_);
      if (length == 0) refuse(at_, "invalid UTF-8 in a string; send UTF-8, or binary as base64");
      at_ += length;
    }
  }
  refuse(start, "a string without its closing quote");
}

void JsonScanner::scan_escape() {
  const std::size_t start = at_++;
  const char c = peek();
  if (!at_end() && std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos) {
    ++at_;
    return;
  }
  if (c != 'u') refuse(start, "an unknown escape; a backslash itself is written as \\\\");
  ++at_;
  const std::uint32_t unit = scan_hex4();
  if (unit < 0xD800 || unit > 0xDFFF) return;
  if (unit <= 0xDBFF && text_.substr(at_, 2) == "\\u") {
    at_ += 2;
    const std::uint32_t low = scan_hex4();
    if (low >= 0xDC00 && low <= 0xDFFF) return;
  }
  refuse(start, "half of a surrogate pair; both halves are needed");
}

std::uint32_t JsonScanner::scan_hex4() {
  std::uint32_t value = 0;
  const std::string_view digits = text_.substr(at_, 4);
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (digits.size() < 4 || result.ptr != digits.data() + 4) {
    refuse(at_, "\\u needs four hexadecimal digits");
  }
  at_ += 4;
  return value;
}

void JsonScanner::check_keys(std::size_t first) {
  const auto begin = keys_.begin() + static_cast<std::ptrdiff_t>(first);
  // Not quoted: whoever reads the refusal may be somebody who must not see the payload.
  const auto twice = [this](const Key& key, const Key& again) {
    refuse(again.offset,
           fmt::format("this key appears twice in one object, first at byte {}", key.offset));
  };
  if (keys_.size() - first <= few_keys) {
    for (auto key = begin; key != keys_.end(); ++key) {
      for (auto other = begin; other != key; ++other) {
        if (other->name == key->name) twice(*other, *key);
      }
    }
  } else {
    std::sort(begin, keys_.end(), [](const Key& a, const Key& b) {
      return a.name != b.name ? a.name < b.name : a.offset < b.offset;
    });
    const auto found = std::adjacent_find(
        begin, keys_.end(), [](const Key& a, const Key& b) { return a.name == b.name; });
    if (found != keys_.end()) twice(*found, *std::next(found));
  }
  keys_.resize(first);
}

}  // namespace skald

#include "skald/json.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "json/compare.hpp"
#include "json/scanner.hpp"
#include "skald/error.hpp"
#include "skald/work.hpp"
#include "support/utf8.hpp"

namespace skald {

namespace {

// Recursion ends at the limit, so a tree of any depth is safe to check.
void check_tree(const Json& value, std::size_t depth_left) {
  if (value.is_number_float() && !std::isfinite(value.get<double>())) {
    throw JsonError("JSON cannot hold NaN or infinity; send null or a string");
  }
  if (value.is_binary() || value.is_discarded()) {
    throw JsonError("JSON cannot hold binary data; send it as base64");
  }
  if (!value.is_structured()) return;
  if (depth_left == 0) throw JsonError("JSON is nested deeper than the limit; flatten it");
  for (const Json& member : value) check_tree(member, depth_left - 1);
}

bool needs_care(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte >= 0x80 || c == '"' || c == '\\';
}

void append_escape(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
  }
}

}  // namespace

Json parse_json(std::string_view text, const JsonLimits& limits) {
  return Json::parse(JsonScanner(text, limits).scan());
}

JsonText JsonText::parse(std::string_view text, const JsonLimits& limits) {
  return JsonText(std::string(JsonScanner(text, limits).scan()));
}

JsonText JsonText::of(const Json& value, const JsonLimits& limits) {
  check_tree(value, limits.depth);
  std::string text;
  try {
    text = value.dump();
    work().rendered_bytes += text.size();
  } catch (const Json::exception&) {
    throw JsonError("a string of the JSON value is not valid UTF-8; send UTF-8, or base64");
  }
  if (text.size() > limits.bytes) {
    throw JsonError(
        fmt::format("JSON of {} bytes is over the limit of {}; send less, or a reference",
                    text.size(), limits.bytes));
  }
  return JsonText(std::move(text));
}

Json JsonText::value() const {
  work().parsed_bytes += text_.size();
  Json value = Json::parse(text_, nullptr, false);
  // The parser's own words would quote it, and it may be a payload.
  if (value.is_discarded()) {
    throw Error("a JSON value is damaged and cannot be read; look at it with skald store check");
  }
  return value;
}

bool same_value(const JsonText& a, const JsonText& b) {
  return a == b || same_tree(a.value(), b.value());
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain = 0;  // Everything before this was written.
  for (std::size_t i = 0; i < text.size();) {
    if (!needs_care(text[i])) {
      ++i;
      continue;
    }
    const std::size_t length = utf8_length(text, i);
    if (length > 1) {
      i += length;
      continue;
    }
    out.append(text, plain, i - plain);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else {
      append_escape(out, text[i]);
    }
    plain = ++i;
  }
  out.append(text, plain, text.size() - plain);
  out += '"';
}

}  // namespace skald

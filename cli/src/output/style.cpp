#include "output/style.hpp"

#include <array>
#include <utility>

namespace skald::cli {
namespace {

const char* code_of(Style style) {
  switch (style) {
    case Style::plain: return "";
    case Style::bold: return "\x1b[1m";
    case Style::dim: return "\x1b[2m";
    case Style::good: return "\x1b[32m";
    case Style::busy: return "\x1b[36m";
    case Style::turning: return "\x1b[33m";
    case Style::bad: return "\x1b[1;31m";
  }
  return "";
}

}  // namespace

std::string Painter::operator()(Style style, const std::string& text) const {
  if (!on_ || style == Style::plain || text.empty()) return text;
  return code_of(style) + text + "\x1b[0m";
}

Style style_of_status(std::string_view status) {
  static constexpr std::array<std::pair<std::string_view, Style>, 20> table{{
      {"completed", Style::good},
      {"succeeded", Style::good},
      {"running", Style::busy},
      {"dispatched", Style::busy},
      {"retry_wait", Style::busy},
      {"waiting", Style::busy},
      {"compensating", Style::turning},
      {"compensated", Style::turning},
      {"skipped", Style::turning},
      {"unknown", Style::bad},
      {"stuck", Style::bad},
      {"abandoned", Style::bad},
      {"failed", Style::bad},
      {"rejected", Style::bad},
      {"pending", Style::dim},
      {"cancelled", Style::dim},
      {"none", Style::dim},
      {"paused", Style::turning},
      {"forced", Style::turning},
      {"ok", Style::good},
  }};
  for (const auto& [name, style] : table) {
    if (name == status) return style;
  }
  return Style::plain;
}

}  // namespace skald::cli

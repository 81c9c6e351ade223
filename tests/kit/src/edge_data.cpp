// Chance, the names of the kinds, sizes and texts.
#include "skald/edge_data.hpp"

#include <algorithm>

#include "accidents.hpp"

namespace skald::testing {
namespace {

constexpr std::array<const char*, edge_count> edge_names{"text-plain",
                                                         "text-empty",
                                                         "text-nul",
                                                         "text-control",
                                                         "text-bidi",
                                                         "text-byte-order-mark",
                                                         "text-wide",
                                                         "text-cut",
                                                         "text-stray",
                                                         "text-overlong",
                                                         "text-surrogate",
                                                         "text-too-high",
                                                         "text-latin1",
                                                         "text-at-limit",
                                                         "text-long-run",
                                                         "pointer-plain",
                                                         "pointer-empty-token",
                                                         "pointer-trailing-slash",
                                                         "pointer-long-number",
                                                         "pointer-dash",
                                                         "pointer-escaped",
                                                         "pointer-bad-escape",
                                                         "pointer-leading-zero",
                                                         "pointer-negative",
                                                         "pointer-beyond-list",
                                                         "pointer-long",
                                                         "value-scalar",
                                                         "value-integer-end",
                                                         "value-double-end",
                                                         "value-deep",
                                                         "value-long-text",
                                                         "value-many-keys",
                                                         "value-strange-key",
                                                         "value-list",
                                                         "value-real",
                                                         "size-at-limit",
                                                         "size-at-sum",
                                                         "count-none",
                                                         "count-one",
                                                         "count-at-limit",
                                                         "time-usual",
                                                         "time-early",
                                                         "time-nanoseconds",
                                                         "time-far",
                                                         "time-type-end",
                                                         "time-leap",
                                                         "duration-usual",
                                                         "duration-nothing",
                                                         "duration-far",
                                                         "duration-type-end",
                                                         "definition-plain",
                                                         "definition-pointers",
                                                         "definition-long-normal-form",
                                                         "definition-deep-normal-form",
                                                         "definition-wide-list",
                                                         "definition-heavy-list",
                                                         "definition-family",
                                                         "definition-sleep",
                                                         "definition-signal",
                                                         "definition-secrets",
                                                         "definition-locks",
                                                         "definition-many-conditions",
                                                         "definition-heavy-templates",
                                                         "definition-compensation",
                                                         "definition-policies",
                                                         "definition-rules",
                                                         "definition-input-schema",
                                                         "definition-damaged",
                                                         "input-fits",
                                                         "input-lacks-something",
                                                         "input-anything",
                                                         "input-large",
                                                         "patch-small",
                                                         "patch-large",
                                                         "request-start",
                                                         "request-resume",
                                                         "request-skip",
                                                         "request-signal",
                                                         "request-replay",
                                                         "request-other",
                                                         "request-damaged",
                                                         "outcome-success",
                                                         "outcome-large",
                                                         "outcome-failure",
                                                         "outcome-pending",
                                                         "outcome-throws",
                                                         "message-reply",
                                                         "message-bad-id",
                                                         "message-bad-header",
                                                         "message-many-headers",
                                                         "message-bad-body",
                                                         "message-dead"};

struct Strange {
  Edge kind;
  std::string_view text;
};

using namespace std::string_view_literals;

constexpr std::array well_formed{
    Strange{Edge::text_plain, "order-42"sv},
    Strange{Edge::text_empty, ""sv},
    Strange{Edge::text_nul, "a\0b"sv},
    Strange{Edge::text_control, "a\x1b[31m\r\n\tb\x7f"sv},
    Strange{Edge::text_bidi, "abc\u202etxt.exe\u2066\u200f"sv},
    Strange{Edge::text_byte_order_mark, "\ufeffname"sv},
    Strange{Edge::text_wide, "caf\u00e9 \u20ac \U0001f600 e\u0301"sv},
};
constexpr std::array ill_formed{
    Strange{Edge::text_cut, "caf\xc3"sv},
    Strange{Edge::text_cut, "\xf0\x9f\x98"sv},
    Strange{Edge::text_stray, "a\x80z"sv},
    Strange{Edge::text_overlong, "a\xc0\xafz"sv},
    Strange{Edge::text_overlong, "\xe0\x80\xaf"sv},
    Strange{Edge::text_surrogate, "\xed\xa0\x80"sv},
    Strange{Edge::text_too_high, "\xf4\x90\x80\x80"sv},
    Strange{Edge::text_latin1, "caf\xe9 cr\xe8me"sv},
};

constexpr std::array<std::size_t, 4> text_limits{64, 255, 4096, 65536};

}  // namespace

const char* to_string(Edge edge) { return edge_names[static_cast<std::size_t>(edge)]; }

std::uint64_t EdgeData::next() {
  state_ += 0x9e3779b97f4a7c15U;
  return mix(state_, 0x65646765U);
}

std::size_t EdgeData::size_around(std::size_t limit, std::size_t taken) {
  note(taken == 0 ? Edge::size_at_limit : Edge::size_at_sum);
  const std::size_t left = limit > taken ? limit - taken : 0;
  const std::size_t size = left + below(3);
  return std::min(size > 0 ? size - 1 : 0, bytes_max_);
}

std::size_t EdgeData::count_around(std::size_t limit) {
  switch (below(4)) {
    case 0: note(Edge::count_none); return 0;
    case 1: note(Edge::count_one); return 1;
    case 2: return 2 + below(6);
    default: note(Edge::count_at_limit); return std::max<std::size_t>(limit, 1) - 1 + below(3);
  }
}

std::string EdgeData::text_of(std::size_t bytes) {
  static constexpr std::array<std::string_view, 3> runs{"y"sv, "\u00e9"sv, "\U0001f600"sv};
  const std::string_view run = pick(runs);
  std::string text;
  text.reserve(bytes);
  while (text.size() + run.size() <= bytes) text += run;
  text.append(bytes - text.size(), 'x');
  return text;
}

std::string EdgeData::utf8_text() {
  const std::uint64_t choice = below(10);
  if (choice == 0) {
    note(Edge::text_at_limit);
    return text_of(std::min(pick(text_limits) - 1 + below(3), bytes_max_));
  }
  if (choice == 1) {
    note(Edge::text_long_run);
    return text_of(std::min<std::size_t>(1 + below(2'000), bytes_max_));
  }
  const Strange& strange = well_formed[below(well_formed.size())];
  note(strange.kind);
  return std::string(strange.text);
}

std::string EdgeData::text() {
  if (!chance(45)) return utf8_text();
  const Strange& strange = ill_formed[below(ill_formed.size())];
  note(strange.kind);
  std::string text(strange.text);
  if (chance(10)) text.insert(0, text_of(250 + below(8)));
  return text;
}

std::string EdgeData::pointer(std::string_view root) {
  struct Tail {
    Edge kind;
    std::string_view text;
  };
  static constexpr std::array tails{
      Tail{Edge::pointer_plain, ""},
      Tail{Edge::pointer_plain, "/items"},
      Tail{Edge::pointer_plain, "/items/0"},
      Tail{Edge::pointer_plain, "/items/0/sku"},
      Tail{Edge::pointer_empty_token, "//"},
      Tail{Edge::pointer_empty_token, "/items//sku"},
      Tail{Edge::pointer_trailing_slash, "/"},
      Tail{Edge::pointer_trailing_slash, "/items/"},
      Tail{Edge::pointer_long_number, "/items/20261126000000000001234"},
      Tail{Edge::pointer_long_number, "/items/18446744073709551616"},
      Tail{Edge::pointer_dash, "/items/-"},
      Tail{Edge::pointer_escaped, "/a~1b/c~0d"},
      Tail{Edge::pointer_bad_escape, "/a~2"},
      Tail{Edge::pointer_bad_escape, "/a~"},
      Tail{Edge::pointer_leading_zero, "/items/00"},
      Tail{Edge::pointer_leading_zero, "/items/01"},
      Tail{Edge::pointer_negative, "/items/-1"},
      Tail{Edge::pointer_beyond_list, "/items/4294967296"},
      Tail{Edge::pointer_beyond_list, "/items/1000"},
  };
  std::string pointer(root);
  const std::uint64_t choice = below(tails.size() + 2);
  if (choice < tails.size()) {
    note(tails[choice].kind);
    return pointer.append(tails[choice].text);
  }
  note(Edge::pointer_long);
  if (choice == tails.size()) return pointer + "/" + text_of(255 + below(2'000));
  for (std::uint64_t i = 30 + below(100); i > 0; --i) pointer += "/a";
  return pointer;
}

}  // namespace skald::testing

#include "tally.hpp"

#include <algorithm>
#include <cctype>

namespace skald::faults {
namespace {

constexpr std::array<const char*, deed_count> deed_names{
    "definition accepted",  "definition refused", "start accepted",    "start refused",
    "request accepted",     "request refused",    "reply in process",  "reply from the wire",
    "command not sendable", "message unusable",   "dead letter",       "message requeued",
    "requeue refused",      "engine crashed",     "one-shot owner",    "saga stuck",
    "saga compensated",     "saga completed",     "saga abandoned",    "saga damaged",
    "saga viewed",          "wait far ahead",     "neighbour started", "neighbour completed"};

// The sentence on one line of ASCII, as far as it fits; as a kind with `#` for each run of digits.
void keep(std::array<char, 240>& what, std::string_view sentence, bool kind) {
  std::size_t at = 0;
  bool digits = false;
  for (const char c : sentence) {
    if (at + 1 >= what.size()) break;
    const auto byte = static_cast<unsigned char>(c);
    const bool hexadecimal = digits && (std::isxdigit(byte) != 0 || c == 'x');
    const bool digit = kind && (std::isdigit(byte) != 0 || hexadecimal);
    if (digit && digits) continue;
    digits = digit;
    what[at++] = digit ? '#' : byte < ' ' || byte > '~' ? '?' : c;
  }
  what[at] = '\0';
}

}  // namespace

const char* to_string(Deed deed) { return deed_names[static_cast<std::size_t>(deed)]; }

const char* to_string(Rule rule) {
  constexpr std::array<const char*, rule_count> names{"E1", "E2", "E3", "E4", "E5", "E6", "E7"};
  return names[static_cast<std::size_t>(rule)];
}

void Tally::expect(Rule rule, bool holds, std::string_view sentence) {
  ++checked[static_cast<std::size_t>(rule)];
  if (!holds) add_finding(rule, sentence);
}

void Tally::add_finding(Rule rule, std::string_view sentence) {
  Found one{rule, next_seed, 1, {}, {}};
  keep(one.what, sentence, true);
  keep(one.example, std::string(sentence) + " | at: " + doing.data(), false);
  const auto end = found.begin() + static_cast<std::ptrdiff_t>(kinds_found);
  const auto known = std::find_if(found.begin(), end, [&one](const Found& f) {
    return f.rule == one.rule && f.what == one.what;
  });
  if (known != end) {
    ++known->times;
  } else if (kinds_found < found.size()) {
    found[kinds_found++] = one;
  } else {
    ++found.back().times;  // No room for another kind: counted with the last one.
  }
}

void Tally::note(std::string_view what) {
  const std::size_t length = std::min(what.size(), doing.size() - 1);
  std::copy_n(what.begin(), length, doing.begin());
  doing[length] = '\0';
}

bool Tally::violates(Rule rule) const {
  return std::any_of(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(kinds_found),
                     [rule](const Found& f) { return f.rule == rule; });
}

std::uint64_t Tally::violations() const {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kinds_found; ++i) sum += found[i].times;
  return sum;
}

}  // namespace skald::faults

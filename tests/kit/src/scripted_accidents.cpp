#include "scripted_accidents.hpp"

#include <charconv>
#include <utility>

namespace skald::testing {
namespace {

constexpr std::array<std::pair<Accident, const char*>, 6> scripted{{
    {Accident::crash_before_commit, "crash-before-commit"},
    {Accident::crash_after_commit, "crash-after-commit"},
    {Accident::crash_while_sending, "crash-while-sending"},
    {Accident::crash_before_receipt, "crash-before-receipt"},
    {Accident::lose_reply, "lost-reply"},
    {Accident::repeat_command, "repeated-command"},
}};

bool is_crash(Accident accident) { return accident <= Accident::crash_before_receipt; }

// Cuts `suffix` off, if it is there.
bool cut(std::string& text, const std::string& suffix) {
  if (!text.ends_with(suffix)) return false;
  text.resize(text.size() - suffix.size());
  return true;
}

}  // namespace

std::string Script::name() const {
  std::string text = "undisturbed";
  for (const auto& [known, known_name] : scripted) {
    if (accident == known) text = known_name + (":" + std::to_string(number));
  }
  if (in_recovery) text += "+recovery";
  if (doubled) text += "+doubled";
  return text;
}

std::optional<Script> Script::parse(const std::string& name) {
  Script script;
  std::string rest = name;
  script.doubled = cut(rest, "+doubled");
  script.in_recovery = cut(rest, "+recovery");
  if (rest == "undisturbed" && !script.in_recovery) return script;
  for (const auto& [known, known_name] : scripted) {
    const std::string prefix = std::string{known_name} + ":";
    if (!rest.starts_with(prefix)) continue;
    const char* const end = rest.data() + rest.size();
    const auto [stop, error] = std::from_chars(rest.data() + prefix.size(), end, script.number);
    script.accident = known;
    if (error == std::errc{} && stop == end && script.number > 0) return script;
  }
  return std::nullopt;
}

bool ScriptedAccidents::happens(Accident accident, Label) {
  if (accident == Accident::repeat_reply) return script_.doubled;
  // Without a broker nobody keeps a reply for the next engine; with one, replies come again.
  if (accident == Accident::lose_reply_at_crash) return !script_.doubled;
  if (accident == Accident::crash_in_recovery) {
    const bool now = script_.in_recovery && crashed_ && !recovery_crashed_;
    recovery_crashed_ = recovery_crashed_ || now;
    return now;
  }
  const std::uint64_t number = ++occasions_[static_cast<std::size_t>(accident)];
  if (accident != script_.accident || number != script_.number) return false;
  crashed_ = is_crash(accident);
  return true;
}

std::vector<Script> ScriptedAccidents::others() const {
  std::vector<Script> all;
  for (const auto& [accident, name] : scripted) {
    const std::uint64_t count = occasions_[static_cast<std::size_t>(accident)];
    for (std::uint64_t number = 1; number <= count; ++number) {
      for (const bool doubled : {false, true}) {
        all.push_back({accident, number, false, doubled});
        if (is_crash(accident)) all.push_back({accident, number, true, doubled});
      }
    }
  }
  return all;
}

}  // namespace skald::testing

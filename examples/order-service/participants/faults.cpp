#include "faults.hpp"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <charconv>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

namespace order_service {
namespace {

using skald::HandlerCall;
using skald::Outcome;
using Kind = Fault::Kind;

struct Word {
  std::string_view word;
  Kind kind;
  std::string_view code;
};
constexpr std::array<Word, 10> words{{{"fail", Kind::fail, ""},
                                      {"unavailable", Kind::fail, ""},
                                      {"reject", Kind::reject, ""},
                                      {"decline", Kind::reject, "DECLINED"},
                                      {"out-of-stock", Kind::reject, "OUT_OF_STOCK"},
                                      {"unknown", Kind::unknown, "CANNOT_TELL"},
                                      {"timeout", Kind::lost, "GATEWAY_TIMEOUT"},
                                      {"lost", Kind::lost, "ANSWER_LOST"},
                                      {"hang", Kind::hang, "NO_ANSWER"},
                                      {"slow", Kind::slow, ""}}};
constexpr skald::Duration hang_max{30'000};

[[noreturn]] void fail_parse(std::string_view text) {
  throw skald::Error(fmt::format(
      "'{}' is no fault; use fail, unavailable, reject, decline, out-of-stock, unknown, timeout, "
      "lost, hang or slow, then nothing, ':NUMBER' or '-until:FILE'",
      text));
}

std::string upper(std::string text) {
  for (char& c : text) c = c == '-' ? '_' : static_cast<char>(std::toupper(c));
  return text;
}

std::string code_of(const Fault& fault, const HandlerCall& call) {
  if (!fault.code.empty()) return fault.code;
  return fault.kind == Kind::reject ? upper(call.action()) + "_REFUSED"
                                    : upper(call.participant()) + "_UNAVAILABLE";
}

std::string planned(const HandlerCall& call) {
  return fmt::format("planned fault at {} of {}", call.action(), call.participant());
}

void wait(skald::Duration duration, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any woken;
  std::unique_lock lock(mutex);
  woken.wait_for(lock, stop, duration, [] { return false; });
}

std::optional<Outcome> before(const Fault& fault, const HandlerCall& call) {
  switch (fault.kind) {
    case Kind::fail: return Outcome::failed(code_of(fault, call), planned(call));
    case Kind::unknown: return Outcome::unknown(code_of(fault, call), planned(call));
    case Kind::slow: wait(fault.delay, call.stop()); return std::nullopt;
    case Kind::hang:
      wait(fault.delay.count() > 0 ? fault.delay : hang_max, call.stop());
      return Outcome::unknown(code_of(fault, call), planned(call));
    case Kind::reject:
    case Kind::lost: return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

Fault Fault::parse(std::string_view text) {
  constexpr std::string_view until = "-until:";
  const std::size_t at = text.find(until);
  const std::string_view word = text.substr(0, at == text.npos ? text.find(':') : at);
  Fault fault;
  bool known = false;
  for (const Word& candidate : words) {
    if (candidate.word != word) continue;
    fault.kind = candidate.kind;
    fault.code = candidate.code;
    known = true;
  }
  if (!known) fail_parse(text);
  if (at != text.npos) {
    fault.until_file = text.substr(at + until.size());
    if (fault.until_file.empty()) fail_parse(text);
    return fault;
  }
  if (word.size() == text.size()) return fault;
  std::uint32_t number = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + word.size() + 1, end, number);
  if (read.ec != std::errc() || read.ptr != end) fail_parse(text);
  if (fault.kind == Kind::hang || fault.kind == Kind::slow) {
    fault.delay = skald::Duration{number};
  } else {
    fault.count = number;
  }
  return fault;
}

bool Fault::holds_for(const HandlerCall& call) const {
  if (!until_file.empty()) return !std::filesystem::exists(until_file);
  return count == 0 || (kind == Kind::reject ? call.round() : call.attempt()) <= count;
}

Faults Faults::parse(std::string_view text) {
  Faults faults;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view one = text.substr(0, comma);
    const std::size_t equals = one.find('=');
    if (equals == one.npos || equals == 0) fail_parse(one);
    faults.add(std::string(one.substr(0, equals)), one.substr(equals + 1));
    text = comma == text.npos ? std::string_view() : text.substr(comma + 1);
  }
  return faults;
}

Faults Faults::from_environment() {
  const char* text = std::getenv("SKALD_EXAMPLE_FAULTS");
  return parse(text == nullptr ? "" : text);
}

void Faults::add(const std::string& target, std::string_view text) {
  by_target_.insert_or_assign(target, Fault::parse(text));
}

void Faults::add(const Faults& others) {
  for (const auto& [target, fault] : others.by_target_) by_target_.insert_or_assign(target, fault);
}

std::optional<Fault> Faults::find(const HandlerCall& call) const {
  const std::string precise = call.participant() + "." + call.action();
  const bool forward = call.direction() == skald::Direction::action;
  const skald::Json& input = call.input();
  if (input.is_object() && input.contains("faults") && input["faults"].is_object()) {
    for (const auto& [target, text] : input["faults"].items()) {
      if (target != precise && (!forward || target != call.participant())) continue;
      if (!text.is_string()) fail_parse(text.dump());
      return Fault::parse(text.get<std::string>());
    }
  }
  auto found = by_target_.find(precise);
  if (found == by_target_.end() && forward) found = by_target_.find(call.participant());
  if (found == by_target_.end()) return std::nullopt;
  return found->second;
}

void Faults::handle(skald::Participant& participant, const std::string& action,
                    skald::TransactionHandler handler) const {
  participant.handle(action, [faults = *this, handler = std::move(handler)](const HandlerCall& call,
                                                                            sqlite3* transaction) {
    const auto fault = faults.find(call);
    if (fault && fault->kind == Kind::reject && fault->holds_for(call)) {
      return Outcome::rejected(code_of(*fault, call), planned(call));
    }
    return handler(call, transaction);
  });
}

void Faults::install(skald::Participant& participant) const {
  participant.before_each([faults = *this](const HandlerCall& call) -> std::optional<Outcome> {
    try {
      const auto fault = faults.find(call);
      if (fault && fault->holds_for(call)) return before(*fault, call);
    } catch (const skald::Error& error) {
      return Outcome::rejected("BAD_ORDER", error.what());
    }
    return std::nullopt;
  });
  participant.after_each([faults = *this](const HandlerCall& call, Outcome outcome) {
    if (outcome.kind != skald::OutcomeKind::success) return outcome;
    const auto fault = faults.find(call);
    if (!fault || fault->kind != Kind::lost || !fault->holds_for(call)) return outcome;
    return Outcome::unknown(code_of(*fault, call), planned(call));
  });
}

}  // namespace order_service

#include "handler_outcome.hpp"

#include <cxxabi.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <typeinfo>

#include "skald/error.hpp"
#include "skald/limits.hpp"
#include "skald/text.hpp"

namespace skald {

namespace {

constexpr const char* no_code = "NO_CODE";
constexpr std::string_view replacement = "\xEF\xBF\xBD";

std::string clean_code(std::string_view code) {
  if (code.empty()) return no_code;
  std::string without_nul;
  for (const char c : code.substr(0, name_bytes_max + 1)) {
    if (c == '\0') {
      without_nul += replacement;
    } else {
      without_nul += c;
    }
  }
  return clean_text(without_nul, name_bytes_max);
}

// What is wrong with a payload, as the end of a sentence; nothing when it can be used.
std::optional<std::string> payload_problem(const JsonText& payload) {
  try {
    // Checked although it is a JsonText: a handler may have called anything trusted.
    (void)JsonText::parse(payload.text(), payload_limits);
  } catch (const JsonError& error) {
    return clean_text(error.what());
  }
  return std::nullopt;
}

std::optional<Outcome> output_problem(const JsonText& output) {
  if (output.is_null()) return std::nullopt;
  if (output.text().size() > payload_bytes_max) {
    return Outcome::unknown(
        reply_too_large,
        fmt::format("it succeeded, and its output of {} bytes is over the limit of {}; return "
                    "less, or a reference",
                    output.text().size(), payload_bytes_max));
  }
  if (const auto problem = payload_problem(output)) {
    return Outcome::unknown(
        bad_output, fmt::format("it succeeded, and its output cannot be used: {}", *problem));
  }
  return std::nullopt;
}

// Of the exception under way, as its source spells it.
std::string thrown_type() {
  const std::type_info* const type = abi::__cxa_current_exception_type();
  if (type == nullptr) return "something foreign";
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(type->name(), nullptr, nullptr, &status), &std::free);
  return clean_text(name ? name.get() : type->name(), name_bytes_max);
}

}  // namespace

void tidy_error(ErrorInfo& error) {
  error.code = clean_code(error.code);
  error.message = clean_text(error.message);
  if (error.data.is_null()) return;
  const auto problem = payload_problem(error.data);
  if (!problem) return;
  error.data = JsonText{};
  error.message = clean_text(fmt::format("{}{}(its data were left out: {})", error.message,
                                         error.message.empty() ? "" : " ", *problem));
}

Outcome within_limits(Outcome outcome) {
  switch (outcome.kind) {
    case OutcomeKind::success:
      if (auto problem = output_problem(outcome.output)) return *std::move(problem);
      break;
    case OutcomeKind::pending:
      outcome.lease = std::clamp(outcome.lease, Duration{1}, wish_max);
      // NaN is neither below nor above anything.
      if (!(outcome.progress >= 0)) outcome.progress = 0;
      outcome.progress = std::min(outcome.progress, 1.0);
      break;
    case OutcomeKind::rejected:
    case OutcomeKind::failed:
    case OutcomeKind::unknown: tidy_error(outcome.error); break;
  }
  if (outcome.retry_after) {
    outcome.retry_after = std::clamp(*outcome.retry_after, Duration{0}, wish_max);
  }
  return outcome;
}

Outcome handler_threw() {
  try {
    throw;
  } catch (const std::exception& thrown) {
    return Outcome::unknown("HANDLER_THREW", clean_text(thrown.what()));
  } catch (...) {  // A type of the user's, which is named.
    return Outcome::unknown("HANDLER_THREW",
                            fmt::format("it threw {}, which is no std::exception", thrown_type()));
  }
}

}  // namespace skald

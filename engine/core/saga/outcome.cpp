#include "skald/outcome.hpp"

#include <array>
#include <nlohmann/json.hpp>

namespace skald {

namespace {

constexpr std::array kinds{OutcomeKind::success, OutcomeKind::rejected, OutcomeKind::failed,
                           OutcomeKind::unknown, OutcomeKind::pending};

Outcome refusal(OutcomeKind kind, std::string code, std::string message) {
  Outcome outcome;
  outcome.kind = kind;
  outcome.error = {std::move(code), std::move(message), {}};
  return outcome;
}

}  // namespace

const char* to_string(OutcomeKind kind) {
  switch (kind) {
    case OutcomeKind::success: return "success";
    case OutcomeKind::rejected: return "rejected";
    case OutcomeKind::failed: return "failed";
    case OutcomeKind::unknown: return "unknown";
    case OutcomeKind::pending: return "pending";
  }
  return "unknown";
}

std::optional<OutcomeKind> parse_outcome_kind(std::string_view text) {
  for (const OutcomeKind kind : kinds) {
    if (text == to_string(kind)) return kind;
  }
  return std::nullopt;
}

Outcome Outcome::success(const Json& output) {
  Outcome outcome;
  outcome.output = JsonText::of(output);
  return outcome;
}

Outcome Outcome::rejected(std::string code, std::string message) {
  return refusal(OutcomeKind::rejected, std::move(code), std::move(message));
}

Outcome Outcome::failed(std::string code, std::string message,
                        std::optional<Duration> retry_after) {
  Outcome outcome = refusal(OutcomeKind::failed, std::move(code), std::move(message));
  outcome.retry_after = retry_after;
  return outcome;
}

Outcome Outcome::unknown(std::string code, std::string message) {
  return refusal(OutcomeKind::unknown, std::move(code), std::move(message));
}

Outcome Outcome::pending(Duration lease, double progress) {
  Outcome outcome;
  outcome.kind = OutcomeKind::pending;
  outcome.lease = lease;
  outcome.progress = progress;
  return outcome;
}

}  // namespace skald

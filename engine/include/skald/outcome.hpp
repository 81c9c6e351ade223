// What became of an attempt.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "skald/json.hpp"
#include "skald/time.hpp"

namespace skald {

enum class OutcomeKind : std::uint8_t {
  success,   ///< Done; final.
  rejected,  ///< Refused for good, no effect; final.
  failed,    ///< Could not now, no lasting effect; may be retried.
  unknown,   ///< Tried, cannot tell.
  pending,   ///< Accepted, takes long; a final reply follows.
};
[[nodiscard]] const char* to_string(OutcomeKind kind);
[[nodiscard]] std::optional<OutcomeKind> parse_outcome_kind(std::string_view text);

/// Why something did not work, in the participant's words.
struct ErrorInfo {
  std::string code;     ///< Machine-readable, e.g. `OUT_OF_STOCK`.
  std::string message;  ///< For people; may be empty.
  JsonText data;        ///< `null` when there is none.
  friend bool operator==(const ErrorInfo&, const ErrorInfo&) = default;
};

/// A participant's answer, and what a handler returns.
struct Outcome {
  OutcomeKind kind = OutcomeKind::success;
  JsonText output;                      ///< Of `success`.
  ErrorInfo error;                      ///< Of `rejected`, `failed` and `unknown`.
  std::optional<Duration> retry_after;  ///< Of `failed`: not before this.
  Duration lease{0};    ///< Of `pending`: the attempt's timeout starts anew at this.
  double progress = 0;  ///< Of `pending`: from 0 to 1.
  /// Of `failed`, set by a channel: do not retry by policy (a dead-lettered command).
  bool final_failure = false;

  [[nodiscard]] static Outcome success(const Json& output);
  [[nodiscard]] static Outcome success() { return {}; }
  [[nodiscard]] static Outcome rejected(std::string code, std::string message = {});
  [[nodiscard]] static Outcome failed(std::string code, std::string message = {},
                                      std::optional<Duration> retry_after = {});
  [[nodiscard]] static Outcome unknown(std::string code, std::string message = {});
  [[nodiscard]] static Outcome pending(Duration lease, double progress = 0);
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

}  // namespace skald

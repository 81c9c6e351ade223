#include "saga/outcome_limits.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "saga/size.hpp"
#include "skald/limits.hpp"
#include "skald/text.hpp"

namespace skald {
namespace {

// Most outputs are small, and a thousand of them fit in any case.
constexpr std::size_t small_bytes = 1024;

void limit_error(ErrorInfo& error, const Saga& saga) {
  error.code = clean_text(error.code, name_bytes_max);
  std::replace(error.code.begin(), error.code.end(), '\0', '_');
  error.message = clean_text(error.message);
  const std::size_t bytes = error.data.text().size();
  if (bytes <= small_bytes) return;
  const bool fits = bytes <= error_data_bytes_max && payload_bytes(saga) + bytes <= saga_bytes_max;
  if (fits) return;
  error.data = JsonText{};
  error.message = clean_text(fmt::format("{} (data of {} bytes left out; at most {} are kept)",
                                         clean_text(error.message, free_text_bytes_max / 2), bytes,
                                         error_data_bytes_max));
}

void limit_output(Outcome& outcome, const Saga& saga) {
  const std::size_t bytes = outcome.output.text().size();
  if (bytes <= small_bytes) return;
  const std::size_t held = payload_bytes(saga);
  if (bytes <= payload_bytes_max && held + bytes <= saga_bytes_max) return;
  outcome = Outcome::unknown(
      "OUTPUT_TOO_LARGE",
      fmt::format("it succeeded, but its output of {} bytes does not fit: an output has at most {} "
                  "bytes, all payloads of a saga {}, and this one holds {}; say what happened by "
                  "skip --as succeeded with an output of your own",
                  bytes, payload_bytes_max, saga_bytes_max, held));
  outcome.final_failure = true;
}

}  // namespace

void limit_outcome(Outcome& outcome, const Saga& saga) {
  if (outcome.retry_after) {
    outcome.retry_after = std::clamp(*outcome.retry_after, Duration::zero(), duration_max);
  }
  outcome.lease = std::clamp(outcome.lease, Duration::zero(), duration_max);
  if (outcome.kind == OutcomeKind::success) {
    limit_output(outcome, saga);
  } else if (outcome.kind != OutcomeKind::pending) {
    limit_error(outcome.error, saga);
  }
}

}  // namespace skald

#include "waiting.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "exit_code.hpp"
#include "skald/error.hpp"
#include "span_options.hpp"

namespace skald::cli {
namespace {

constexpr Duration slice_max{2'000};

}  // namespace

std::optional<Status> wait_for(const SagaId& id, std::optional<Duration> timeout,
                               StoreAccess& access, const Context& context) {
  const Time begin = context.clock.now();
  for (;;) {
    Duration slice = slice_max;
    if (timeout) slice = std::clamp(begin + *timeout - context.clock.now(), Duration(0), slice);
    const Json answer = access.request_of_engine(
        {{"verb", "wait"}, {"id", id.to_string()}, {"timeout_ms", slice.count()}});
    throw_if_refused(answer);
    const auto status = parse_status(answer.value("status", ""));
    if (answer.value("done", false) && status) return status;
    if (timeout && context.clock.now() >= begin + *timeout) return std::nullopt;
    if (context.pause(Duration(0))) return std::nullopt;
  }
}

int exit_code_of_wait(const std::optional<Status>& status) {
  if (!status) return exit_wait_timed_out;
  switch (*status) {
    case Status::compensated: return exit_compensated;
    case Status::stuck: return exit_stuck;
    case Status::abandoned: return exit_abandoned;
    case Status::completed:
    case Status::pending:
    case Status::running:
    case Status::compensating: break;
  }
  return exit_done;
}

std::optional<Duration> parse_timeout(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return span_option("--timeout", text);
}

}  // namespace skald::cli

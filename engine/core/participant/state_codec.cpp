// The stored form of a participant's state.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "skald/participant_state.hpp"
#include "skald/text.hpp"

namespace skald {
namespace {

constexpr int codec_version = 1;

// Beyond any time and duration that Skald takes, and far from where arithmetic on them overflows.
constexpr std::int64_t ms_max = 1'000'000'000'000'000;

// What only another hand can have written.
struct Damaged {};

std::int64_t number(const Json& json) {
  const auto number = json.get<std::int64_t>();
  if (number < 0 || number > ms_max) throw Damaged{};
  return number;
}

std::int64_t ms(Time time) { return time.time_since_epoch().count(); }
Duration duration_of(const Json& json) { return Duration(number(json)); }
Time time_of(const Json& json) { return Time{duration_of(json)}; }
std::uint32_t count_of(const Json& json) {
  return static_cast<std::uint32_t>(std::min<std::int64_t>(number(json), UINT32_MAX));
}

Json window_json(const RollingWindow& window) {
  Json counts = Json::array();
  for (const auto& [a, b] : window.counts) counts.push_back({a, b});
  return {{"slice", window.slice.count()}, {"newest", window.newest}, {"counts", counts}};
}

RollingWindow read_window(const Json& json) {
  RollingWindow window;
  window.slice = duration_of(json.at("slice"));
  window.newest = number(json.at("newest"));
  const Json& counts = json.at("counts");
  for (std::size_t i = 0; i < window.counts.size(); ++i) {
    window.counts[i] = {static_cast<std::uint64_t>(number(counts.at(i).at(0))),
                        static_cast<std::uint64_t>(number(counts.at(i).at(1)))};
  }
  return window;
}

Json answer_json(const LastAnswer& answer) {
  return {{"at", ms(answer.at)}, {"error_code", answer.error_code}};
}

std::optional<LastAnswer> read_answer(const Json& state, const char* key) {
  if (!state.contains(key)) return std::nullopt;
  const Json& json = state.at(key);
  return LastAnswer{time_of(json.at("at")), json.at("error_code").get<std::string>()};
}

BreakerPhase read_phase(const std::string& text) {
  for (const BreakerPhase phase :
       {BreakerPhase::closed, BreakerPhase::open, BreakerPhase::half_open}) {
    if (text == to_string(phase)) return phase;
  }
  throw Damaged{};
}

Json stored_order(const BreakerOrder& order) {
  Json json{{"at", ms(order.at)},
            {"phase", to_string(order.phase)},
            {"by", order.by},
            {"reason", order.reason}};
  if (order.until) json["until"] = ms(*order.until);
  return json;
}

BreakerOrder read_order(const Json& json) {
  BreakerOrder order{time_of(json.at("at")), read_phase(json.at("phase").get<std::string>()),
                     std::nullopt, json.at("by").get<std::string>(),
                     json.at("reason").get<std::string>()};
  if (json.contains("until")) order.until = time_of(json.at("until"));
  return order;
}

BreakerState read_breaker(const Json& json) {
  BreakerState state;
  state.phase = read_phase(json.at("phase").get<std::string>());
  state.generation = static_cast<std::uint64_t>(number(json.at("generation")));
  state.failures_in_row = count_of(json.at("failures_in_row"));
  state.calls = read_window(json.at("calls"));
  state.opened_at = time_of(json.at("opened_at"));
  state.open_for = duration_of(json.at("open_for"));
  state.openings = count_of(json.at("openings"));
  state.probes_in_flight = count_of(json.at("probes_in_flight"));
  state.probes_alive = count_of(json.at("probes_alive"));
  if (json.contains("set_until")) state.set_until = time_of(json.at("set_until"));
  return state;
}

}  // namespace

std::string encode_state(const ParticipantState& state) {
  const BreakerState& breaker = state.breaker;
  const RateLimitState& rate = state.rate_limit;
  Json json{
      {"v", codec_version},
      {"breaker",
       {{"phase", to_string(breaker.phase)},
        {"generation", breaker.generation},
        {"failures_in_row", breaker.failures_in_row},
        {"calls", window_json(breaker.calls)},
        {"opened_at", ms(breaker.opened_at)},
        {"open_for", breaker.open_for.count()},
        {"openings", breaker.openings},
        {"probes_in_flight", breaker.probes_in_flight},
        {"probes_alive", breaker.probes_alive}}},
      {"rate_limit", {{"level", rate.level}, {"period", rate.period.count()}, {"at", ms(rate.at)}}},
      {"retry_budget", window_json(state.retry_budget.tries)}};
  if (breaker.set_until) json["breaker"]["set_until"] = ms(*breaker.set_until);
  if (state.unusable > 0) json["unusable"] = state.unusable;
  if (state.order) json["order"] = stored_order(*state.order);
  if (state.last_answer) json["last_answer"] = answer_json(*state.last_answer);
  if (state.last_error) json["last_error"] = answer_json(*state.last_error);
  return dump_json(json);
}

std::optional<ParticipantState> decode_state(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    if (json.at("v") != codec_version) return std::nullopt;
    ParticipantState state;
    state.breaker = read_breaker(json.at("breaker"));
    const Json& rate = json.at("rate_limit");
    state.rate_limit = {number(rate.at("level")), duration_of(rate.at("period")),
                        time_of(rate.at("at"))};
    state.retry_budget.tries = read_window(json.at("retry_budget"));
    if (json.contains("unusable")) {
      state.unusable = static_cast<std::uint64_t>(number(json.at("unusable")));
    }
    if (json.contains("order")) state.order = read_order(json.at("order"));
    state.last_answer = read_answer(json, "last_answer");
    state.last_error = read_answer(json, "last_error");
    return state;
  } catch (const Json::exception&) {
    return std::nullopt;
  } catch (const Damaged&) {
    return std::nullopt;
  }
}

}  // namespace skald

#include "participant/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace skald {
namespace {

constexpr std::uint32_t count_max = 1'000'000;
constexpr double multiplier_max = 1000;
constexpr double failure_rate_min = 0.001;
constexpr double per_second_max = 1'000'000;
constexpr Duration window_max{86'400'000};

// A window is divided by ten, and what it counts is kept in memory only.
Duration read_window(const Place& place) {
  const Duration window = place.duration();
  if (window > window_max) place.refuse_value("at most \"1d\"");
  return window;
}

void refuse_without(const Place& breaker, const char* key, const char* other) {
  if (const auto p = breaker.find(key)) {
    p->refuse(fmt::format("means nothing without \"{}\"; give it or remove this", other));
  }
}

BreakerPolicy read_breaker(const Place& place) {
  place.allow_keys({"failures", "failure_rate", "window", "min_calls", "delay", "max_delay",
                    "multiplier", "probes", "successes"});
  BreakerPolicy breaker;
  if (const auto p = place.find("failure_rate")) {
    breaker.failure_rate = p->number(failure_rate_min, 1);
    breaker.failures = 0;
  } else {
    refuse_without(place, "window", "failure_rate");
    refuse_without(place, "min_calls", "failure_rate");
  }
  if (const auto p = place.find("failures")) breaker.failures = p->whole_number(1, count_max);
  if (const auto p = place.find("window")) breaker.window = read_window(*p);
  if (const auto p = place.find("min_calls")) breaker.min_calls = p->whole_number(1, count_max);
  if (const auto p = place.find("delay")) breaker.delay = p->duration();
  if (const auto p = place.find("max_delay")) {
    breaker.max_delay = p->duration();
    if (*breaker.max_delay < breaker.delay) {
      p->refuse_value(fmt::format("at least the delay, {}", format_duration(breaker.delay)));
    }
  } else {
    refuse_without(place, "multiplier", "max_delay");
  }
  if (const auto p = place.find("multiplier")) breaker.multiplier = p->number(1, multiplier_max);
  if (const auto p = place.find("probes")) breaker.probes = p->whole_number(1, count_max);
  if (const auto p = place.find("successes")) breaker.successes = p->whole_number(1, count_max);
  return breaker;
}

BulkheadPolicy read_bulkhead(const Place& place) {
  place.allow_keys({"max_in_flight", "max_waiting"});
  BulkheadPolicy bulkhead;
  bulkhead.max_in_flight =
      place.require("max_in_flight", "how many commands may be under way at once")
          .whole_number(1, count_max);
  if (const auto p = place.find("max_waiting"))
    bulkhead.max_waiting = p->whole_number(0, count_max);
  return bulkhead;
}

// Rounded up, so that a slow rate still has its one token.
std::uint32_t per_second(const Rate& rate) {
  const std::int64_t parts = static_cast<std::int64_t>(rate.count) * 1'000;
  const std::int64_t period = rate.period.count();
  return static_cast<std::uint32_t>(
      std::min<std::int64_t>((parts + period - 1) / period, count_max));
}

RateLimitPolicy read_rate_limit(const Place& place) {
  place.allow_keys({"rate", "burst"});
  const Place at = place.require("rate", "a rate such as \"100/s\"");
  const auto rate = at.value().is_string() ? parse_rate(at.text()) : std::nullopt;
  if (!rate) {
    at.refuse_value(
        "a rate such as \"100/s\", \"10/m\" or \"3/250ms\": 1 to 1000000 per at most a day");
  }
  RateLimitPolicy limit{*rate, per_second(*rate)};
  if (const auto p = place.find("burst")) limit.burst = p->whole_number(1, count_max);
  return limit;
}

RetryBudgetPolicy read_retry_budget(const Place& place) {
  place.allow_keys({"ratio", "min_per_second", "window"});
  RetryBudgetPolicy budget;
  if (const auto p = place.find("ratio")) budget.ratio = p->number(0, 1);
  if (const auto p = place.find("min_per_second")) {
    budget.min_per_second = p->number(0, per_second_max);
  }
  if (const auto p = place.find("window")) budget.window = read_window(*p);
  return budget;
}

Json breaker_json(const BreakerPolicy& breaker) {
  Json json{{"delay", format_duration(breaker.delay)},
            {"probes", breaker.probes},
            {"successes", breaker.successes}};
  const bool by_rate = breaker.failure_rate != 0;
  if (by_rate) {
    json["failure_rate"] = breaker.failure_rate;
    json["window"] = format_duration(breaker.window);
    json["min_calls"] = breaker.min_calls;
  }
  // A breaker that nothing opens is written down as it is, for the reader to refuse.
  if (breaker.failures > 0 || !by_rate) json["failures"] = breaker.failures;
  if (breaker.max_delay) {
    json["max_delay"] = format_duration(*breaker.max_delay);
    json["multiplier"] = breaker.multiplier;
  }
  return json;
}

}  // namespace

ParticipantPolicies read_policies(const Place& settings) {
  ParticipantPolicies policies;
  if (const auto p = settings.find("breaker")) policies.breaker = read_breaker(*p);
  if (const auto p = settings.find("bulkhead")) policies.bulkhead = read_bulkhead(*p);
  if (const auto p = settings.find("rate_limit")) policies.rate_limit = read_rate_limit(*p);
  if (const auto p = settings.find("retry_budget")) policies.retry_budget = read_retry_budget(*p);
  return policies;
}

Json policies_json(const ParticipantPolicies& policies) {
  Json json = Json::object();
  if (policies.breaker) json["breaker"] = breaker_json(*policies.breaker);
  if (const auto& bulkhead = policies.bulkhead) {
    json["bulkhead"]["max_in_flight"] = bulkhead->max_in_flight;
    if (bulkhead->max_waiting) json["bulkhead"]["max_waiting"] = *bulkhead->max_waiting;
  }
  if (const auto& limit = policies.rate_limit) {
    json["rate_limit"] = {{"rate", format_rate(limit->rate)}, {"burst", limit->burst}};
  }
  if (const auto& budget = policies.retry_budget) {
    json["retry_budget"] = {{"ratio", budget->ratio},
                            {"min_per_second", budget->min_per_second},
                            {"window", format_duration(budget->window)}};
  }
  return json;
}

PoliciesByName parse_policies(const Json& participants, const std::string& where) {
  const Place top(participants, where);
  if (!participants.is_object()) top.refuse_value("an object of participants by name");
  PoliciesByName by_name;
  for (const auto& [name, settings] : participants.items()) {
    (void)Place(Json(name), where).name();
    const Place place(settings, where.empty() ? name : where + "." + name);
    place.allow_keys({"breaker", "bulkhead", "rate_limit", "retry_budget"});
    by_name[name] = read_policies(place);
  }
  return by_name;
}

}  // namespace skald

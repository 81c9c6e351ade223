#include "definition/policies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "participant/reader.hpp"
#include "skald/limits.hpp"
#include "skald/text.hpp"

namespace skald {

namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t attempts_max = 1'000'000;
constexpr double multiplier_max = 1000;
constexpr Duration default_timeout = 30s;

struct JitterName {
  Jitter jitter;
  const char* name;
};
constexpr std::array<JitterName, 3> jitter_names{
    {{Jitter::none, "none"}, {Jitter::full, "full"}, {Jitter::equal, "equal"}}};

struct ActionName {
  OnFailure::Action action;
  const char* name;
};
constexpr std::array<ActionName, 3> action_names{{{OnFailure::Action::compensate, "compensate"},
                                                  {OnFailure::Action::stuck, "stuck"},
                                                  {OnFailure::Action::skip, "skip"}}};

Jitter read_jitter(const Place& place) {
  for (const JitterName& known : jitter_names) {
    if (place.value() == known.name) return known.jitter;
  }
  place.refuse_value("\"none\", \"full\" or \"equal\"");
}

std::vector<std::string> read_error_codes(const Place& place) {
  const std::vector<Place> items = place.items();
  if (items.size() > error_codes_max) {
    place.refuse(fmt::format("must be <= {} error codes, is {}", error_codes_max, items.size()));
  }
  std::vector<std::string> codes;
  for (const Place& item : items) {
    codes.push_back(item.text());
    if (const auto problem = name_problem(codes.back())) {
      item.refuse("must be an error code, " + *problem);
    }
  }
  return codes;
}

}  // namespace

RetryPolicy default_compensation_retry() {
  RetryPolicy policy;
  policy.max_attempts = 10;
  policy.initial_delay = 1s;
  policy.multiplier = 2;
  policy.max_delay = 60s;
  policy.jitter = Jitter::full;
  return policy;
}

void overlay_retry(const Place& place, RetryPolicy& policy) {
  place.allow_keys({"max_attempts", "initial_delay", "multiplier", "max_delay", "jitter",
                    "max_elapsed", "retry_on", "abort_on"});
  if (const auto p = place.find("max_attempts")) {
    policy.max_attempts = p->whole_number(1, attempts_max);
  }
  if (const auto p = place.find("initial_delay")) policy.initial_delay = p->duration();
  if (const auto p = place.find("multiplier")) policy.multiplier = p->number(1, multiplier_max);
  if (const auto p = place.find("max_delay")) policy.max_delay = p->duration();
  if (const auto p = place.find("jitter")) policy.jitter = read_jitter(*p);
  if (const auto p = place.find("max_elapsed")) {
    policy.max_elapsed.reset();
    if (!p->value().is_null()) policy.max_elapsed = p->duration();
  }
  if (const auto p = place.find("retry_on")) policy.retry_on = read_error_codes(*p);
  if (const auto p = place.find("abort_on")) policy.abort_on = read_error_codes(*p);
}

Json retry_json(const RetryPolicy& policy) {
  const auto jitter =
      std::find_if(jitter_names.begin(), jitter_names.end(),
                   [&](const JitterName& known) { return known.jitter == policy.jitter; });
  return Json{
      {"max_attempts", policy.max_attempts},
      {"initial_delay", format_duration(policy.initial_delay)},
      {"multiplier", policy.multiplier},
      {"max_delay", format_duration(policy.max_delay)},
      {"jitter", jitter->name},
      {"max_elapsed", policy.max_elapsed ? Json(format_duration(*policy.max_elapsed)) : Json()},
      {"retry_on", policy.retry_on},
      {"abort_on", policy.abort_on}};
}

OnFailure read_on_failure(const Place& place) {
  if (place.value().is_object()) {
    place.allow_keys({"fallback"});
    const Place output = place.require("fallback", "the output to go on with");
    return {OnFailure::Action::fallback, JsonText::of(output.value())};
  }
  for (const ActionName& known : action_names) {
    if (place.value() == known.name) return {known.action, {}};
  }
  place.refuse_value("\"compensate\", \"stuck\", \"skip\" or {\"fallback\": output}");
}

Json on_failure_json(const OnFailure& on_failure) {
  for (const ActionName& known : action_names) {
    if (known.action == on_failure.action) return known.name;
  }
  return Json{{"fallback", on_failure.fallback.value()}};
}

StepDefaults::StepDefaults(const Place& document)
    : defaults_(document.find("defaults")), participants_(document.find("participants")) {
  if (defaults_) {
    defaults_->allow_keys({"timeout", "retry", "compensation_retry", "on_failure"});
    RetryPolicy scratch;
    const auto check = [this](const char* key, auto read) {
      if (const auto p = defaults_->find(key)) p->part([&] { read(*p); });
    };
    check("timeout", [](const Place& p) { (void)p.duration(); });
    check("retry", [&](const Place& p) { overlay_retry(p, scratch); });
    check("compensation_retry", [&](const Place& p) { overlay_retry(p, scratch); });
    check("on_failure", [](const Place& p) { (void)read_on_failure(p); });
  }
  if (!participants_) return;
  if (!participants_->value().is_object()) participants_->refuse_value("an object");
  for (const auto& [name, settings] : participants_->value().items()) {
    (void)Place(Json(name), participants_->where()).name();
    const Place place(settings, participants_->where() + "." + name);
    place.allow_keys({"timeout", "retry", "breaker", "bulkhead", "rate_limit", "retry_budget"});
    RetryPolicy scratch;
    if (const auto p = place.find("timeout")) (void)p->duration();
    if (const auto p = place.find("retry")) overlay_retry(*p, scratch);
  }
}

std::optional<Place> StepDefaults::participant(const std::string& name, const char* key) const {
  if (!participants_) return std::nullopt;
  const auto settings = participants_->find(name);
  return settings ? settings->find(key) : std::nullopt;
}

Duration StepDefaults::timeout(const std::string& name) const {
  if (const auto p = participant(name, "timeout")) return p->duration();
  if (const auto p = defaults_ ? defaults_->find("timeout") : std::nullopt) return p->duration();
  return default_timeout;
}

RetryPolicy StepDefaults::retry(const std::string& name) const {
  RetryPolicy policy;
  if (const auto p = defaults_ ? defaults_->find("retry") : std::nullopt) overlay_retry(*p, policy);
  if (const auto p = participant(name, "retry")) overlay_retry(*p, policy);
  return policy;
}

RetryPolicy StepDefaults::compensation_retry() const {
  RetryPolicy policy = default_compensation_retry();
  if (const auto p = defaults_ ? defaults_->find("compensation_retry") : std::nullopt) {
    overlay_retry(*p, policy);
  }
  return policy;
}

OnFailure StepDefaults::on_failure() const {
  const auto p = defaults_ ? defaults_->find("on_failure") : std::nullopt;
  return p ? read_on_failure(*p) : OnFailure{};
}

PoliciesByName StepDefaults::policies() const {
  PoliciesByName by_name;
  if (!participants_) return by_name;
  for (const auto& [name, settings] : participants_->value().items()) {
    ParticipantPolicies policies =
        read_policies(Place(settings, participants_->where() + "." + name));
    if (!policies.empty()) by_name.emplace(name, policies);
  }
  return by_name;
}

void StepDefaults::check_all_used(const std::vector<Step>& steps) const {
  if (!participants_) return;
  std::vector<std::string_view> used;
  for (const Step& step : steps) {
    const auto* each = step.as<ForEach>();
    used.emplace_back(each ? each->step->participant : step.participant);
  }
  for (const auto& [name, settings] : participants_->value().items()) {
    if (std::find(used.begin(), used.end(), name) != used.end()) continue;
    Place(settings, participants_->where() + "." + name)
        .refuse("no step has this participant" + did_you_mean(name, used));
  }
}

}  // namespace skald

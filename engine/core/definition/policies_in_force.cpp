#include "skald/policies_in_force.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace skald {
namespace {

std::string name_of(const std::string& type, std::uint32_t version) {
  return fmt::format("{} v{}", type, version);
}

class Resolving {
 public:
  explicit Resolving(const PoliciesByName& configured) {
    for (const auto& [name, policies] : configured) {
      PoliciesInForce& in_force = resolved_.by_participant[name];
      in_force.policies = policies;
      const auto from_here = [&](const char* key, bool stated) {
        if (stated) in_force.sources[key] = "configuration";
      };
      from_here("breaker", policies.breaker.has_value());
      from_here("bulkhead", policies.bulkhead.has_value());
      from_here("rate_limit", policies.rate_limit.has_value());
      from_here("retry_budget", policies.retry_budget.has_value());
    }
  }

  void add(const Definition& definition) {
    for (const Step& step : definition.steps) {
      const auto* each = step.as<ForEach>();
      const std::string& name = each ? each->step->participant : step.participant;
      if (!name.empty()) (void)resolved_.by_participant[name];
    }
    for (const auto& [name, stated] : definition.participants) {
      add(definition, name, "breaker", &ParticipantPolicies::breaker, stated);
      add(definition, name, "bulkhead", &ParticipantPolicies::bulkhead, stated);
      add(definition, name, "rate_limit", &ParticipantPolicies::rate_limit, stated);
      add(definition, name, "retry_budget", &ParticipantPolicies::retry_budget, stated);
    }
  }

  [[nodiscard]] ResolvedPolicies take() { return std::move(resolved_); }

 private:
  template <typename Policy>
  void add(const Definition& definition, const std::string& name, const char* key,
           std::optional<Policy> ParticipantPolicies::*member, const ParticipantPolicies& stated) {
    if (!(stated.*member)) return;
    PoliciesInForce& in_force = resolved_.by_participant[name];
    std::optional<Policy>& taken = in_force.policies.*member;
    const auto owner = owners_.find({name, key});
    if (!taken) {
      taken = stated.*member;
      in_force.sources[key] = name_of(definition.type, definition.version);
      owners_[{name, key}] = &definition;
    } else if (owner != owners_.end() && *taken != *(stated.*member)) {
      resolved_.conflicts.push_back({name, key, owner->second->type, owner->second->version,
                                     definition.type, definition.version});
    }
  }

  ResolvedPolicies resolved_;
  std::map<std::pair<std::string, std::string>, const Definition*> owners_;
};

}  // namespace

std::string describe(const PolicyConflict& conflict) {
  return fmt::format(
      "{} and {} state a different {} for participant {}, which has one for all sagas; state the "
      "same in both, or put participants.{}.{} into the engine's configuration, which overrules "
      "definitions",
      name_of(conflict.taken, conflict.taken_version),
      name_of(conflict.other, conflict.other_version), conflict.policy, conflict.participant,
      conflict.participant, conflict.policy);
}

ResolvedPolicies resolve_policies(const PoliciesByName& configured,
                                  const std::vector<DefinitionPtr>& definitions) {
  std::map<std::string, DefinitionPtr> newest;
  for (const DefinitionPtr& definition : definitions) {
    DefinitionPtr& known = newest[definition->type];
    if (!known || known->version <= definition->version) known = definition;
  }
  Resolving resolving(configured);
  for (const auto& [type, definition] : newest) resolving.add(*definition);
  return resolving.take();
}

void check_policies(const PoliciesByName& configured) {
  Json json = Json::object();
  for (const auto& [name, policies] : configured) json[name] = policies_json(policies);
  (void)parse_policies(json, "participants");
}

}  // namespace skald

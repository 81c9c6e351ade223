#include "participant_list.hpp"

#include <nlohmann/json.hpp>

#include "engine_config.hpp"
#include "skald/participant_view.hpp"

namespace skald::cli {
namespace {

Json from_store(StoreReader& reader, const PoliciesByName& configured, Time now) {
  const auto states = reader.participant_states();
  Json list = Json::array();
  for (auto& [name, in_force] : resolve_policies(configured, reader.definitions()).by_participant) {
    ParticipantStatus status{name, in_force, {}, std::nullopt};
    if (const auto stored = states.find(name); stored != states.end()) {
      // What cannot be read begins anew in an engine, too.
      const auto state = decode_state(stored->second).value_or(ParticipantState{});
      status.state = after_restart(in_force.policies, state, now);
    }
    list.push_back(participant_json(status, now));
  }
  return list;
}

}  // namespace

ParticipantList list_participants(StoreAccess& access, const std::string& config, Time now) {
  const PoliciesByName configured = configured_policies(config);
  StoreReader& reader = access.reader();
  const Json answer = access.request_of_engine({{"verb", "participants"}});
  if (answer.value("ok", false)) return {answer.at("participants"), true};
  return {from_store(reader, configured, now), false};
}

}  // namespace skald::cli

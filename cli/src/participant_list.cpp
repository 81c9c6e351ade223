#include "participant_list.hpp"

#include <nlohmann/json.hpp>

#include "skald/amqp_queues.hpp"
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

ParticipantList list_participants(StoreAccess& access, const EngineConfig& config, Time now) {
  StoreReader& reader = access.reader();
  const Json answer = access.request_of_engine({{"verb", "participants"}});
  ParticipantList list;
  list.from_engine = answer.value("ok", false);
  list.participants =
      list.from_engine ? answer.at("participants") : from_store(reader, config.participants, now);
  for (Json& participant : list.participants) participant["queue"] = nullptr;
  return list;
}

void look_at_queues(ParticipantList& list, const AmqpOptions& broker) {
  std::vector<std::string> names;
  for (const Json& p : list.participants) names.push_back(p.at("name").get<std::string>());
  try {
    const auto queues = command_queues(broker, names);
    list.queues_known = true;
    for (Json& p : list.participants) {
      const auto found = queues.find(p.at("name").get<std::string>());
      if (found == queues.end()) continue;
      p["queue"] = {{"messages", found->second.messages}, {"consumers", found->second.consumers}};
    }
  } catch (const ChannelError& error) {
    list.broker_failure = error.what();
  }
}

}  // namespace skald::cli

#include "unreadable.hpp"

#include <nlohmann/json.hpp>

namespace skald::cli {

Json unreadable_json(const UnreadableSaga& saga) {
  Json json{{"id", saga.id.to_string()}, {"unreadable", saga.problem}};
  if (!saga.summary) return json;
  const SagaSummary& known = *saga.summary;
  json.update({{"type", known.type},
               {"version", known.definition_version},
               {"status", to_string(known.status)},
               {"paused", known.paused},
               {"forced", known.forced},
               {"key", known.key ? Json(*known.key) : Json()},
               {"started_at", format_time(known.started_at)},
               {"updated_at", format_time(known.updated_at)},
               {"ended_at", known.ended_at ? Json(format_time(*known.ended_at)) : Json()}});
  return json;
}

}  // namespace skald::cli

#include "preview.hpp"

#include <nlohmann/json.hpp>
#include <variant>

#include "skald/secret_mask.hpp"

namespace skald::cli {
namespace {

std::string action_of(const Step& step, Direction direction) {
  switch (direction) {
    case Direction::action: return step.action;
    case Direction::compensate: return step.compensation ? step.compensation->action : "";
    case Direction::resolve: return step.resolve;
  }
  return {};
}

Preview decide_here(const Definition& definition, Saga saga, const Input& input, Time now) {
  const Decision decision = decide(definition, saga, input, now, OpenAdmission{});
  Preview preview;
  preview.refusal = decision.refusal;
  preview.status = saga.status;
  const SecretMask mask(definition, saga);
  for (const Effect& effect : decision.effects) {
    const auto* send = std::get_if<SendCommand>(&effect);
    if (send == nullptr) continue;
    const Step& step = definition.steps[send->attempt.step];
    preview.commands.push_back(
        {send->attempt, step.name, step.participant, action_of(step, send->attempt.direction),
         mask.body(send->attempt.step, send->attempt.direction, send->body)});
  }
  return preview;
}

}  // namespace

Preview preview(const FoldedSaga& folded, const Input& input, Time now) {
  return decide_here(*folded.definition, folded.saga, input, now);
}

Preview preview_start(const Definition& definition, const StartRequested& start, Time now) {
  return decide_here(definition, Saga{}, start, now);
}

Json preview_json(const Preview& preview) {
  Json rows = Json::array();
  for (const PreviewedCommand& command : preview.commands) {
    rows.push_back({{"step", command.step},
                    {"direction", to_string(command.attempt.direction)},
                    {"attempt", command.attempt.attempt},
                    {"participant", command.participant},
                    {"action", command.action},
                    {"body", command.shown_body}});
  }
  return rows;
}

}  // namespace skald::cli

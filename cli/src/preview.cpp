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

Preview decide_here(const Definition& definition, Saga saga, const Input& input, Time now,
                    const FoldedSaga* before) {
  const Decision decision = decide(definition, saga, input, now, OpenAdmission{});
  Preview preview;
  preview.refusal = decision.refusal;
  preview.status = saga.status;
  const SecretMask mask(definition, saga, before ? *before->definition : definition);
  std::optional<SecretMask> mask_before;
  if (before) mask_before.emplace(*before->definition, before->saga, definition);
  for (const Effect& effect : decision.effects) {
    const auto* send = std::get_if<SendCommand>(&effect);
    if (send == nullptr) continue;
    const Step& step = definition.steps[send->attempt.step];
    Json body = mask.body(send->attempt.step, send->attempt.direction, send->body);
    if (mask_before) body = mask_before->payload(std::move(body));
    preview.commands.push_back({send->attempt, step.name, step.participant,
                                action_of(step, send->attempt.direction), std::move(body)});
  }
  return preview;
}

}  // namespace

Preview preview(const FoldedSaga& folded, const Input& input, Time now) {
  return decide_here(*folded.definition, folded.saga, input, now, nullptr);
}

Preview preview_successor(const Definition& definition, const StartRequested& start,
                          const FoldedSaga& before, Time now) {
  return decide_here(definition, Saga{}, start, now, &before);
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

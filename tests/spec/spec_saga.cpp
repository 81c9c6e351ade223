#include "spec_saga.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "skald/expansion.hpp"
#include "skald/view.hpp"

namespace skald::spec {
namespace {

std::string attempt_text(const Definition& definition, const AttemptRef& attempt) {
  return fmt::format("{}/{}/{}", definition.steps[attempt.step].name, to_string(attempt.direction),
                     attempt.attempt);
}

std::string effect_text(const Definition& definition, const Effect& effect) {
  return std::visit(
      [&](const auto& e) {
        using E = std::decay_t<decltype(e)>;
        if constexpr (std::is_same_v<E, SendCommand>) {
          return fmt::format("-> send {} {}", attempt_text(definition, e.attempt), e.body.text());
        } else if constexpr (std::is_same_v<E, SendAgain>) {
          return fmt::format("-> send again {}", attempt_text(definition, e.attempt));
        } else if constexpr (std::is_same_v<E, WithdrawCommand>) {
          return fmt::format("-> withdraw {}", attempt_text(definition, e.attempt));
        } else if constexpr (std::is_same_v<E, ExtendAttempt>) {
          return fmt::format("-> extend {} by {}", attempt_text(definition, e.attempt),
                             format_duration(e.lease));
        } else if constexpr (std::is_same_v<E, StartChild>) {
          return fmt::format("-> start child {} of {} {}", e.child.to_string(),
                             attempt_text(definition, e.attempt), e.input.text());
        } else {
          return fmt::format("-> turn child {} back: {}", e.child.to_string(), e.reason.code);
        }
      },
      effect);
}

std::string event_text(const Definition& definition, const Event& event) {
  Json json = event_json(definition, event);
  const std::string name = json["event"];
  json.erase("event");
  json.erase("definition");  // A digest says nothing to a reader.
  return json.empty() ? name : fmt::format("{} {}", name, json.dump());
}

std::string fingerprint(const Definition& definition, const Saga& saga) {
  // Not shown to people, but part of the state all the same.
  std::string rest;
  for (const StepState& s : saga.steps) {
    for (const Attempts& a : s.attempts) {
      rest += fmt::format("{}/{}/{}/{}/{};", a.made, a.round, a.before_round, a.outstanding,
                          fmt::join(a.unanswered, ","));
    }
    rest += s.input_patch ? s.input_patch->text() : "-";
  }
  const auto set_text = [](const StepSet& set) {
    std::vector<StepIndex> steps;
    set.each([&](StepIndex step) { steps.push_back(step); });
    return fmt::format("{}", fmt::join(steps, ","));
  };
  rest += fmt::format("|{}|{}|{}|{}", set_text(saga.done), set_text(saga.begun),
                      set_text(saga.timed), saga.decided);
  return show_json(definition, saga, saga.updated_at).dump() + rest;
}

}  // namespace

SpecSaga::SpecSaga(DefinitionPtr definition)
    : definition_(std::move(definition)), now_(*parse_time("2026-01-01T00:00:00Z")) {
  id_ = SagaId::make(now_, 0, 1);
}

void SpecSaga::expand(const JsonText& input) {
  auto effective = effective_definition(definition_, input);
  if (const auto* problem = std::get_if<std::string>(&effective)) {
    throw std::runtime_error("the input " + *problem);
  }
  definition_ = std::get<DefinitionPtr>(effective);
}

std::string SpecSaga::tell(const Input& input) {
  const std::uint64_t version = saga_.version;
  Decision decision = decide(*definition_, saga_, input, now_, admission);
  if (decision.refusal) {
    return fmt::format("refused {}: {}\n", to_string(decision.refusal->code),
                       decision.refusal->message);
  }
  std::string text;
  for (const Event& event : decision.events) text += event_text(*definition_, event) + "\n";
  for (const Effect& effect : decision.effects) text += effect_text(*definition_, effect) + "\n";
  if (!decision.events.empty()) {
    if (saga_.version != version + 1) throw std::runtime_error("the version is not the next one");
    const auto position = static_cast<Position>(saga_.version);
    journal_.push_back({position, saga_.version, now_, std::move(decision.events)});
  }
  check_fold();
  return text.empty() ? "nothing\n" : text;
}

void SpecSaga::check_fold() const {
  if (journal_.empty()) return;
  const std::string folded = fingerprint(*definition_, fold(journal_));
  const std::string decided = fingerprint(*definition_, saga_);
  if (folded != decided) {
    throw std::runtime_error("the journal folds to\n" + folded + "\nbut decide() left\n" + decided);
  }
}

std::string SpecSaga::state() const {
  std::string text = to_string(saga_.status);
  if (saga_.paused) text += " paused";
  if (saga_.forced) text += " forced";
  if (saga_.contradicted) text += " contradicted";
  if (saga_.wish) text += " wish=" + saga_.wish->reason.code;
  const char* separator = " | ";
  for (StepIndex i = 0; i < saga_.steps.size(); ++i) {
    const StepState& s = saga_.steps[i];
    text += fmt::format("{}{} {}", std::exchange(separator, ", "), definition_->steps[i].name,
                        to_string(s.status));
    const auto& unanswered = s.of(Direction::action).unanswered;
    if (!unanswered.empty()) text += fmt::format(" unanswered={}", fmt::join(unanswered, "+"));
    if (s.compensation != CompensationStatus::none) {
      text += fmt::format(" undo={}", to_string(s.compensation));
    }
  }
  return text;
}

}  // namespace skald::spec

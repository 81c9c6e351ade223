#include "mutants.hpp"

#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "decorators/answering_channel.hpp"
#include "decorators/late_store.hpp"
#include "named.hpp"

namespace skald::simulation {

using testing::ForwardUndoChannel;
using testing::HollowChannel;
using testing::Invariant;
using testing::LateStore;
using testing::Sabotage;
using testing::StoreDecorator;

namespace {

constexpr testing::Names<Mutant, 11> names{{
    {Mutant::none, "none"},
    {Mutant::late_commit, "late-commit"},
    {Mutant::early_receipt, "early-receipt"},
    {Mutant::forward_undo, "forward-undo"},
    {Mutant::lost_undo, "lost-undo"},
    {Mutant::no_dedup, "no-dedup"},
    {Mutant::double_effect, "double-effect"},
    {Mutant::no_epoch, "no-epoch"},
    {Mutant::early_timeout, "early-timeout"},
    {Mutant::extra_attempt, "extra-attempt"},
    {Mutant::late_action, "late-action"},
}};

// Issues the next action in the very row that turns the saga back.
class LateActionStore final : public StoreDecorator {
 public:
  using StoreDecorator::StoreDecorator;
  Position commit(const Batch& batch) override {
    Batch changed = batch;
    for (JournalAppend& append : changed.appends) {
      for (std::size_t i = 0; i < append.events.size(); ++i) {
        const auto* turned = std::get_if<SagaTurnedBack>(&append.events[i]);
        if (!turned) continue;
        const CommandIssued late{{0, Direction::action, 99}, 1};
        append.events.insert(append.events.begin() + static_cast<std::ptrdiff_t>(i) + 1, late);
        break;
      }
    }
    return StoreDecorator::commit(changed);
  }
};

class BrokenEngine final : public Sabotage {
 public:
  explicit BrokenEngine(Mutant mutant) : mutant_(mutant) {}
  std::unique_ptr<Store> wrap(Store& store) override {
    if (mutant_ == Mutant::late_commit) return std::make_unique<LateStore>(store, 1);
    if (mutant_ == Mutant::late_action) return std::make_unique<LateActionStore>(store);
    return nullptr;
  }
  std::unique_ptr<Channel> wrap(Channel& channel) override {
    if (mutant_ == Mutant::forward_undo) return std::make_unique<ForwardUndoChannel>(channel);
    if (mutant_ == Mutant::lost_undo) {
      return std::make_unique<HollowChannel>(
          channel, [this](const Command& command) { return loses_undo(command); });
    }
    return nullptr;
  }
  DefinitionPtr told(DefinitionPtr definition) override {
    if (mutant_ != Mutant::extra_attempt) return definition;
    Json document = Json::parse(definition->normal_form());
    for (Json& step : document["steps"]) {
      if (!step.contains("retry")) continue;
      step["retry"]["max_attempts"] = step["retry"]["max_attempts"].get<int>() + 2;
    }
    return std::make_shared<const Definition>(make_definition(document));
  }
  Time told(Time now, std::optional<Time> due) override {
    constexpr Duration soon{400};
    const bool early = mutant_ == Mutant::early_timeout && due && *due > now && *due - now < soon;
    return early ? *due : now;
  }
  bool receipts_early() const override { return mutant_ == Mutant::early_receipt; }
  bool ignores_epoch() const override { return mutant_ == Mutant::no_epoch; }

 private:
  // The compensation of a step whose action was tried more than once.
  bool loses_undo(const Command& command) {
    const std::pair step{command.id.saga, command.attempt.step};
    if (command.id.direction == Direction::action && command.id.attempt > 1) {
      tried_again_.insert(step);
    }
    return command.id.direction == Direction::compensate && tried_again_.count(step) != 0;
  }

  Mutant mutant_;
  std::set<std::pair<SagaId, StepIndex>> tried_again_;  // Over all lives of the engine.
};

}  // namespace

const char* to_string(Mutant mutant) { return testing::name_of(names, mutant); }

std::optional<Mutant> parse_mutant(std::string_view text) { return testing::value_of(names, text); }

std::vector<Invariant> broken_by(Mutant mutant) {
  switch (mutant) {
    case Mutant::none: break;
    case Mutant::late_commit:
    case Mutant::early_receipt: return {Invariant::I10};
    case Mutant::forward_undo:
    case Mutant::lost_undo: return {Invariant::I5};
    case Mutant::no_dedup:
    case Mutant::double_effect: return {Invariant::I6};
    case Mutant::no_epoch: return {Invariant::I11};
    case Mutant::early_timeout:
    case Mutant::extra_attempt: return {Invariant::I12};
    case Mutant::late_action: return {Invariant::I8};
  }
  return {};
}

std::unique_ptr<Sabotage> make_sabotage(Mutant mutant) {
  return mutant == Mutant::none ? nullptr : std::make_unique<BrokenEngine>(mutant);
}

SimulatedParticipants::Habit habit(Mutant mutant) {
  using Habit = SimulatedParticipants::Habit;
  if (mutant == Mutant::no_dedup) return Habit::forgetful;
  if (mutant == Mutant::double_effect) return Habit::hasty;
  return Habit::proper;
}

}  // namespace skald::simulation

#include "mutants.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "decorators.hpp"

namespace skald::simulation {

using testing::ChannelDecorator;
using testing::Invariant;
using testing::Sabotage;
using testing::StoreDecorator;

namespace {

constexpr std::array<std::pair<Mutant, const char*>, 11> names{{
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

// Answers as if every batch were on disk, and writes it when the next one comes.
class LateStore final : public StoreDecorator {
 public:
  explicit LateStore(Store& inner) : StoreDecorator(inner), last_(inner.last_position()) {}
  Position commit(const Batch& batch) override {
    const Position first = last_ + (batch.appends.empty() ? 0 : 1);
    last_ += static_cast<Position>(batch.appends.size());
    if (waiting_) (void)inner_.commit(*std::exchange(waiting_, std::nullopt));
    waiting_ = batch;
    return first;
  }
  std::vector<JournalRow> journal(const SagaId& id) override {
    if (waiting_) (void)inner_.commit(*std::exchange(waiting_, std::nullopt));
    return StoreDecorator::journal(id);
  }
  Position last_position() override { return last_; }

 private:
  std::optional<Batch> waiting_;
  Position last_;
};

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

// Answers a saga's first compensation at once, and delivers it only behind the second.
class ForwardUndoChannel final : public ChannelDecorator {
 public:
  using ChannelDecorator::ChannelDecorator;
  void open(const std::string& engine_id, ChannelListener& listener) override {
    listener_ = &listener;
    ChannelDecorator::open(engine_id, listener);
  }
  void send(std::vector<Command> commands) override {
    std::vector<Command> passed;
    for (Command& command : commands) {
      const bool compensates = command.id.direction == Direction::compensate;
      const SagaId saga = command.id.saga;
      if (compensates && held_.emplace(saga, command).second) {
        listener_->sent(saga, command.attempt);
        listener_->replied({saga, command.attempt, {}, Outcome::success(), 0});
        continue;
      }
      passed.push_back(std::move(command));
      if (compensates) passed.push_back(held_.at(saga));
    }
    if (!passed.empty()) ChannelDecorator::send(std::move(passed));
  }

 private:
  std::map<SagaId, Command> held_;
  ChannelListener* listener_ = nullptr;
};

// Says itself that a step is undone if the step's action was tried more than once.
class LostUndoChannel final : public ChannelDecorator {
 public:
  LostUndoChannel(Channel& inner, std::set<std::pair<SagaId, StepIndex>>& tried)
      : ChannelDecorator(inner), tried_again_(tried) {}
  void open(const std::string& engine_id, ChannelListener& listener) override {
    listener_ = &listener;
    ChannelDecorator::open(engine_id, listener);
  }
  void send(std::vector<Command> commands) override {
    std::vector<Command> passed;
    for (Command& command : commands) {
      const std::pair step{command.id.saga, command.attempt.step};
      if (command.id.direction == Direction::action && command.id.attempt > 1) {
        tried_again_.insert(step);
      }
      if (command.id.direction == Direction::compensate && tried_again_.count(step) != 0) {
        listener_->sent(command.id.saga, command.attempt);
        listener_->replied({command.id.saga, command.attempt, {}, Outcome::success(), 0});
        continue;
      }
      passed.push_back(std::move(command));
    }
    if (!passed.empty()) ChannelDecorator::send(std::move(passed));
  }

 private:
  std::set<std::pair<SagaId, StepIndex>>& tried_again_;
  ChannelListener* listener_ = nullptr;
};

class BrokenEngine final : public Sabotage {
 public:
  explicit BrokenEngine(Mutant mutant) : mutant_(mutant) {}
  std::unique_ptr<Store> wrap(Store& store) override {
    if (mutant_ == Mutant::late_commit) return std::make_unique<LateStore>(store);
    if (mutant_ == Mutant::late_action) return std::make_unique<LateActionStore>(store);
    return nullptr;
  }
  std::unique_ptr<Channel> wrap(Channel& channel) override {
    if (mutant_ == Mutant::forward_undo) return std::make_unique<ForwardUndoChannel>(channel);
    if (mutant_ == Mutant::lost_undo) return std::make_unique<LostUndoChannel>(channel, tried_);
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
  Mutant mutant_;
  std::set<std::pair<SagaId, StepIndex>> tried_;
};

}  // namespace

const char* to_string(Mutant mutant) {
  const auto* found = std::find_if(names.begin(), names.end(),
                                   [mutant](const auto& entry) { return entry.first == mutant; });
  return found->second;
}

std::optional<Mutant> parse_mutant(std::string_view text) {
  for (const auto& [mutant, name] : names) {
    if (text == name) return mutant;
  }
  return std::nullopt;
}

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

#include "mutants.hpp"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "decorators/answering_channel.hpp"
#include "decorators/editing_store.hpp"
#include "decorators/late_store.hpp"
#include "named.hpp"

namespace skald::simulation {

using testing::EditingStore;
using testing::ForwardUndoChannel;
using testing::HollowChannel;
using testing::Invariant;
using testing::LateStore;
using testing::Sabotage;
using testing::StoreDecorator;

namespace {

constexpr testing::Names<Mutant, 27> names{{
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
    {Mutant::lost_recall, "lost-recall"},
    {Mutant::split_family, "split-family"},
    {Mutant::no_bulkhead, "no-bulkhead"},
    {Mutant::no_breaker, "no-breaker"},
    {Mutant::no_rate_limit, "no-rate-limit"},
    {Mutant::no_budget, "no-budget"},
    {Mutant::lost_policies, "lost-policies"},
    {Mutant::no_delay, "no-delay"},
    {Mutant::early_hedge, "early-hedge"},
    {Mutant::no_locks, "no-locks"},
    {Mutant::stolen_lock, "stolen-lock"},
    {Mutant::busy_visitor, "busy-visitor"},
    {Mutant::uncounted_end, "uncounted-end"},
    {Mutant::impatient, "impatient"},
    {Mutant::hasty_undo, "hasty-undo"},
    {Mutant::given_key, "given-key"},
}};

// Issues the next action in the very row that turns the saga back.
void act_late(Batch& batch) {
  for (JournalAppend& append : batch.appends) {
    const auto turned = std::find_if(
        append.events.begin(), append.events.end(),
        [](const Event& event) { return std::holds_alternative<SagaTurnedBack>(event); });
    if (turned == append.events.end()) continue;
    append.events.insert(std::next(turned), CommandIssued{{0, Direction::action, 99}, 1});
  }
}

void lose_recalls(Batch& batch) {
  for (JournalAppend& append : batch.appends) {
    std::erase_if(append.events, [](const Event& event) {
      return std::holds_alternative<ChildTurnedBack>(event);
    });
  }
}

// Who is told to wait for a lock has it at once.
void steal_locks(Batch& batch) {
  for (JournalAppend& append : batch.appends) {
    for (Event& event : append.events) {
      if (std::holds_alternative<LocksAwaited>(event)) event = LocksGranted{};
    }
  }
}

// Stores what begins with a row that starts a child in two transactions: that row, and the rest.
class SplitFamilyStore final : public StoreDecorator {
 public:
  using StoreDecorator::StoreDecorator;
  Position commit(const Batch& batch) override {
    const auto parent =
        std::find_if(batch.appends.begin(), batch.appends.end(), [](const JournalAppend& append) {
          return std::any_of(append.events.begin(), append.events.end(), [](const Event& event) {
            return std::holds_alternative<ChildStarted>(event);
          });
        });
    if (parent == batch.appends.end()) return StoreDecorator::commit(batch);
    Batch first = batch;
    const auto kept = std::distance(batch.appends.begin(), parent) + 1;
    first.appends.erase(first.appends.begin() + kept, first.appends.end());
    Batch second;
    second.appends.assign(batch.appends.begin() + kept, batch.appends.end());
    std::erase_if(first.summaries, [&](const SagaSummary& summary) {
      const bool early = std::any_of(first.appends.begin(), first.appends.end(),
                                     [&](const auto& a) { return a.saga == summary.id; });
      if (!early) second.summaries.push_back(summary);
      return !early;
    });
    const Position position = StoreDecorator::commit(first);
    if (!second.empty()) (void)StoreDecorator::commit(second);
    return position;
  }
};

class ElsewhereChannel final : public testing::ChannelDecorator {
 public:
  using ChannelDecorator::ChannelDecorator;
  bool runs_here() const override { return false; }
};

// The policy that this mutant does not tell the engine of.
const char* untold_policy(Mutant mutant) {
  switch (mutant) {
    case Mutant::no_bulkhead: return "bulkhead";
    case Mutant::no_breaker: return "breaker";
    case Mutant::no_rate_limit: return "rate_limit";
    case Mutant::no_budget: return "retry_budget";
    default: return nullptr;
  }
}

class BrokenEngine final : public Sabotage {
 public:
  explicit BrokenEngine(Mutant mutant) : mutant_(mutant) {}
  std::unique_ptr<Store> wrap(Store& store) override {
    const auto editing = [&store](std::function<void(Batch&)> edit) {
      return std::make_unique<EditingStore>(store, std::move(edit));
    };
    if (mutant_ == Mutant::late_commit) return std::make_unique<LateStore>(store, 1);
    if (mutant_ == Mutant::split_family) return std::make_unique<SplitFamilyStore>(store);
    if (mutant_ == Mutant::late_action) return editing(act_late);
    if (mutant_ == Mutant::lost_recall) return editing(lose_recalls);
    if (mutant_ == Mutant::stolen_lock) return editing(steal_locks);
    if (mutant_ == Mutant::lost_policies) {
      return editing([](Batch& batch) { batch.participants.clear(); });
    }
    return nullptr;
  }
  std::unique_ptr<Channel> wrap(Channel& channel) override {
    if (mutant_ == Mutant::forward_undo) return std::make_unique<ForwardUndoChannel>(channel);
    if (mutant_ == Mutant::uncounted_end) return std::make_unique<ElsewhereChannel>(channel);
    if (mutant_ == Mutant::lost_undo) {
      return std::make_unique<HollowChannel>(
          channel, [this](const Command& command) { return loses_undo(command); });
    }
    return nullptr;
  }
  DefinitionPtr told(DefinitionPtr definition) override {
    const bool changes = mutant_ == Mutant::extra_attempt || mutant_ == Mutant::early_hedge ||
                         mutant_ == Mutant::no_locks || mutant_ == Mutant::impatient ||
                         mutant_ == Mutant::hasty_undo || mutant_ == Mutant::given_key ||
                         untold_policy(mutant_);
    if (!changes) return definition;
    Json document = Json::parse(definition->normal_form());
    for (Json& step : document["steps"]) mislead(step);
    if (mutant_ == Mutant::no_locks) document.erase("locks");
    if (mutant_ == Mutant::impatient) document.erase("on_sibling_failure");
    if (mutant_ == Mutant::hasty_undo) document["undo"] = "parallel";
    if (mutant_ == Mutant::given_key) document["key_reuse"] = "after_end";
    if (untold_policy(mutant_) && document.contains("participants")) {
      for (Json& policies : document["participants"]) policies.erase(untold_policy(mutant_));
    }
    return std::make_shared<const Definition>(make_definition(document));
  }
  PoliciesByName configured(PoliciesByName participants) override {
    if (!untold_policy(mutant_)) return participants;
    Json document = Json::object();
    for (const auto& [name, policies] : participants) {
      document[name] = policies_json(policies);
      document[name].erase(untold_policy(mutant_));
    }
    return parse_policies(document, "participants");
  }
  std::optional<Duration> delayed(std::optional<Duration> delay) override {
    return mutant_ == Mutant::no_delay ? std::nullopt : delay;
  }
  bool stays_owner() const override { return mutant_ == Mutant::busy_visitor; }
  Time told(Time now, std::optional<Time> due) override {
    constexpr Duration soon{400};
    const bool early = mutant_ == Mutant::early_timeout && due && *due > now && *due - now < soon;
    return early ? *due : now;
  }
  bool receipts_early() const override { return mutant_ == Mutant::early_receipt; }
  bool ignores_epoch() const override { return mutant_ == Mutant::no_epoch; }

 private:
  void mislead(Json& step) const {
    if (mutant_ == Mutant::extra_attempt && step.contains("retry")) {
      step["retry"]["max_attempts"] = step["retry"]["max_attempts"].get<int>() + 2;
    }
    if (mutant_ == Mutant::early_hedge && step.contains("hedge")) {
      const Duration delay = *parse_duration(step["hedge"]["delay"].get<std::string>());
      step["hedge"]["delay"] = format_duration(std::max(delay / 2, Duration{1}));
    }
  }

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
    case Mutant::lost_undo:
    case Mutant::impatient:
    case Mutant::hasty_undo: return {Invariant::I5};
    case Mutant::given_key: return {Invariant::I1};
    case Mutant::no_dedup:
    case Mutant::double_effect: return {Invariant::I6};
    case Mutant::no_epoch: return {Invariant::I11};
    case Mutant::early_timeout:
    case Mutant::extra_attempt: return {Invariant::I12};
    case Mutant::late_action:
    case Mutant::no_locks:
    case Mutant::stolen_lock: return {Invariant::I8};
    case Mutant::lost_recall: return {Invariant::I9};
    case Mutant::split_family:
    case Mutant::busy_visitor: return {Invariant::I10};
    case Mutant::no_bulkhead:
    case Mutant::no_breaker:
    case Mutant::no_rate_limit:
    case Mutant::no_budget:
    case Mutant::lost_policies:
    case Mutant::no_delay:
    case Mutant::early_hedge:
    case Mutant::uncounted_end: return {Invariant::I12};
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

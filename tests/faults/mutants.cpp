#include "mutants.hpp"

#include "decorators/answering_channel.hpp"
#include "decorators/hiding_store.hpp"
#include "decorators/late_store.hpp"
#include "fate.hpp"
#include "named.hpp"

namespace skald::faults {
namespace {

constexpr testing::Names<Mutant, 7> names{{
    {Mutant::none, "none"},
    {Mutant::late_commit, "late-commit"},
    {Mutant::hidden_failure, "hidden-failure"},
    {Mutant::forward_undo, "forward-undo"},
    {Mutant::hollow_success, "hollow-success"},
    {Mutant::no_dedup, "no-dedup"},
    {Mutant::double_effect, "double-effect"},
}};

constexpr std::size_t batches_behind = 12;
constexpr std::uint64_t hollow_one_in = 10;
constexpr std::uint64_t doubled_one_in = 10;

}  // namespace

const char* to_string(Mutant mutant) { return testing::name_of(names, mutant); }

std::optional<Mutant> parse_mutant(std::string_view text) { return testing::value_of(names, text); }

std::vector<Invariant> broken_by(Mutant mutant) {
  switch (mutant) {
    case Mutant::none: break;
    case Mutant::late_commit:
    case Mutant::hidden_failure: return {Invariant::I1, Invariant::I10};
    case Mutant::forward_undo: return {Invariant::I5};
    case Mutant::hollow_success: return {Invariant::I4, Invariant::I5};
    case Mutant::no_dedup:
    case Mutant::double_effect: return {Invariant::I6};
  }
  return {};
}

std::unique_ptr<Store> mutate(Mutant mutant, Store& store) {
  if (mutant == Mutant::late_commit)
    return std::make_unique<testing::LateStore>(store, batches_behind);
  if (mutant == Mutant::hidden_failure) return std::make_unique<testing::HidingStore>(store);
  return nullptr;
}

std::unique_ptr<Channel> mutate(Mutant mutant, Channel& channel) {
  if (mutant == Mutant::forward_undo) {
    return std::make_unique<testing::ForwardUndoChannel>(channel);
  }
  if (mutant == Mutant::hollow_success) {
    return std::make_unique<testing::HollowChannel>(channel, [](const Command& command) {
      return stable_hash(0, 0, command.id.idempotency_key()) % hollow_one_in == 0;
    });
  }
  return nullptr;
}

EffectDecorator effect_decorator(Mutant mutant) {
  if (mutant != Mutant::double_effect) {
    return [](TransactionHandler handler) { return handler; };
  }
  return [](TransactionHandler handler) -> TransactionHandler {
    return [handler = std::move(handler)](const HandlerCall& call, sqlite3* transaction) {
      const bool twice = stable_hash(1, 0, call.idempotency_key()) % doubled_one_in == 0;
      if (twice) (void)handler(call, transaction);
      return handler(call, transaction);
    };
  };
}

}  // namespace skald::faults

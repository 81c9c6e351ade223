#include "mutants.hpp"

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>

#include "decorators.hpp"
#include "fate.hpp"

namespace skald::faults {
namespace {

using testing::ChannelDecorator;
using testing::StoreDecorator;

constexpr std::array<std::pair<Mutant, const char*>, 6> names{{
    {Mutant::none, "none"},
    {Mutant::late_commit, "late-commit"},
    {Mutant::forward_undo, "forward-undo"},
    {Mutant::hollow_success, "hollow-success"},
    {Mutant::no_dedup, "no-dedup"},
    {Mutant::double_effect, "double-effect"},
}};

// Answers as if every batch were on disk, and writes each only when some more have come.
class LateStore final : public StoreDecorator {
 public:
  explicit LateStore(Store& inner) : StoreDecorator(inner), last_(inner.last_position()) {}

  Position commit(const Batch& batch) override {
    const Position first = last_ + 1;
    last_ += static_cast<Position>(batch.appends.size());
    waiting_.push_back(batch);
    if (waiting_.size() > batches_behind) write_one();
    return batch.appends.empty() ? last_ : first;
  }
  std::vector<JournalRow> journal(const SagaId& id) override {
    const bool waits = std::any_of(waiting_.begin(), waiting_.end(), [&id](const Batch& batch) {
      return std::any_of(batch.appends.begin(), batch.appends.end(),
                         [&id](const JournalAppend& append) { return append.saga == id; });
    });
    while (waits && !waiting_.empty()) write_one();
    return StoreDecorator::journal(id);
  }
  std::optional<SagaId> key_holder(const std::string& type, const std::string& key) override {
    for (const Batch& batch : waiting_) {
      for (const SagaSummary& summary : batch.summaries) {
        if (summary.type == type && summary.key == key) return summary.id;
      }
    }
    return StoreDecorator::key_holder(type, key);
  }
  Position last_position() override { return last_; }

 private:
  static constexpr std::size_t batches_behind = 12;

  void write_one() {
    (void)inner_.commit(waiting_.front());
    waiting_.pop_front();
  }

  std::deque<Batch> waiting_;
  Position last_;
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
        listener_->confirmed(command.position, saga, command.attempt);
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

class HollowChannel final : public ChannelDecorator {
 public:
  using ChannelDecorator::ChannelDecorator;
  void open(const std::string& engine_id, ChannelListener& listener) override {
    listener_ = &listener;
    ChannelDecorator::open(engine_id, listener);
  }
  void send(std::vector<Command> commands) override {
    const auto hollow =
        std::partition(commands.begin(), commands.end(), [](const Command& command) {
          return stable_hash(0, 0, command.id.idempotency_key()) % one_in != 0;
        });
    std::vector<Command> swallowed(std::make_move_iterator(hollow),
                                   std::make_move_iterator(commands.end()));
    commands.erase(hollow, commands.end());
    if (!commands.empty()) ChannelDecorator::send(std::move(commands));
    for (const Command& command : swallowed) {
      listener_->sent(command.id.saga, command.attempt);
      listener_->replied({command.id.saga, command.attempt, {}, Outcome::success(), 0});
      listener_->confirmed(command.position, command.id.saga, command.attempt);
    }
  }

 private:
  static constexpr std::uint64_t one_in = 10;
  ChannelListener* listener_ = nullptr;
};

constexpr std::uint64_t doubled_one_in = 10;

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
    case Mutant::late_commit: return {Invariant::I1, Invariant::I10};
    case Mutant::forward_undo: return {Invariant::I5};
    case Mutant::hollow_success: return {Invariant::I4, Invariant::I5};
    case Mutant::no_dedup:
    case Mutant::double_effect: return {Invariant::I6};
  }
  return {};
}

std::unique_ptr<Store> mutate(Mutant mutant, Store& store) {
  if (mutant == Mutant::late_commit) return std::make_unique<LateStore>(store);
  return nullptr;
}

std::unique_ptr<Channel> mutate(Mutant mutant, Channel& channel) {
  if (mutant == Mutant::forward_undo) return std::make_unique<ForwardUndoChannel>(channel);
  if (mutant == Mutant::hollow_success) return std::make_unique<HollowChannel>(channel);
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

// Starts: waited for, in any number, or answered by a call back.
#include <fmt/format.h>

#include <memory>

#include "orchestrator/shell.hpp"

namespace skald {
namespace {

using Code = Refused::Code;

StartOutcome outcome_of(std::variant<Started, Refusal>&& answer) {
  if (auto* refusal = std::get_if<Refusal>(&answer))
    return Refused(refusal->code, refusal->message);
  return std::get<Started>(answer);
}

/// An outcome that is told exactly once, also when the engine fails while it holds the start.
class OwedOutcome {
 public:
  explicit OwedOutcome(StartDone&& done) : done_(std::move(done)) {}
  ~OwedOutcome() {
    // What became of it is in the store.
    if (done_) tell(Refused(Code::unavailable, "the engine has stopped before it could answer"));
  }
  OwedOutcome(const OwedOutcome&) = delete;
  OwedOutcome& operator=(const OwedOutcome&) = delete;
  // What a caller's function throws is its own: the saga is started, and the engine goes on.
  void tell(StartOutcome outcome) {
    const StartDone done = std::exchange(done_, nullptr);
    if (!done) return;
    try {
      done(std::move(outcome));
    } catch (const std::bad_alloc&) {
      throw;
    } catch (...) {  // Whatever it is; docs/embedding.md says that it must not throw.
      return;
    }
  }

 private:
  StartDone done_;
};

StartArrival arrival_of(NewSaga&& saga, StartDone&& done) {
  StartArrival arrival;
  arrival.type = std::move(saga.type);
  arrival.version = saga.options.version;
  arrival.key = std::move(saga.options.key);
  arrival.input = std::move(saga.input);
  arrival.requester.by = std::move(saga.options.by);
  arrival.delay = saga.options.delay;
  arrival.not_before = saga.options.not_before;
  arrival.priority = saga.options.priority;
  arrival.wait_for_room = saga.options.wait_for_room;
  arrival.answer = [owed = std::make_shared<OwedOutcome>(std::move(done))](
                       std::variant<Started, Refusal> answer) {
    owed->tell(outcome_of(std::move(answer)));
  };
  return arrival;
}

}  // namespace

void Orchestrator::Shell::start_async(NewSaga&& saga, StartDone&& done) {
  Arrival arrival{arrival_of(std::move(saga), std::move(done))};
  switch (inbox_.try_push(std::move(arrival))) {
    case Inbox::Pushed::taken: return;
    case Inbox::Pushed::closed: std::get<StartArrival>(arrival).answer(stopped_refusal()); return;
    case Inbox::Pushed::full:
      std::get<StartArrival>(arrival).answer(
          Refusal{Code::unavailable, fmt::format("{} starts wait for their commit, and no more may "
                                                 "(waiting_starts_limit); start it again later",
                                                 options_.waiting_starts_limit)});
      return;
  }
}

StartOutcome Orchestrator::Shell::start(NewSaga&& saga) {
  std::optional<StartOutcome> outcome;
  std::atomic<bool> told{false};
  const unsigned gate = inbox_.collection();
  // The order matters: once `told` is true, this frame may be gone.
  const auto done = [&outcome, &told, this, gate](StartOutcome reached) {
    outcome = std::move(reached);
    gates_.tell(gate);
    told.store(true, std::memory_order_release);
  };
  submit(arrival_of(std::move(saga), done));
  gates_.wait(gate, [&told] { return told.load(std::memory_order_acquire); });
  return *std::move(outcome);
}

std::vector<StartOutcome> Orchestrator::Shell::start_many(std::vector<NewSaga>&& sagas) {
  struct Starts {
    std::vector<StartOutcome> outcomes;
    std::atomic<std::size_t> left;
  };
  // Shared, because memory may run out when some have been taken already.
  const auto starts =
      std::make_shared<Starts>(std::vector<StartOutcome>(sagas.size()), sagas.size());
  std::vector<StartArrival> arrivals;
  arrivals.reserve(sagas.size());
  const unsigned gate = inbox_.collection();
  for (std::size_t i = 0; i < sagas.size(); ++i) {
    arrivals.push_back(arrival_of(std::move(sagas[i]), [starts, i, this, gate](auto reached) {
      starts->outcomes[i] = std::move(reached);
      gates_.tell(gate);
      starts->left.fetch_sub(1, std::memory_order_acq_rel);
    }));
  }
  const std::size_t taken = inbox_.push_starts(arrivals);
  for (std::size_t i = taken; i < arrivals.size(); ++i) arrivals[i].answer(stopped_refusal());
  gates_.wait(gate, [&starts] { return starts->left.load(std::memory_order_acquire) == 0; });
  return std::move(starts->outcomes);
}

}  // namespace skald

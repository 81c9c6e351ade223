// What becomes of a turn that the store did not take.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "coordinator/coordinator.hpp"

namespace skald {
namespace {

// Answers a start or a request, which is nothing any more then.
void refuse(Arrival& arrival, const std::string& why) {
  const auto refuse_one = [&](auto* a) {
    if (!a) return false;
    if (a->answer) a->answer(Refusal{Refused::Code::unavailable, why});
    return true;
  };
  const bool refused = refuse_one(std::get_if<StartArrival>(&arrival)) ||
                       refuse_one(std::get_if<RequestArrival>(&arrival)) ||
                       refuse_one(std::get_if<ReplayArrival>(&arrival));
  if (refused) arrival = RoomArrival{};
}

constexpr Duration full_retry_min{100};
constexpr Duration full_retry_max{5'000};

}  // namespace

// After a commit that failed: everything is as before the turn, and its replies are kept for later.
void Coordinator::give_up(const std::string& why) {
  const std::vector<Portion> portions = std::move(open_.arrivals);
  roll_back(why);
  // Those that had no turn yet would wait behind what has to be kept, as long as it lasts.
  for (const Portion& portion : backlog_) {
    for (Arrival& arrival : portion.arrivals) refuse(arrival, why);
  }
  std::vector<Arrival> kept;
  for (const Portion& portion : portions) keep_or_answer(portion.arrivals, kept);
  held_.insert(held_.end(), std::make_move_iterator(kept.begin()),
               std::make_move_iterator(kept.end()));
  act(open_);
  look_after_the_store();  // A store that is full wants it most.
}

// Whoever only wanted to know something is told how things stand without the batch.
void Coordinator::keep_or_answer(std::span<Arrival> arrivals, std::vector<Arrival>& kept) {
  for (Arrival& arrival : arrivals) {
    const bool keep = std::holds_alternative<ReplyArrival>(arrival) ||
                      std::holds_alternative<UnusableArrival>(arrival);
    if (keep) {
      kept.push_back(std::move(arrival));
      continue;
    }
    if (auto* look = std::get_if<LookArrival>(&arrival)) take(*look);
    // One that has been taken up waits on, and its answer is not here any more.
    auto* wait = std::get_if<WaitArrival>(&arrival);
    if (wait && wait->answer) take(*wait);
  }
}

void Coordinator::roll_back(const std::string& why) {
  const std::vector<SagaId> touched = std::exchange(open_.touched, {});
  for (const SagaId& id : touched) {
    LiveSaga& saga = live_.at(id);
    for (const OutstandingAttempt& attempt : saga.outstanding) {
      open_.ended.emplace_back(id, attempt);
    }
    forget(saga);
    remove_live(id);
  }
  families_.clear();       // Counted again when they grow.
  more_to_serve_ = false;  // They are served with the next try.
  for (Interrupted& interrupted : interrupted_) interrupted.counted = false;
  suspect_.reset();
  book_.rolled_back();
  lines_.rolled_back();
  unplaced_.insert(unplaced_.begin(), open_.placed.begin(), open_.placed.end());
  unlocked_.insert(unlocked_.end(), open_.waking.begin(), open_.waking.end());
  const Refusal refusal{Refused::Code::unavailable, why};
  for (Turn::OwedStart& owed : open_.starts) owed.answer(refusal);
  for (const auto& refuse : open_.refusals) refuse(refusal);
  if (settings_.log && retry_commit_delay_ == Duration::zero()) {
    settings_.log(LogLevel::error, fmt::format("{}; starts are refused until then", why));
  }
  retry_commit_delay_ = std::clamp(retry_commit_delay_ * 2, full_retry_min, full_retry_max);
  retry_commit_at_ = later(now_, retry_commit_delay_);
  for (const SagaId& id : touched) {
    LiveSaga* saga = load(id);
    if (!saga) {
      locks_.forget(id);
      continue;
    }
    saga->touched = false;
    saga->starved = lines_.waits(id);
    // Who began to wait for it meanwhile hears that it stands still again.
    if (saga->saga.status == Status::stuck) tell_waiters(saga->saga);
    if (is_end(saga->saga.status)) remove_live(id);
  }
  open_.clear();
}

}  // namespace skald

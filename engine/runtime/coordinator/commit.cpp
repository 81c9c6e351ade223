// What becomes of a turn: it is committed and acted on.
#include <algorithm>
#include <exception>
#include <set>

#include "coordinator/coordinator.hpp"
#include "skald/closed_mark.hpp"
#include "skald/crash_point.hpp"

namespace skald {
namespace {

// A watermark that lags costs repeated sends after a crash, one that is written costs a page.
constexpr Position watermark_stride = 1'000;
constexpr Duration watermark_age{200};
// Payloads that a turn gathers while another is being committed.
constexpr std::size_t turn_payload_max = 8UL * 1024 * 1024;

void pass_crash_points_before_commit(const Batch& batch) {
  if (!batch.watermarks.empty()) crash_point(CrashPoint::watermark_before_commit);
  crash_point(CrashPoint::batch_before_commit);
}

}  // namespace

// What a turn that is open has decided waits for the end of the commit before it, and more is
// decided meanwhile; so a batch is what has come during the commit before.
void Coordinator::conclude(bool at_once) {
  const bool waits = commit_ == Commit::running && !settings_.committer->done();
  const bool has_room =
      open_.batch.appends.size() < settings_.turn_limit && open_.bytes < turn_payload_max;
  if (waits && !at_once && has_room) return;
  join_commit();
  if (commit_ == Commit::failed) {
    in_flight_.absorb(open_);
    std::swap(open_, in_flight_);
    in_flight_.clear();
    commit_ = Commit::none;
    give_up(commit_problem_);
    return;
  }
  const bool stored = take_stored();
  seal();
  const bool aside = !at_once && is_worth_committing_aside();
  if (aside) commit_aside();
  if (stored) act(done_);
  if (aside) return;
  try {
    commit_open();
  } catch (const StoreError& error) {
    if (!is_passing(error)) throw;
    give_up(error.what());
    return;
  }
  act(open_);
  store_.tidy();
  look_after_the_store();
}

// Completes the batch of the open turn.
void Coordinator::seal() {
  Batch& batch = open_.batch;
  for (const SagaId& id : open_.touched) {
    LiveSaga& saga = live_.at(id);
    if (saga.dirty_summary) batch.summaries.push_back(summarize(*saga.definition, saga.saga));
    keep_snapshot(saga);
  }
  auto participants = book_.seal();
  lines_.seal();
  if (settings_.mode != Mode::engine) return;
  batch.participants = std::move(participants);
  const Position settled = watermark_.value(acted_position_);
  const bool far = settled - stored_watermark_ >= watermark_stride;
  const bool old = settled > stored_watermark_ && now_ - watermark_stored_at_ >= watermark_age;
  // The first batch leaves one in any case: by it a store knows whose it is.
  const bool due = far || old || !channel_noted_;
  if (!batch.empty() && due) batch.watermarks[channel_.name()] = settled;
}

bool Coordinator::is_worth_committing_aside() const {
  // A store that refuses writes is tried now and then, with everything that waits.
  const bool healthy = retry_commit_delay_ == Duration::zero();
  const bool alone =
      open_.alone || !purges_.empty() || !releases_.empty() || !definition_drops_.empty();
  return settings_.committer != nullptr && healthy && !alone && !open_.batch.empty() &&
         settings_.committer->is_worth(open_.batch);
}

void Coordinator::commit_aside() {
  std::swap(open_, in_flight_);
  for (const SagaId& id : in_flight_.touched) live_.at(id).committing = true;
  pass_crash_points_before_commit(in_flight_.batch);
  settings_.committer->begin(in_flight_.batch);
  commit_ = Commit::running;
}

void Coordinator::commit_open() {
  if (open_.batch.empty()) return confirm(open_, last_position_ + 1);
  pass_crash_points_before_commit(open_.batch);
  confirm(open_, store().commit(open_.batch));
}

void Coordinator::join_commit() {
  if (commit_ != Commit::running) return;
  try {
    stored_first_ = settings_.committer->finish();
    commit_ = Commit::stored;
  } catch (const StoreError& error) {
    commit_ = Commit::failed;
    if (!is_passing(error)) throw;
    commit_problem_ = error.what();
  }
}

Store& Coordinator::store() {
  join_commit();
  return store_;
}

// In the midst of a turn that needs a saga of the one in flight. If that failed, what is decided
// on top of it goes the same way at the end of the turn.
void Coordinator::finish_commit() {
  join_commit();
  looked_up_.clear();
  if (take_stored()) act(done_);
}

// Whether a turn was in flight and is stored: it is done_ then, and to be acted on.
bool Coordinator::take_stored() {
  if (commit_ != Commit::stored) return false;
  std::swap(done_, in_flight_);
  commit_ = Commit::none;
  confirm(done_, stored_first_);
  return true;
}

void Coordinator::confirm(Turn& turn, Position first) {
  const Batch& batch = turn.batch;
  turn.first = first;
  if (!batch.watermarks.empty()) crash_point(CrashPoint::watermark_after_commit);
  if (!batch.appends.empty()) {
    last_position_ = first + static_cast<Position>(batch.appends.size()) - 1;
  }
  for (const auto& [channel, position] : batch.watermarks) {
    channel_noted_ = true;
    if (position <= stored_watermark_) continue;
    stored_watermark_ = position;
    watermark_stored_at_ = now_;
  }
  book_.committed();
  lines_.committed();
  if (batch.empty()) return;
  if (retry_commit_delay_ > Duration::zero() && settings_.log) {
    settings_.log(LogLevel::info, "the store can be written to again; going on");
  }
  retry_commit_delay_ = Duration::zero();
  if (retry_commit_at_) retry_commit_at_ = now_;  // What was kept need not wait any longer.
}

bool Coordinator::lifts_a_pause(const Batch& batch) {
  const auto lifts = [](const Event& event) {
    const auto* resumed = std::get_if<SagaResumed>(&event);
    return resumed && resumed->unpaused;
  };
  return std::any_of(batch.appends.begin(), batch.appends.end(), [&](const JournalAppend& append) {
    return std::any_of(append.events.begin(), append.events.end(), lifts);
  });
}

void Coordinator::act(Turn& turn) {
  if (!turn.effects.empty()) crash_point(CrashPoint::batch_before_send);
  send_commands(turn);
  if (!turn.effects.empty()) crash_point(CrashPoint::batch_after_send);
  if (!unsent_.empty() && lifts_a_pause(turn.batch)) resend_unconfirmed();
  for (const JournalAppend& append : turn.batch.appends) {
    if (!settings_.observer) break;
    const LiveSaga& saga = live_.at(append.saga);
    settings_.observer(*saga.definition, saga.saga, append.events);
  }
  if (!turn.receipts.empty()) channel_.receipt(turn.receipts);
  const bool answers = !turn.answers.empty() || !turn.starts.empty();
  if (answers) crash_point(CrashPoint::batch_before_answers);
  for (Turn::OwedStart& owed : turn.starts) owed.answer(owed.started);
  for (const auto& answer : turn.answers) answer();
  if (answers) crash_point(CrashPoint::batch_answered);
  settle_sagas(turn);
  for (const Position position : turn.settled) watermark_.settled(position);
  turn.clear();
}

void Coordinator::send_commands(Turn& turn) {
  std::vector<Command> commands;
  commands.reserve(turn.effects.size());
  commands.reserve(turn.effects.size());
  std::set<std::pair<SagaId, AttemptRef>> recovered;
  for (Turn::PendingEffect& pending : turn.effects) {
    LiveSaga& saga = live_.at(pending.saga);
    if (auto* send = std::get_if<SendCommand>(&pending.effect)) {
      OutstandingAttempt* attempt = saga.find(send->attempt);
      if (!attempt) continue;  // Decided by a later input of the same turn.
      attempt->issued_at = turn.first + static_cast<Position>(pending.append);
      watermark_.issued(attempt->issued_at);
      send_command(saga, std::move(*send), commands);
    } else if (const auto* again = std::get_if<SendAgain>(&pending.effect)) {
      if (saga.find(again->attempt)) send_again(saga, again->attempt, commands);
      recovered.emplace(pending.saga, again->attempt);
    } else if (const auto* withdrawn = std::get_if<WithdrawCommand>(&pending.effect)) {
      channel_.withdraw(pending.saga, withdrawn->attempt);
    } else if (const auto* extend = std::get_if<ExtendAttempt>(&pending.effect)) {
      OutstandingAttempt* attempt = saga.find(extend->attempt);
      if (attempt) arm_attempt(pending.saga, *attempt, extend->lease);
    }
  }
  if (!turn.batch.appends.empty()) {
    acted_position_ = turn.first + static_cast<Position>(turn.batch.appends.size()) - 1;
  }
  if (!recovered.empty()) {
    std::erase_if(interrupted_, [&recovered](const Interrupted& i) {
      return recovered.contains({i.saga, i.attempt});
    });
  }
  if (commands.empty()) return;
  if (!recovered.empty()) crash_point(CrashPoint::recovery_before_resend);
  channel_.send(std::move(commands));
  if (!recovered.empty()) crash_point(CrashPoint::recovery_resent);
}

void Coordinator::send_command(LiveSaga& live, SendCommand effect, std::vector<Command>& commands) {
  const Saga& saga = live.saga;
  const Step& step = live.definition->steps[effect.attempt.step];
  const Direction direction = effect.attempt.direction;
  Command& command = commands.emplace_back();
  command.id = {saga.id, step.name, direction, effect.attempt.attempt};
  command.attempt = effect.attempt;
  command.saga_type = saga.type;
  command.saga_version = saga.definition_version;
  command.participant = step.participant;
  command.action = action_name(step, direction);
  command.round = saga.steps[effect.attempt.step].of(direction).round;
  command.key = saga.key;
  command.timeout = attempt_timeout(step, direction);
  command.body = std::move(effect.body);
  OutstandingAttempt& attempt = *live.find(effect.attempt);
  command.position = attempt.issued_at;
  attempt.body_bytes = command.body.text().size();
  in_flight_bytes_.bytes += attempt.body_bytes;
}

void Coordinator::checkpoint() {
  conclude(true);
  if (settings_.mode != Mode::engine) return;
  const Position settled = watermark_.value(last_position_);
  Batch batch;
  if (settled > stored_watermark_) batch.watermarks[channel_.name()] = settled;
  if (channel_.runs_here()) batch.watermarks[closed_mark(channel_.name())] = last_position_;
  batch.participants = book_.seal(true);
  if (batch.empty()) return;
  try {
    (void)store_.commit(batch);
  } catch (const StoreError& error) {
    if (!is_passing(error)) throw;
    // Nothing is lost with it but time: the next engine sends some commands again.
    return;
  }
  book_.committed();
  stored_watermark_ = std::max(stored_watermark_, settled);
}

void Coordinator::drop_answers() {
  if (commit_ == Commit::running) {
    commit_ = Commit::failed;
    try {
      (void)settings_.committer->finish();
    } catch (const std::exception&) {
      // The engine ends for another reason; what became of the batch is in the store.
    }
  }
  open_.clear();
  in_flight_.clear();
  done_.clear();
  waiters_.clear();
  hopeful_.clear();
  hopeful_bytes_ = 0;
  backlog_.clear();
  purges_.clear();
  releases_.clear();
  definition_drops_.clear();
}

}  // namespace skald

// The coordinator: takes all inputs that wait, decides each, stores everything in one transaction,
// and only then acts.
//
// It has no thread and no clock of its own: the orchestrator's shell, or a simulation, calls
// process() with what has arrived and the time. Everything here runs on that one thread, but for
// the commits of a committer.
//
// With a committer the next turn is decided while the last one is being committed. A saga belongs
// to one of them only: whatever needs one that is being committed, or needs the store, waits for
// that commit first. So nobody ever sees what is not stored, and both are rolled back together.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "admission/lock_table.hpp"
#include "admission/policy_admission.hpp"
#include "admission/turn_meter.hpp"
#include "coordinator/arrivals.hpp"
#include "coordinator/committer.hpp"
#include "coordinator/live_sagas.hpp"
#include "coordinator/prepared_children.hpp"
#include "coordinator/turn.hpp"
#include "skald/decide.hpp"
#include "skald/error.hpp"
#include "skald/options.hpp"
#include "skald/result.hpp"

namespace skald {

/// The store refused a write and will take it later by itself: it is full, or another program,
/// which should not, holds its lock.
[[nodiscard]] inline bool is_passing(const StoreError& error) {
  return error.kind() == StoreError::Kind::full || error.kind() == StoreError::Kind::locked;
}

class Coordinator {
 public:
  struct Settings {
    Mode mode = Mode::engine;
    std::size_t cached_sagas_limit = 50'000;
    std::size_t waiting_sagas_limit = 100'000;
    Logger log;
    Observer observer;
    PolicyObserver policy_observer;
    PoliciesByName participants;
    std::uint64_t id_seed = 0;       ///< Of the ids' random bits.
    Committer* committer = nullptr;  ///< Null: every commit is made by process() itself.
    std::size_t turn_limit = 1'024;  ///< Rows that a turn gathers while another is committed.
    TurnMeter::Limits turn{};        ///< Work that one call of process() does.
    /// Payloads of the sagas that are kept in memory, and of those the ones that are kept as trees.
    std::size_t cached_bytes_limit = 256UL * 1024 * 1024;
    std::size_t tree_bytes_limit = 4UL * 1024 * 1024;
    /// Bodies that the channel was given and has not confirmed.
    std::size_t in_flight_bytes_limit = 64UL * 1024 * 1024;
    bool guarded = true;  ///< Tests alone switch it off: what a decision throws ends the engine.
  };

  /// \throws DefinitionError for policies that contradict themselves
  Coordinator(Store& store, Channel& channel, Settings settings);

  /// Rebuilds what was under way: arms every outstanding attempt with a full timeout, sends again
  /// what the channel had not confirmed, and wakes what was waiting. Call once, before process().
  void recover(Time now);

  /// Decides the arrivals and the timers that are due, commits, acts. With a committer, a commit
  /// may go on when this returns (is_committing()): call again when it is done, or with more
  /// arrivals. When the store takes no writes for now, the starts and requests are refused and
  /// everything else is kept for the next call. \throws StoreError when the engine cannot go on.
  void process(Portion arrivals, Time now);
  void process(std::vector<Arrival> arrivals, Time now) {
    process(Portion(std::move(arrivals)), now);
  }
  [[nodiscard]] bool is_committing() const { return commit_ == Commit::running; }
  /// Whether arrivals were given that the last turn had no time for: call process() again, rather
  /// without new ones. While the store takes no writes, new ones are to come all the same: starts
  /// and requests among them are refused, and not held up by what has to be kept.
  [[nodiscard]] bool has_backlog() const { return !backlog_.empty() && !is_failing(); }
  /// Sagas that cannot be carried on, and why: their journals or definitions are damaged.
  [[nodiscard]] const std::map<SagaId, std::string>& unusable_sagas() const { return unusable_; }

  /// When process() is to be called even if nothing arrives.
  [[nodiscard]] std::optional<Time> next_due() const;

  /// Ends what is under way, then writes how far the channel had confirmed, for a short recovery.
  /// Call when stopping.
  void checkpoint();

  /// After process() threw: gives up every answer that is still owed.
  void drop_answers();

  [[nodiscard]] std::size_t cached() const { return live_.size(); }
  /// Sagas of which only the attempts that are not answered are in memory.
  [[nodiscard]] std::size_t parked() const { return parked_.size(); }
  [[nodiscard]] std::size_t timers() const { return timers_.size(); }
  /// Calls back for every line in which sagas wait and that a policy holds now.
  void each_hold(
      const std::function<void(const std::string& participant, const Hold&)>& visit) const;
  /// Definitions that new sagas may use; nothing when there is none of that type or version.
  [[nodiscard]] DefinitionPtr newest_definition(const std::string& type,
                                                std::optional<std::uint32_t> version) const;

 private:
  // One handler per arrival, so that a new one breaks the build.
  void take(StartArrival& a);
  void take(ReplyArrival& a);
  void take(UnusableArrival& a);
  void take(SentArrival& a);
  void take(ConfirmedArrival& a);
  void take(RoomArrival& a);
  void take(RequestArrival& a);
  void take(ReplayArrival& a);
  void take(DefineArrival& a);
  void take(WaitArrival& a);
  void take(UnwaitArrival& a);
  void take(LookArrival& a);
  void take(DropQuarantinedArrival& a);
  void take(RequeueQuarantinedArrival& a);
  void take(ParticipantsArrival& a);
  void take(SetBreakerArrival& a);
  void take(PurgeArrival& a) { purges_.push_back(std::move(a)); }
  void take(ReleaseSpaceArrival& a) { releases_.push_back(std::move(a)); }
  void take(DropDefinitionArrival& a) { definition_drops_.push_back(std::move(a)); }

  // Deciding.
  [[nodiscard]] bool is_failing() const { return retry_commit_delay_ > Duration::zero(); }
  void take_backlog();
  std::size_t take_some(std::span<Arrival> arrivals);
  std::optional<Refusal> apply(LiveSaga& live, const Input& input);
  std::optional<Refusal> decide_one(LiveSaga& live, const Input& input);
  void keep_effects(LiveSaga& live, std::vector<Effect>& effects, std::size_t append, bool ended);
  void note_events(LiveSaga& live, const Input& input, const std::vector<Event>& events);
  void fire_timers();
  std::optional<Refusal> start_saga(const DefinitionPtr& definition, StartRequested request,
                                    PayloadTrees&& trees);
  void look_up_keys(std::span<const Arrival> arrivals);
  [[nodiscard]] std::optional<SagaId> key_holder(const BusinessKey& key);
  [[nodiscard]] bool gives_key_up(const Definition& definition, const SagaId& holder);
  [[nodiscard]] std::optional<Refusal> hand_key_over(const SagaId& holder, const SagaId& to);
  void answer_with_holder(StartArrival& a, const SagaId& holder);
  [[nodiscard]] std::optional<std::string> refused_by_channel(const std::vector<Step>& steps) const;
  /// Hands a request on to the child sagas that it can only be meant for. False when it is the
  /// saga's own.
  bool pass_down(RequestArrival& a);
  /// What can be said of a saga without its history.
  struct Glance {
    Digest definition;
    Status status = Status::pending;
    bool paused = false;
  };
  using MayBeMeant = std::function<bool(const Definition&, const Glance&)>;
  [[nodiscard]] std::optional<std::vector<SagaId>> descendants(const SagaId& root,
                                                               const MayBeMeant& may_be_meant);
  [[nodiscard]] std::optional<Glance> glance(const SagaId& id);
  [[nodiscard]] DefinitionPtr readable_definition(const Digest& digest);
  static bool refuse_large_family(RequestArrival& a, const char* which);
  [[nodiscard]] std::string note_on(const LiveSaga& live, const Input& input,
                                    bool was_paused) const;
  /// Puts definition, input and locks of a new saga together, or says why it cannot be.
  [[nodiscard]] std::optional<Refusal> prepare(DefinitionPtr& definition, StartRequested& request,
                                               PayloadTrees& trees);

  // What goes wrong with one saga stays with it.
  std::optional<Refusal> guarded(LiveSaga& live, const Input& input);
  Refusal decision_failed(const SagaId& id, const Input& input, const std::string& what);
  void take_guarded(Arrival& arrival);
  template <typename A>
  void take_or_refuse(A& a);
  template <typename A>
  void arrival_failed(A& a, const std::string& why);
  void rebuild(LiveSaga& live);
  void stand_still(LiveSaga& live, ErrorInfo error);
  void append_fact(LiveSaga& live, Event event);
  std::optional<Refusal> decide_unusable(LiveSaga& live, const Input& input);
  void note_unusable(const SagaId& id, const std::string& problem);
  void tell_of_lost_locks(const SagaSummary& summary);
  [[nodiscard]] Refusal refuse_saga(const SagaId& id);
  void append_unread(Batch& batch, SagaSummary summary, Event event);
  void end_damaged(const RequestArrival& a);
  void log(LogLevel level, const std::string& text) const;

  // Replies and the quarantine.
  /// Decides what the reply says; or says why it cannot be used.
  [[nodiscard]] std::optional<Unusable> use(Reply& reply);
  void quarantine(const Reply& reply, const Unusable& problem);
  void tell_of_quarantine(const std::string& reason, const std::string& saga);
  void keep_in_quarantine(QuarantinedMessage message);
  /// The saga's history and its participant's count tell of it as well.
  void note_on_saga(const QuarantinedMessage& message);
  [[nodiscard]] std::string shown_detail(const QuarantinedMessage& message,
                                         const std::string& detail);
  [[nodiscard]] bool may_hold_secrets();
  void used_again(const RequeueQuarantinedArrival& a, const Reply& reply, bool changed);

  // Families and locks.
  using ChildRefusal = Admission::ChildRefusal;
  [[nodiscard]] std::optional<ChildRefusal> refuses_child(const Step& step, const JsonText& input);
  struct ChildMessage {
    SagaId parent;
    std::variant<StartChild, TurnChildBack> what;
  };
  struct ParentMessage {
    SagaId child;
  };
  using FamilyMessage = std::variant<ChildMessage, ParentMessage>;
  void carry_family();
  void carry(ChildMessage& message);
  void carry(const ParentMessage& message);
  void start_child(LiveSaga& parent, StartChild& start);
  void turn_child_back(const TurnChildBack& turn);
  void tell_parent(const LiveSaga& child);
  [[nodiscard]] std::size_t family_size(const SagaId& root);
  void wake_unlocked();
  void wake_deferred(std::size_t before);
  void wake(std::deque<SagaId>& waiting, std::size_t left);
  struct LockLine {
    Position started = 0;
    SagaId saga;
    SagaId root;
    std::vector<std::string> locks;
    bool holds = false;
  };
  using LockLines = std::vector<LockLine>;
  void leave_locks(const Saga& ended);
  [[nodiscard]] bool is_over(const SagaId& id, std::uint32_t depth = 0);
  void note_locks(const SagaId& id, LockLines& lines, std::uint32_t depth = 0);
  void note_family_locks(const SagaId& id, LockLines& lines, std::uint32_t depth = 0);
  void rebuild_locks(LockLines lines);

  /// Answers once the turn is stored, or refuses when it is not.
  template <typename T>
  void owe(const Answer<T>& answer, T value) {
    open_.answers.emplace_back([answer, value = std::move(value)] { answer(value); });
    owe_refusal(answer);
  }
  template <typename T>
  void owe_refusal(const Answer<T>& answer) {
    open_.refusals.emplace_back([answer](const Refusal& refusal) { answer(refusal); });
  }

  // Committing and acting.
  enum class Commit : std::uint8_t { none, running, stored, failed };
  void conclude(bool at_once);
  void seal();
  void commit_open();
  void commit_aside();
  [[nodiscard]] bool is_worth_committing_aside() const;
  void join_commit();
  void finish_commit();
  bool take_stored();
  void confirm(Turn& turn, Position first);
  /// The store, which nobody else uses now.
  [[nodiscard]] Store& store();
  void act(Turn& turn);
  void send_commands(Turn& turn);
  [[nodiscard]] static bool lifts_a_pause(const Batch& batch);
  void send_command(LiveSaga& live, SendCommand effect, std::vector<Command>& commands);
  void settle_sagas(const Turn& turn);
  void tell_waiters(const Saga& saga);
  void look_after_the_store();
  void give_up(const std::string& why);
  void roll_back(const std::string& why);
  void take_all(std::span<Arrival> arrivals);
  void keep_or_answer(std::span<Arrival> arrivals, std::vector<Arrival>& kept);

  // Sagas in memory.
  [[nodiscard]] LiveSaga* live(const SagaId& id);
  /// A saga as it is in the store, with its rows: all of them, or those since its snapshot. Empty
  /// when there is none, or when it is damaged, which is noted.
  struct StoredSaga {
    std::vector<JournalRow> rows;
    Saga saga;
    std::uint64_t snapshot_version = 0;
    std::vector<std::pair<AttemptRef, Position>> issued{};  ///< Before those rows.
  };
  enum class Rows : std::uint8_t { all, since_snapshot };
  [[nodiscard]] std::optional<StoredSaga> stored(const SagaId& id, Rows which = Rows::all);
  void keep_snapshot(LiveSaga& live);
  void find_definition(LiveSaga& live);
  void remove_live(const SagaId& id);
  LiveSaga* load(const SagaId& id);
  void rebuild_outstanding(LiveSaga& saga, const StoredSaga& from);
  void make_room();
  void keep_trees(LiveSaga& live);
  void park(const SagaId& id);
  [[nodiscard]] OutstandingAttempt* outstanding(const SagaId& id, const AttemptRef& attempt);
  void forget(LiveSaga& live);
  [[nodiscard]] DefinitionPtr definition(const Digest& digest);
  [[nodiscard]] DefinitionPtr definition_of(const Saga& saga);
  void register_definition(const DefinitionPtr& definition);
  bool drop_definition(const DropDefinitionArrival& a);

  // Timers.
  void arm_wake(LiveSaga& live);
  void arm_attempt(const SagaId& saga, OutstandingAttempt& attempt, Duration timeout);
  void disarm(std::optional<Timers::iterator>& timer);
  void forget_body(OutstandingAttempt& attempt);
  void drop_outstanding(OutstandingAttempt& attempt, std::vector<Position>& settled);
  [[nodiscard]] bool holds_overdue() const;

  // Policies.
  void note_issued(LiveSaga& live, const AttemptRef& attempt);
  void note_ended(const LiveSaga& live, const OutstandingAttempt& attempt, CommandEnd end);
  void let_go(const LiveSaga& live, const OutstandingAttempt& attempt);
  void identify(const LiveSaga& live, OutstandingAttempt& attempt, bool found);
  void join_lines(const LiveSaga& live);
  void serve_lines();
  std::size_t serve_line(const std::string& participant, std::size_t most);
  void serve(const SagaId& id);
  [[nodiscard]] std::optional<Time> next_admission() const;
  [[nodiscard]] bool waits_for_room(StartArrival& a);
  void start_those_who_wait();
  [[nodiscard]] bool has_room_for_the_first() const;
  [[nodiscard]] std::optional<Refusal> refuse_for_waiting(const Definition& definition) const;
  [[nodiscard]] std::vector<DefinitionPtr> known_definitions() const;

  // Recovery.
  /// An attempt that was under way in this process when it ended.
  struct Interrupted {
    SagaId saga;
    AttemptRef attempt;
    std::uint8_t times = 0;  ///< It was under way at so many ends before this one.
    bool counted = false;    ///< This end too, by a decision that may not be stored yet.
  };
  [[nodiscard]] bool was_closed();
  void resend_unconfirmed();
  void run_interrupted();
  [[nodiscard]] bool has_room_for(const LiveSaga& live, const AttemptRef& attempt) const;
  void send_again(LiveSaga& live, const AttemptRef& attempt, std::vector<Command>& commands);
  void hold_what_is_due(Time last_record);

  Store& store_;
  Channel& channel_;
  Settings settings_;
  PolicyBook book_;
  WaitingLines lines_;
  LockTable locks_;
  TurnMeter meter_;
  BytesInFlight in_flight_bytes_;
  PolicyAdmission admission_;
  std::mt19937_64 random_;
  Time now_{};

  std::unordered_map<SagaId, LiveSaga> live_;
  // What is outstanding of sagas that are not in `live_`.
  std::unordered_map<SagaId, std::vector<OutstandingAttempt>> parked_;
  std::size_t sweep_hand_ = 0;  // The bucket of `live_` that make_room() came to last.
  Timers timers_;
  std::deque<SagaId> unplaced_;    // Waited when the engine was opened; their lines are not known.
  std::vector<SagaId> held_back_;  // Of those, until `hold_due_until_`.
  bool more_to_serve_ = false;     // The batch has woken as many as it may, and more may pass.
  std::deque<SagaId> unlocked_;    // Have come to the front of a line, and were not woken yet.
  std::deque<SagaId> deferred_;    // Have more to do than their turn allowed.
  std::vector<FamilyMessage> family_;  // What a family's sagas have to tell each other; a stack.
  PreparedChildren prepared_;          // Of those that are to be started.
  bool carrying_ = false;
  const Saga* deciding_ = nullptr;                    // Of the decision under way.
  std::unordered_map<SagaId, std::size_t> families_;  // Sagas by root, as far as they are known.
  std::map<SagaId, std::string> unusable_;
  std::deque<Portion> backlog_;  // Given, and not taken yet.
  bool has_waited_ = false;      // Its first portion was taken in part.
  std::size_t live_bytes_ = 0;
  std::size_t hopeful_bytes_ = 0;
  std::deque<SagaId> with_trees_;  // In the order in which they got them.
  std::size_t tree_bytes_ = 0;
  std::unordered_map<Digest, DefinitionPtr> definitions_;
  std::map<std::string, std::map<std::uint32_t, DefinitionPtr>> by_type_;
  std::unordered_map<SagaId, std::vector<WaitArrival>> waiters_;
  WatermarkTracker watermark_;
  Position stored_watermark_ = 0;
  bool channel_noted_ = false;  // The store has a watermark of this channel.
  Time watermark_stored_at_{};
  Position last_position_ = 0;
  Position acted_position_ = 0;  // Up to here the watermark's tracker knows what was issued.
  std::deque<std::pair<SagaId, AttemptRef>> unsent_;  // To be sent again after a recovery.
  bool more_to_resend_ = false;                       // Of those; the turn had no time.
  std::deque<Interrupted> interrupted_;  // To be carried out again, the least suspicious first.
  std::optional<Interrupted> suspect_;   // Of those that were interrupted before: under way now.
  bool more_to_run_ = false;             // Of those; the turn had no time.
  std::optional<Time> hold_overdue_until_;
  std::optional<Time> hold_due_until_;  // What was due when the engine opened after long absence.
  std::optional<Time> quarantine_told_at_;  // In the log.
  std::uint64_t quarantined_untold_ = 0;
  Time opened_at_{};
  std::optional<Time> retry_commit_at_;
  std::deque<StartArrival> hopeful_;  // Wait for room, in the order of their coming.
  std::vector<PurgeArrival> purges_;  // Wait for the end of the batch under way, like the next.
  std::vector<ReleaseSpaceArrival> releases_;
  std::vector<DropDefinitionArrival> definition_drops_;
  std::vector<Arrival> held_;  // Kept while the store takes no writes.
  Duration retry_commit_delay_{0};

  // Who holds the keys of the starts that are being taken, in the store, if no commit has ended
  // since.
  std::map<BusinessKey, std::optional<SagaId>> looked_up_;

  Turn open_;       // Being decided.
  Turn in_flight_;  // Being committed, as `commit_` says.
  Turn done_;       // Stored, and being acted on.
  Commit commit_ = Commit::none;
  Position stored_first_ = 0;   // Of the one in flight, when it is stored.
  std::string commit_problem_;  // When it failed.
};

}  // namespace skald

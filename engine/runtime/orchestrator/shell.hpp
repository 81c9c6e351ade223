// The orchestrator's shell: one thread that runs the coordinator, and an inbox before it.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <thread>

#include "control/control_request.hpp"
#include "coordinator/coordinator.hpp"
#include "orchestrator/backup_job.hpp"
#include "orchestrator/commit_thread.hpp"
#include "orchestrator/inbox.hpp"
#include "orchestrator/start_gates.hpp"
#include "orchestrator/waiting.hpp"
#include "skald/orchestrator.hpp"

namespace skald {

/// Keeps other orchestrators of this process from the same store object, which one thread at a time
/// may write to. Other processes, and other objects on the same file, the store itself keeps out.
class StoreClaim {
 public:
  /// \throws StoreError when another one holds it.
  explicit StoreClaim(const Store& store);
  ~StoreClaim();
  StoreClaim(const StoreClaim&) = delete;
  StoreClaim& operator=(const StoreClaim&) = delete;

 private:
  const Store* store_;
};

class Orchestrator::Shell final : public ChannelListener {
 public:
  Shell(Store& store, Channel& channel, OrchestratorOptions options);
  ~Shell() override { stop(); }
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  void stop();

  template <typename A>
  void submit(A arrival) {
    Arrival pushed{std::move(arrival)};
    if (inbox_.push(std::move(pushed)) == Inbox::Pushed::taken) return;
    std::get<A>(pushed).answer(stopped_refusal());
  }

  /// Submits it and waits for its answer. \throws Refused
  template <typename T, typename A>
  T ask(A arrival) {
    Waiting<T> waiting;
    arrival.answer = waiting.answer();
    submit(std::move(arrival));
    return waiting.get_or_throw();
  }

  void start_async(NewSaga&& saga, StartDone&& done);
  [[nodiscard]] std::vector<StartOutcome> start_many(std::vector<NewSaga>&& sagas);
  [[nodiscard]] StartOutcome start(NewSaga&& saga);

  Json handle(const Json& request);
  std::optional<SagaResult> wait(const SagaId& id, Duration timeout);
  [[nodiscard]] Saga saga(const SagaId& id);

  [[nodiscard]] std::optional<std::string> failure() const {
    const std::lock_guard lock{failure_mutex_};
    return failure_;
  }

  // Reports of the channel, from its threads.
  void sent(const SagaId& saga, const AttemptRef& attempt) override {
    inbox_.push(SentArrival{saga, attempt});
  }
  void confirmed(Position position, const SagaId& saga, const AttemptRef& attempt) override {
    inbox_.push(ConfirmedArrival{position, saga, attempt});
  }
  void replied(Reply reply) override { inbox_.push(ReplyArrival{std::move(reply)}); }
  void reported(std::span<ChannelReport> reports) override { inbox_.push_reports(reports); }
  void unusable(QuarantinedMessage message, std::uint64_t receipt) override {
    inbox_.push(UnusableArrival{std::move(message), receipt});
  }
  void room() override { inbox_.push(RoomArrival{}); }
  void caught_up() override { inbox_.push(RoomArrival{}); }

 private:
  void open_to_the_outside();
  void close_to_the_outside();
  Coordinator::Settings settings();
  void run();
  void fail(const std::string& why);
  std::string control(std::string_view request);
  Json answer_request(StartArrival& start, const DefinitionPtr& define_first);
  Json answer_request(RequestArrival& arrival);
  Json answer_request(ReplayArrival& replay);
  Json answer_request(DefineArrival& define);
  Json answer_request(DropDefinitionArrival& drop);
  Json answer_request(DropQuarantinedArrival& drop);
  Json answer_request(RequeueQuarantinedArrival& requeue);
  Json answer_request(ParticipantsArrival& participants);
  Json answer_request(SetBreakerArrival& order);
  Json answer_request(PurgeArrival& purge);
  Json answer_request(ReleaseSpaceArrival& release);
  Json answer_request(const WaitRequest& wait);
  Json answer_request(const InfoRequest& info);
  Json answer_request(const BackupRequest& backup);

  [[nodiscard]] Refusal stopped_refusal() const {
    const auto why = failure();
    return {Refused::Code::unavailable,
            why ? "the engine has stopped: " + *why : "the engine has stopped"};
  }

  SystemClock system_clock_;
  OrchestratorOptions options_;
  std::optional<StoreClaim> claim_;  ///< Until it has stopped.
  Store& store_;
  Channel& channel_;
  Inbox inbox_;
  BackupJob backup_job_;
  std::unique_ptr<CommitThread> commit_thread_;  // Null: the coordinator's thread commits.
  Coordinator coordinator_;
  const std::string engine_id_;  // Kept, because only the coordinator's thread may ask the store.
  std::atomic<std::size_t> cached_{0};
  std::atomic<std::uint64_t> next_wait_{1};
  std::atomic<std::size_t> waits_{0};  // Requests to wait that are being answered.
  StartGates gates_;
  mutable std::mutex failure_mutex_;
  std::optional<std::string> failure_;
  std::mutex stop_mutex_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace skald

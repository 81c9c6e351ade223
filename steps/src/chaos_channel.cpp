#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include "chaos_draw.hpp"
#include "skald/chaos.hpp"

namespace skald {
namespace {

using chaos::Draw;
using SteadyTime = std::chrono::steady_clock::time_point;

std::uint64_t number_of(const AttemptRef& attempt) {
  return (static_cast<std::uint64_t>(attempt.step) << 32U) ^
         (static_cast<std::uint64_t>(attempt.direction) << 28U) ^ attempt.attempt;
}

}  // namespace

/// Listens to the spoilt channel, and has a thread for what is to happen later.
class ChaosChannel::Storm final : public ChannelListener {
 public:
  Storm(Channel& inner, ChaosOptions options) : inner_(inner), options_(options) {}

  void open(const std::string& engine_id, ChannelListener& listener) {
    listener_ = &listener;
    thread_ = std::jthread([this](std::stop_token stop) { run(std::move(stop)); });
    inner_.open(engine_id, *this);
  }
  void send(std::vector<Command> commands);
  void receipt(std::vector<std::uint64_t> receipts) {
    add_swallowed(receipts);
    inner_.receipt(receipts);
  }
  void close() {
    inner_.close();
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] ChaosCounts counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }
  [[nodiscard]] Channel& inner() const { return inner_; }

  // ChannelListener
  void sent(const SagaId& saga, const AttemptRef& attempt) override {
    if (!is_echo(sent_twice_, saga, attempt)) listener_->sent(saga, attempt);
  }
  void confirmed(Position position, const SagaId& saga, const AttemptRef& attempt) override {
    if (!is_echo(confirmed_twice_, saga, attempt)) listener_->confirmed(position, saga, attempt);
  }
  void replied(Reply reply) override;
  void unusable(QuarantinedMessage message, std::uint64_t receipt) override {
    listener_->unusable(std::move(message), receipt);
  }
  void room() override { listener_->room(); }
  void caught_up() override { listener_->caught_up(); }

 private:
  using Attempt = std::pair<SagaId, AttemptRef>;
  /// Attempts that were sent twice, and whether the first notice of them has passed.
  using Twins = std::map<Attempt, bool>;

  [[nodiscard]] bool befalls(double rate, const SagaId& saga, const AttemptRef& attempt,
                             Draw what) const {
    return chaos::befalls(rate, options_.seed, saga, number_of(attempt), what);
  }
  [[nodiscard]] bool loses_command(const SagaId& saga, const AttemptRef& attempt) const {
    return befalls(options_.lose, saga, attempt, Draw::lose) &&
           befalls(0.5, saga, attempt, Draw::which_half);
  }
  [[nodiscard]] bool loses_reply(const SagaId& saga, const AttemptRef& attempt) const {
    return befalls(options_.lose, saga, attempt, Draw::lose) &&
           !befalls(0.5, saga, attempt, Draw::which_half);
  }
  void pretend_sent(const Command& command, bool fail);
  void deliver(Reply reply);
  [[nodiscard]] bool is_echo(Twins& twins, const SagaId& saga, const AttemptRef& attempt);
  void add_swallowed(std::vector<std::uint64_t>& receipts);
  void later(SteadyTime due, std::function<void()> task);
  void run(std::stop_token stop);

  Channel& inner_;
  const ChaosOptions options_;
  ChannelListener* listener_ = nullptr;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  ChaosCounts counts_;
  Twins sent_twice_;  // The engine sent one command and is to hear of one.
  Twins confirmed_twice_;
  std::vector<std::uint64_t> swallowed_;  // Receipts of replies that the engine never sees.
  std::multimap<SteadyTime, std::function<void()>> tasks_;
  std::jthread thread_;  // Last: it uses all of the above.
};

void ChaosChannel::Storm::send(std::vector<Command> commands) {
  std::vector<Command> passed;
  std::vector<std::uint64_t> swallowed;
  add_swallowed(swallowed);
  if (!swallowed.empty()) inner_.receipt(swallowed);
  for (Command& command : commands) {
    const SagaId& saga = command.id.saga;
    const bool fails = befalls(options_.fail, saga, command.attempt, Draw::fail);
    if (fails || loses_command(saga, command.attempt)) {
      pretend_sent(command, fails);
      continue;
    }
    const bool twice = befalls(options_.duplicate, saga, command.attempt, Draw::repeat_command);
    const std::lock_guard lock(mutex_);
    ++counts_.commands;
    if (twice) {
      ++counts_.repeated_commands;
      command.sent_before = true;  // That one of the two comes back proves nothing of the other.
      sent_twice_[{saga, command.attempt}] = false;
      confirmed_twice_[{saga, command.attempt}] = false;
      passed.push_back(command);
    }
    passed.push_back(std::move(command));
  }
  if (!passed.empty()) inner_.send(std::move(passed));
}

// The engine is told that the command is on its way. It will fail, or never be heard of again.
void ChaosChannel::Storm::pretend_sent(const Command& command, bool fail) {
  {
    const std::lock_guard lock(mutex_);
    ++counts_.commands;
    ++(fail ? counts_.failed : counts_.lost_commands);
  }
  later(std::chrono::steady_clock::now(), [this, saga = command.id.saga, attempt = command.attempt,
                                           position = command.position, fail] {
    listener_->sent(saga, attempt);
    if (fail) listener_->replied({saga, attempt, {}, Outcome::failed("CHAOS"), 0});
    listener_->confirmed(position, saga, attempt);
  });
}

void ChaosChannel::Storm::replied(Reply reply) {
  const SagaId saga = reply.saga;
  const AttemptRef attempt = reply.attempt;
  if (loses_reply(saga, attempt)) {
    const std::lock_guard lock(mutex_);
    ++counts_.lost_replies;
    if (reply.receipt != 0) swallowed_.push_back(reply.receipt);
    return;
  }
  const bool final_reply = reply.outcome.kind != OutcomeKind::pending;
  if (final_reply && befalls(options_.unknown, saga, attempt, Draw::unknown)) {
    reply.outcome = Outcome::unknown("CHAOS", "the answer was taken away on purpose");
    const std::lock_guard lock(mutex_);
    ++counts_.unknown;
  }
  if (befalls(options_.duplicate, saga, attempt, Draw::repeat_reply)) {
    Reply again = reply;
    again.receipt = 0;
    {
      const std::lock_guard lock(mutex_);
      ++counts_.repeated_replies;
    }
    deliver(std::move(again));
  }
  deliver(std::move(reply));
}

void ChaosChannel::Storm::deliver(Reply reply) {
  if (!befalls(options_.slow, reply.saga, reply.attempt, Draw::slow)) {
    listener_->replied(std::move(reply));
    return;
  }
  const double share =
      chaos::draw(options_.seed, reply.saga, number_of(reply.attempt), Draw::how_slow);
  const auto delay = std::chrono::duration_cast<std::chrono::microseconds>(options_.slow_max);
  {
    const std::lock_guard lock(mutex_);
    ++counts_.slowed;
  }
  later(std::chrono::steady_clock::now() + std::chrono::microseconds(static_cast<std::int64_t>(
                                               share * static_cast<double>(delay.count()))),
        [this, reply = std::move(reply)] { listener_->replied(reply); });
}

bool ChaosChannel::Storm::is_echo(Twins& twins, const SagaId& saga, const AttemptRef& attempt) {
  const std::lock_guard lock(mutex_);
  const auto found = twins.find({saga, attempt});
  if (found == twins.end()) return false;
  const bool echo = found->second;
  found->second = true;
  if (echo) twins.erase(found);
  return echo;
}

void ChaosChannel::Storm::add_swallowed(std::vector<std::uint64_t>& receipts) {
  const std::lock_guard lock(mutex_);
  receipts.insert(receipts.end(), swallowed_.begin(), swallowed_.end());
  swallowed_.clear();
}

void ChaosChannel::Storm::later(SteadyTime due, std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  tasks_.emplace(due, std::move(task));
  changed_.notify_one();
}

void ChaosChannel::Storm::run(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (tasks_.empty()) {
      changed_.wait(lock, stop, [this] { return !tasks_.empty(); });
      continue;
    }
    const SteadyTime due = tasks_.begin()->first;
    if (std::chrono::steady_clock::now() < due) {
      changed_.wait_until(lock, stop, due, [this, due] { return tasks_.begin()->first < due; });
      continue;
    }
    auto task = tasks_.extract(tasks_.begin());
    lock.unlock();
    task.mapped()();
    lock.lock();
  }
}

ChaosChannel::ChaosChannel(Channel& inner, ChaosOptions options)
    : storm_(std::make_unique<Storm>(inner, options)) {}
ChaosChannel::~ChaosChannel() { storm_->close(); }

std::string ChaosChannel::name() const { return storm_->inner().name(); }
void ChaosChannel::open(const std::string& engine_id, ChannelListener& listener) {
  storm_->open(engine_id, listener);
}
void ChaosChannel::send(std::vector<Command> commands) { storm_->send(std::move(commands)); }
void ChaosChannel::withdraw(const SagaId& saga, const AttemptRef& attempt) {
  storm_->inner().withdraw(saga, attempt);
}
void ChaosChannel::receipt(const std::vector<std::uint64_t>& receipts) {
  storm_->receipt(receipts);
}
bool ChaosChannel::has_room(const std::string& participant) const {
  return storm_->inner().has_room(participant);
}
bool ChaosChannel::runs_here() const { return storm_->inner().runs_here(); }
std::optional<std::string> ChaosChannel::refuses(const std::string& participant,
                                                 const std::string& action) const {
  return storm_->inner().refuses(participant, action);
}
bool ChaosChannel::caught_up() const { return storm_->inner().caught_up(); }
Reconsidered ChaosChannel::reconsider(const QuarantinedMessage& message) const {
  return storm_->inner().reconsider(message);
}
void ChaosChannel::close() { storm_->close(); }
ChaosCounts ChaosChannel::counts() const { return storm_->counts(); }

Handler chaotic(Handler handler, const ChaosOptions& options) {
  return [handler = std::move(handler), options](const HandlerCall& call) {
    const std::uint64_t number = number_of(call.command().attempt);
    const auto befalls = [&](double rate, Draw what) {
      return chaos::befalls(rate, options.seed, call.saga(), number, what);
    };
    if (befalls(options.fail, Draw::fail)) return Outcome::failed("CHAOS");
    if (befalls(options.slow, Draw::slow)) {
      const double share = chaos::draw(options.seed, call.saga(), number, Draw::how_slow);
      std::mutex mutex;
      std::unique_lock lock(mutex);
      std::condition_variable_any stopped;
      stopped.wait_for(lock, call.stop(), share * options.slow_max, [] { return false; });
    }
    Outcome outcome = handler(call);
    const bool lost = befalls(options.lose, Draw::lose) || befalls(options.unknown, Draw::unknown);
    if (lost && outcome.kind != OutcomeKind::pending) return Outcome::unknown("CHAOS");
    return outcome;
  };
}

}  // namespace skald

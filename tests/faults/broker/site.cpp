#include "site.hpp"

#include <fmt/format.h>

#include <condition_variable>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "../ledger.hpp"
#include "broker.hpp"
#include "skald/participant_database.hpp"

namespace skald::faults {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr std::uint16_t participant_prefetch = 8;
// A participant that the broker refused is started again after this, as a supervisor would.
constexpr milliseconds restart_delay{200};
// Between sagas that are started until a fault has fired.
constexpr milliseconds start_interval{20};

milliseconds since(Steady::time_point moment) {
  return std::chrono::ceil<milliseconds>(Steady::now() - moment);
}

}  // namespace

EffectDecorator forgetful() {
  return [](TransactionHandler handler) -> TransactionHandler {
    return [handler = std::move(handler)](const HandlerCall& call, sqlite3* transaction) {
      run_sql(transaction, "DELETE FROM skald_barrier WHERE key <> ?", call.idempotency_key());
      return handler(call, transaction);
    };
  };
}

// One participant, served until its end.
class Site::Server {
 public:
  Server(const Files& files, const std::string& name, const SiteOptions& options,
         const AmqpOptions& amqp, Logbook& log)
      : planned_(
            files, name, options.seed, options.pace,
            options.decorate ? options.decorate : [](TransactionHandler h) { return h; }),
        thread_([this, amqp, logger = log.logger(name)](const std::stop_token& stop) {
          serve(amqp, logger, stop);
        }) {}

 private:
  void serve(const AmqpOptions& amqp, const Logger& logger, const std::stop_token& stop) {
    ServeOptions options;
    options.prefetch = participant_prefetch;
    options.grace = Duration{1'000};
    options.log = logger;
    std::mutex mutex;
    std::condition_variable_any stopped;
    while (!stop.stop_requested()) {
      try {
        serve_over_amqp(planned_.participant(), amqp, stop, options);
      } catch (const ChannelError& error) {
        logger(LogLevel::error, fmt::format("the participant ended: {}", error.what()));
        std::unique_lock lock(mutex);
        stopped.wait_for(lock, stop, restart_delay, [] { return false; });
      }
    }
  }

  PlannedParticipant planned_;
  std::jthread thread_;
};

Site::Site(SiteOptions options)
    : options_(std::move(options)),
      files_{make_directory()},
      engine_side_(options_.broker.port),
      participant_side_(options_.broker.port),
      store_(std::in_place, files_.store()),
      engine_id_(store_->engine_id()),
      quiet_(*store_),
      channel_(std::in_place, through(engine_side_), log_.logger("engine")) {
  for (const char* name : participant_names) {
    servers_.push_back(
        std::make_unique<Server>(files_, name, options_, through(participant_side_), log_));
  }
  if (options_.decorate_channel) decorated_ = options_.decorate_channel(*channel_);
  OrchestratorOptions settings;
  settings.observer = [quiet = quiet_.observer(), other = options_.observer](
                          const Definition& definition, const Saga& saga,
                          const std::vector<Event>& events) {
    if (other) other(definition, saga, events);
    quiet(definition, saga, events);
  };
  settings.control_socket = false;
  settings.log = log_.logger("engine");
  settings.policy_observer = options_.policy_observer;
  settings.waiting_sagas_limit = options_.waiting_sagas_limit;
  Channel& channel = decorated_ ? *decorated_ : static_cast<Channel&>(*channel_);
  engine_ = std::make_unique<Orchestrator>(*store_, channel, settings);
  if (options_.definitions.empty()) options_.definitions = definitions(options_.pace);
  for (const Definition& definition : options_.definitions) engine_->define(definition);
  for (const char* name : participant_names) {
    const std::string words = fmt::format("for commands to {}", name);
    if (!log_.await(words, {}, std::chrono::seconds{30})) {
      throw ChannelError(fmt::format("the participant {} did not get ready", name));
    }
  }
}

Site::~Site() {
  engine_.reset();
  servers_.clear();
}

AmqpOptions Site::through(const FrameProxy& proxy) const {
  AmqpOptions amqp = options_.broker;
  amqp.host = "127.0.0.1";
  amqp.port = proxy.port();
  amqp.heartbeat = options_.heartbeat;
  amqp.confirm_timeout = options_.confirm_timeout;
  amqp.outgoing_limit = options_.outgoing_limit;
  amqp.reconnect_delay = Duration{20};
  amqp.reconnect_delay_max = Duration{300};
  amqp.connect_timeout = Duration{3'000};
  return amqp;
}

SagaId Site::start() {
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = next_++;
  }
  const std::string type =
      options_.definitions.size() == 1 ? options_.definitions.front().type : type_of(number);
  const Json input{{"number", number}, {"note", options_.note}};
  const Started started =
      engine_->start(type, input, {.key = key_of(number), .by = "broker faults"});
  const std::lock_guard lock(mutex_);
  acknowledged_.emplace(key_of(number), started.id);
  return started.id;
}

std::uint64_t Site::started() const {
  const std::lock_guard lock(mutex_);
  return acknowledged_.size();
}

bool Site::start_until(const std::function<bool()>& so) {
  const auto until = Steady::now() + fire_limit;
  while (!so()) {
    if (Steady::now() > until) return false;
    (void)start();
    std::this_thread::sleep_for(start_interval);
  }
  return true;
}

std::uint64_t Site::repeats() const {
  std::uint64_t repeats = 0;
  for (const char* participant : participant_names) {
    std::set<std::string> seen;
    for (const CommandId& id : DeliveryLog::read(files_.deliveries(participant))) {
      if (!seen.insert(id.to_string()).second) ++repeats;
    }
  }
  return repeats;
}

Tally Site::finish(Findings& findings, std::uint64_t quarantined) {
  findings.expect(testing::Invariant::I15, !engine_->failure(), "the engine stopped by itself: {}",
                  engine_->failure().value_or(""));
  engine_.reset();
  servers_.clear();
  channel_.reset();
  store_.reset();
  return check_invariants(files_, acknowledged_, findings, quarantined);
}

void Site::forget() { std::filesystem::remove_all(files_.directory); }

Pulse::Pulse(Site& site, milliseconds interval, std::uint64_t sagas)
    : site_(site),
      interval_(interval),
      sagas_(sagas),
      asker_([this](const std::stop_token& stop) { ask(stop); }),
      starter_([this](const std::stop_token& stop) { start_sagas(stop); }) {}

// False when it is time to stop.
bool Pulse::pause(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  stopped_.wait_for(lock, stop, interval_, [] { return false; });
  return !stop.stop_requested();
}

void Pulse::start_sagas(const std::stop_token& stop) {
  for (std::uint64_t i = 0; i < sagas_ && !stop.stop_requested(); ++i) {
    const auto began = Steady::now();
    std::string refusal;
    try {
      (void)site_.start();
    } catch (const Refused& refused) {
      refusal = refused.what();
    }
    {
      const std::lock_guard lock(mutex_);
      ++(refusal.empty() ? counts_.started : counts_.refused);
      if (!refusal.empty()) counts_.refusal = refusal;
      counts_.slowest_start = std::max(counts_.slowest_start, since(began));
    }
    if (interval_.count() > 0 && !pause(stop)) break;
  }
  const std::lock_guard lock(mutex_);
  ended_ = true;
  stopped_.notify_all();
}

void Pulse::ask(const std::stop_token& stop) {
  const std::array<Json, 2> questions{Json{{"verb", "info"}}, Json{{"verb", "participants"}}};
  for (std::size_t i = 0; !stop.stop_requested(); ++i) {
    const auto began = Steady::now();
    (void)site_.engine().handle(questions[i % questions.size()]);
    {
      const std::lock_guard lock(mutex_);
      ++counts_.asked;
      counts_.slowest_answer = std::max(counts_.slowest_answer, since(began));
    }
    std::unique_lock lock(mutex_);
    stopped_.wait_for(lock, stop, milliseconds{20}, [] { return false; });
  }
}

Pulse::Counts Pulse::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void Pulse::await_end() {
  std::unique_lock lock(mutex_);
  stopped_.wait(lock, [this] { return ended_; });
}

Pulse::Counts Pulse::stop() {
  starter_.request_stop();
  asker_.request_stop();
  if (starter_.joinable()) starter_.join();
  if (asker_.joinable()) asker_.join();
  return counts();
}

}  // namespace skald::faults

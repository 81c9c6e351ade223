#include "orchestrator/shell.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <mutex>
#include <new>
#include <random>
#include <set>

#include "orchestrator/waiting.hpp"
#include "skald/crash_point.hpp"
#include "skald/text.hpp"

namespace skald {
namespace {

void log_to_stderr(LogLevel level, std::string_view text) {
  if (level < LogLevel::warning) return;
  fmt::print(stderr, "skald: {}\n", escape_controls(text));
}

Coordinator::Settings settings_from(const OrchestratorOptions& options) {
  Coordinator::Settings settings;
  settings.mode = options.mode;
  settings.cached_sagas_limit = options.cached_sagas_limit;
  settings.waiting_sagas_limit = options.waiting_sagas_limit;
  settings.log = options.log;
  settings.observer = options.observer;
  settings.policy_observer = options.policy_observer;
  settings.participants = options.participants;
  std::random_device device;
  settings.id_seed = (std::uint64_t{device()} << 32U) ^ device();
  settings.turn_limit = options.batch_limit;
  settings.turn.decisions = options.batch_limit;
  return settings;
}

// While a commit goes on, so many arrivals are worth to be waited for.
constexpr std::size_t arrivals_worth_waking = 32;

// A callback of the user that throws concerns nobody else: it is told, but not each time.
class CallbackFaults {
 public:
  CallbackFaults(const char* name, Logger log) : name_(name), log_(std::move(log)) {}

  void note(const char* what) {
    constexpr std::uint64_t told_every = 1'000;
    if (count_++ % told_every != 0) return;
    log_(LogLevel::error, fmt::format("the {} has thrown ({} so far): {}; it must not, and the "
                                      "engine goes on",
                                      name_, count_, what));
  }

 private:
  const char* name_;
  Logger log_;
  std::uint64_t count_ = 0;
};

template <typename... Args>
std::function<void(Args...)> fenced(const char* name, std::function<void(Args...)> callback,
                                    const Logger& log) {
  if (!callback) return callback;
  return
      [callback = std::move(callback), faults = CallbackFaults(name, log)](Args... args) mutable {
        try {
          callback(args...);
        } catch (const std::bad_alloc&) {
          throw;
        } catch (const std::exception& error) {
          faults.note(error.what());
        } catch (...) {  // Whatever a callback may throw: the user's own types.
          faults.note("something that is no std::exception");
        }
      };
}

// A logger that throws has nobody left to tell.
Logger fenced_logger(Logger log) {
  return [log = std::move(log)](LogLevel level, std::string_view text) {
    try {
      log(level, text);
    } catch (const std::bad_alloc&) {
      throw;
    } catch (...) {  // Whatever it is: the line is lost, and the engine goes on.
      return;
    }
  };
}

OrchestratorOptions with_defaults(OrchestratorOptions options, const Clock& system_clock) {
  if (!options.clock) options.clock = &system_clock;
  options.log = fenced_logger(options.log ? std::move(options.log) : log_to_stderr);
  options.observer = fenced("observer", std::move(options.observer), options.log);
  options.policy_observer =
      fenced("policy observer", std::move(options.policy_observer), options.log);
  return options;
}

// Stores that an orchestrator of this process works on.
struct Claims {
  std::mutex mutex;
  std::set<const Store*> stores;
};
Claims& claims() {
  static Claims all;
  return all;
}

}  // namespace

StoreClaim::StoreClaim(const Store& store) : store_(&store) {
  const std::lock_guard lock{claims().mutex};
  if (claims().stores.insert(store_).second) return;
  throw StoreError(StoreError::Kind::failed,
                   "another Orchestrator of this process works on this store object: stop it "
                   "first, or give this one a store of its own");
}

StoreClaim::~StoreClaim() {
  const std::lock_guard lock{claims().mutex};
  claims().stores.erase(store_);
}

Orchestrator::Shell::Shell(Store& store, Channel& channel, OrchestratorOptions options)
    : options_(with_defaults(std::move(options), system_clock_)),
      claim_(store),
      store_(store),
      channel_(channel),
      inbox_(options_.waiting_starts_limit),
      backup_job_(store),
      coordinator_(store, channel, settings()),
      engine_id_(store.engine_id()) {
  coordinator_.recover(options_.clock->now());
  try {
    if (options_.mode == Mode::engine) open_to_the_outside();
    inbox_.push(RoomArrival{});
    thread_ = std::thread([this] { run(); });
  } catch (...) {  // Thrown on: this only closes what was opened.
    // Nobody may call an orchestrator that never came to be.
    close_to_the_outside();
    throw;
  }
}

Coordinator::Settings Orchestrator::Shell::settings() {
  Coordinator::Settings settings = settings_from(options_);
  if (options_.mode != Mode::engine) return settings;
  commit_thread_ = std::make_unique<CommitThread>(store_, [this] { inbox_.nudge(); });
  settings.committer = commit_thread_.get();
  return settings;
}

void Orchestrator::Shell::stop() {
  const std::lock_guard lock{stop_mutex_};
  if (stopped_) return;
  stopped_ = true;
  backup_job_.stop();
  inbox_.close();
  thread_.join();  // It answers what it has taken and gives up whoever waits for a saga.
  close_to_the_outside();
  inbox_.discard();  // What the channel said while closing; it is told again at the next open.
  claim_.reset();
}

void Orchestrator::Shell::open_to_the_outside() {
  channel_.open(engine_id_, *this);
  crash_point(CrashPoint::recovery_open);
  if (!options_.control_socket) return;
  store_.serve_control([this](std::string_view request) { return control(request); });
}

void Orchestrator::Shell::close_to_the_outside() {
  if (options_.mode == Mode::engine && options_.control_socket) store_.stop_control();
  channel_.close();
}

void Orchestrator::Shell::run() {
  try {
    while (true) {
      std::optional<Duration> patience;
      if (const auto due = coordinator_.next_due()) patience = *due - options_.clock->now();
      const std::size_t least = coordinator_.is_committing() ? arrivals_worth_waking : 1;
      // What it was given comes first; the inbox holds the rest back.
      auto arrivals = coordinator_.has_backlog()
                          ? Portion{}
                          : inbox_.take(options_.batch_limit, patience, least);
      if (!arrivals) break;
      coordinator_.process(*std::move(arrivals), options_.clock->now());
      gates_.open();
      cached_ = coordinator_.cached();
    }
    crash_point(CrashPoint::engine_stopping);
    coordinator_.checkpoint();
    crash_point(CrashPoint::engine_stopped);
    coordinator_.drop_answers();
  } catch (const Error& error) {
    fail(error.what());
  } catch (const std::bad_alloc&) {
    // Half a batch may be decided. When there is not even memory to say so, the program ends.
    fail("memory has run out; make room for it, then restart");
  }
  gates_.open();
}

// The engine cannot go on: whoever waits is told, and nothing more is taken.
void Orchestrator::Shell::fail(const std::string& why) {
  {
    const std::lock_guard lock{failure_mutex_};
    failure_ = why;
  }
  options_.log(LogLevel::error, fmt::format("the engine stops: {}", why));
  inbox_.close();
  coordinator_.drop_answers();
  const Refusal refusal = stopped_refusal();
  for (Arrival& arrival : inbox_.drain()) {
    std::visit(
        [&refusal](auto& a) {
          if constexpr (requires { a.answer; }) a.answer(refusal);
        },
        arrival);
  }
}

Saga Orchestrator::Shell::saga(const SagaId& id) { return ask<Saga>(LookArrival{id, {}}); }

std::optional<SagaResult> Orchestrator::Shell::wait(const SagaId& id, Duration timeout) {
  Waiting<SagaResult> waiting;
  const std::uint64_t token = next_wait_++;
  submit(WaitArrival{id, token, waiting.answer()});
  // Answered behind the wait: how short the time may be, what is the case already is told.
  if (timeout < std::chrono::seconds{1}) (void)saga(id);
  auto result = waiting.get_within(timeout);
  if (!result) inbox_.push(UnwaitArrival{id, token});
  return result;
}

}  // namespace skald

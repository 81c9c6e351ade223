// The orchestrator's shell: one thread that runs the coordinator, and an inbox before it.
#include "skald/orchestrator.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <future>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "control_request.hpp"
#include "coordinator.hpp"
#include "inbox.hpp"

namespace skald {
namespace {

using Code = Refused::Code;

// A wait request holds a thread of the control socket; clients ask again in slices.
constexpr Duration wait_request_limit{10'000};

void log_to_stderr(LogLevel level, std::string_view text) {
  if (level < LogLevel::warning) return;
  fmt::print(stderr, "skald: {}\n", text);
}

Coordinator::Settings settings_from(const OrchestratorOptions& options) {
  Coordinator::Settings settings;
  settings.mode = options.mode;
  settings.cached_sagas_limit = options.cached_sagas_limit;
  settings.log = options.log;
  settings.observer = options.observer;
  std::random_device device;
  settings.id_seed = (std::uint64_t{device()} << 32U) ^ device();
  return settings;
}

OrchestratorOptions with_defaults(OrchestratorOptions options, const Clock& system_clock) {
  if (!options.clock) options.clock = &system_clock;
  if (!options.log) options.log = log_to_stderr;
  return options;
}

// Blocks for an answer of the coordinator's thread; throws the refusal.
template <typename T>
class Waiting {
 public:
  [[nodiscard]] Answer<T> answer() const {
    return [promise = promise_](std::variant<T, Refusal> value) {
      promise->set_value(std::move(value));
    };
  }
  [[nodiscard]] T get_or_throw() {
    try {
      return unwrap(future_.get());
    } catch (const std::future_error&) {
      // The engine failed while it held the request; what became of it is in the store.
      throw Refused(Code::unavailable, "the engine has stopped before it could answer");
    }
  }
  [[nodiscard]] std::optional<T> get_within(Duration timeout) {
    if (future_.wait_for(timeout) != std::future_status::ready) return std::nullopt;
    return get_or_throw();
  }

 private:
  static T unwrap(std::variant<T, Refusal> value) {
    if (auto* refusal = std::get_if<Refusal>(&value)) {
      throw Refused(refusal->code, refusal->message);
    }
    return std::get<T>(std::move(value));
  }
  // Shared, because the answer may come after a waiter with a time limit has gone.
  std::shared_ptr<std::promise<std::variant<T, Refusal>>> promise_ =
      std::make_shared<std::promise<std::variant<T, Refusal>>>();
  std::future<std::variant<T, Refusal>> future_ = promise_->get_future();
};

}  // namespace

class Orchestrator::Shell final : public ChannelListener {
 public:
  Shell(Store& store, Channel& channel, OrchestratorOptions options)
      : options_(with_defaults(std::move(options), system_clock_)),
        store_(store),
        channel_(channel),
        inbox_(options_.waiting_starts_limit),
        coordinator_(store, channel, settings_from(options_)),
        engine_id_(store.engine_id()) {
    coordinator_.recover(options_.clock->now());
    if (options_.mode == Mode::engine) open_to_the_outside();
    inbox_.push(RoomArrival{});
    thread_ = std::thread([this] { run(); });
  }

  ~Shell() override { stop(); }
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  void stop() {
    const std::lock_guard lock{stop_mutex_};
    if (stopped_) return;
    stopped_ = true;
    inbox_.close();
    thread_.join();  // It answers what it has taken and gives up whoever waits for a saga.
    if (options_.mode == Mode::engine && options_.control_socket) store_.stop_control();
    channel_.close();
    inbox_.drain();  // What the channel said while closing; it is told again at the next open.
  }

  template <typename A>
  void submit(A arrival) {
    auto answer = arrival.answer;
    const bool taken = inbox_.push(std::move(arrival));
    if (!taken) answer(stopped_refusal());
  }

  Json handle(const Json& request);
  std::optional<SagaResult> wait(const SagaId& id, Duration timeout);

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
  void unusable(QuarantinedMessage message, std::uint64_t receipt) override {
    inbox_.push(UnusableArrival{std::move(message), receipt});
  }
  void room() override { inbox_.push(RoomArrival{}); }
  void caught_up() override { inbox_.push(RoomArrival{}); }

 private:
  void open_to_the_outside();
  void run();
  void fail(const std::string& why);
  std::string control(std::string_view request);
  Json answer_request(StartArrival& start, const DefinitionPtr& define_first);
  Json answer_request(RequestArrival& arrival);
  Json answer_request(ReplayArrival& replay);
  Json answer_request(DefineArrival& define);
  Json answer_request(DropQuarantinedArrival& drop);
  Json answer_request(const WaitRequest& wait);
  Json answer_request(const InfoRequest& info);

  [[nodiscard]] Refusal stopped_refusal() const {
    const auto why = failure();
    return {Code::unavailable, why ? "the engine has stopped: " + *why : "the engine has stopped"};
  }

  SystemClock system_clock_;
  OrchestratorOptions options_;
  Store& store_;
  Channel& channel_;
  Inbox inbox_;
  Coordinator coordinator_;
  const std::string engine_id_;  // Kept, because only the coordinator's thread may ask the store.
  std::atomic<std::size_t> cached_{0};
  std::atomic<std::uint64_t> next_wait_{1};
  mutable std::mutex failure_mutex_;
  std::optional<std::string> failure_;
  std::mutex stop_mutex_;
  bool stopped_ = false;
  std::thread thread_;
};

void Orchestrator::Shell::open_to_the_outside() {
  channel_.open(engine_id_, *this);
  if (!options_.control_socket) return;
  try {
    store_.serve_control([this](std::string_view request) { return control(request); });
  } catch (const Error&) {
    channel_.close();  // It must not report to an orchestrator that never came to be.
    throw;
  }
}

void Orchestrator::Shell::run() {
  try {
    while (true) {
      std::optional<Duration> patience;
      if (const auto due = coordinator_.next_due()) patience = *due - options_.clock->now();
      auto arrivals = inbox_.take(options_.batch_limit, patience);
      if (!arrivals) break;
      coordinator_.process(*std::move(arrivals), options_.clock->now());
      cached_ = coordinator_.cached();
    }
    coordinator_.checkpoint();
    coordinator_.drop_answers();
  } catch (const Error& error) {
    fail(error.what());
  }
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

std::string Orchestrator::Shell::control(std::string_view request) {
  try {
    return handle(parse_json(request)).dump(-1, ' ', false, Json::error_handler_t::replace);
  } catch (const JsonError& error) {
    return refusal_json({Code::invalid, error.what()}).dump();
  }
}

Json Orchestrator::Shell::handle(const Json& request) {
  try {
    ParsedRequest parsed = parse_control_request(request);
    return std::visit(
        [&](auto& r) {
          if constexpr (std::is_same_v<std::decay_t<decltype(r)>, StartArrival>) {
            return answer_request(r, parsed.define_first);
          } else {
            return answer_request(r);
          }
        },
        parsed.request);
  } catch (const Refused& refused) {
    return refusal_json({refused.code(), refused.what()});
  } catch (const DefinitionError& error) {
    return refusal_json({Code::invalid, error.what()});
  } catch (const JsonError& error) {
    return refusal_json({Code::invalid, error.what()});
  }
}

Json Orchestrator::Shell::answer_request(StartArrival& start, const DefinitionPtr& define_first) {
  if (define_first) {
    Waiting<bool> defined;
    submit(DefineArrival{define_first, defined.answer()});
    (void)defined.get_or_throw();
  }
  Waiting<Started> waiting;
  start.answer = waiting.answer();
  submit(std::move(start));
  const Started started = waiting.get_or_throw();
  return {{"ok", true}, {"id", started.id.to_string()}, {"created", started.created}};
}

Json Orchestrator::Shell::answer_request(RequestArrival& arrival) {
  Waiting<RequestOutcome> waiting;
  const bool resumed = std::holds_alternative<ResumeRequested>(arrival.input);
  arrival.answer = waiting.answer();
  submit(std::move(arrival));
  const RequestOutcome outcome = waiting.get_or_throw();
  Json answer{{"ok", true}, {"status", to_string(outcome.status)}, {"paused", outcome.paused}};
  if (outcome.wished) {
    answer["note"] = "recorded as a wish: the pivot is in doubt, its outcome decides";
  } else if (resumed && outcome.status == Status::stuck) {
    answer["note"] = "the pause is lifted; the saga is still stuck, resume it again for that";
  }
  return answer;
}

Json Orchestrator::Shell::answer_request(ReplayArrival& replay) {
  Waiting<SagaId> waiting;
  replay.answer = waiting.answer();
  submit(std::move(replay));
  return {{"ok", true}, {"id", waiting.get_or_throw().to_string()}};
}

Json Orchestrator::Shell::answer_request(DefineArrival& define) {
  Waiting<bool> waiting;
  define.answer = waiting.answer();
  submit(std::move(define));
  (void)waiting.get_or_throw();
  return {{"ok", true}};
}

Json Orchestrator::Shell::answer_request(DropQuarantinedArrival& drop) {
  Waiting<bool> waiting;
  drop.answer = waiting.answer();
  submit(std::move(drop));
  (void)waiting.get_or_throw();
  return {{"ok", true}};
}

Json Orchestrator::Shell::answer_request(const WaitRequest& request) {
  const auto result = wait(request.saga, std::min(request.timeout, wait_request_limit));
  if (!result) return {{"ok", true}, {"done", false}};
  return {{"ok", true}, {"done", true}, {"status", to_string(result->status)}};
}

Json Orchestrator::Shell::answer_request(const InfoRequest&) {
  return {{"ok", true},
          {"engine", engine_id_},
          {"pid", getpid()},
          {"mode", options_.mode == Mode::engine ? "engine" : "momentary"},
          {"channel", channel_.name()},
          {"queued", inbox_.size()},
          {"cached", cached_.load()}};
}

std::optional<SagaResult> Orchestrator::Shell::wait(const SagaId& id, Duration timeout) {
  Waiting<SagaResult> waiting;
  const std::uint64_t token = next_wait_++;
  submit(WaitArrival{id, token, waiting.answer()});
  auto result = waiting.get_within(timeout);
  if (!result) inbox_.push(UnwaitArrival{id, token});
  return result;
}

Orchestrator::Orchestrator(Store& store, Channel& channel, OrchestratorOptions options)
    : shell_(std::make_unique<Shell>(store, channel, std::move(options))) {}
Orchestrator::~Orchestrator() = default;

void Orchestrator::define(const Definition& definition) {
  Waiting<bool> waiting;
  shell_->submit(DefineArrival{std::make_shared<const Definition>(definition), waiting.answer()});
  (void)waiting.get_or_throw();
}

Started Orchestrator::start(std::string_view type, const Json& input, const StartOptions& options) {
  return start(type, JsonText::of(input), options);
}

Started Orchestrator::start(std::string_view type, const JsonText& input,
                            const StartOptions& options) {
  Waiting<Started> waiting;
  StartArrival start;
  start.type = type;
  start.version = options.version;
  start.key = options.key;
  start.input = input;
  start.requester.by = options.by;
  start.answer = waiting.answer();
  shell_->submit(std::move(start));
  return waiting.get_or_throw();
}

std::optional<SagaResult> Orchestrator::wait(const SagaId& id, Duration timeout) {
  return shell_->wait(id, timeout);
}

Saga Orchestrator::saga(const SagaId& id) {
  Waiting<Saga> waiting;
  shell_->submit(LookArrival{id, waiting.answer()});
  return waiting.get_or_throw();
}

Json Orchestrator::handle(const Json& request) { return shell_->handle(request); }
void Orchestrator::stop() { shell_->stop(); }
std::optional<std::string> Orchestrator::failure() const { return shell_->failure(); }

}  // namespace skald

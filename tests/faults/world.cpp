#include "world.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>

#include "fate.hpp"
#include "skald/definition_builder.hpp"
#include "skald/error.hpp"

namespace skald::faults {
namespace {

RetryPolicy quick_retry() {
  RetryPolicy retry;
  retry.max_attempts = 4;
  retry.initial_delay = Duration{5};
  retry.max_delay = Duration{40};
  return retry;
}

DefinitionBuilder builder(const char* type, const Pace& pace) {
  DefinitionBuilder definition(type, 1);
  definition.default_timeout(pace.timeout)
      .default_retry(quick_retry())
      .default_compensation_retry(quick_retry());
  return definition;
}

Definition delivery(const Pace& pace) {
  return builder("delivery", pace)
      .step("reserve")
      .participant("inventory")
      .action("act")
      .compensation("undo")
      .step("charge")
      .participant("payment")
      .action("act")
      .compensation("undo")
      .resolve("ask")
      .step("ship")
      .participant("shipping")
      .action("act")
      .pivot()
      .build();
}

Definition order(const Pace& pace) {
  return builder("order", pace)
      .step("reserve")
      .participant("inventory")
      .action("act")
      .compensation("undo")
      .step("quote")
      .participant("shipping")
      .action("act")
      .no_compensation()
      .step("charge")
      .participant("payment")
      .action("act")
      .compensation("undo")
      .step("ship")
      .participant("shipping")
      .action("act")
      .pivot()
      .resolve("ask")
      .step("notify")
      .participant("inventory")
      .action("act")
      .retriable()
      .on_failure_skip()
      .build();
}

Definition trip(const Pace& pace) {
  return builder("trip", pace)
      .step("flight")
      .participant("shipping")
      .action("act")
      .compensation("undo")
      .step("hotel")
      .participant("inventory")
      .action("act")
      .compensation("undo")
      .resolve("ask")
      .step("car")
      .participant("inventory")
      .action("act")
      .compensation("undo")
      .step("insurance")
      .participant("payment")
      .action("act")
      .compensation("undo")
      .step("visa")
      .participant("shipping")
      .action("act")
      .compensation("undo")
      .step("deposit")
      .participant("payment")
      .action("act")
      .compensation("undo")
      .build();
}

std::uint64_t number_of(const HandlerCall& call) {
  return call.input().at("number").get<std::uint64_t>();
}

// A participant that is slow, but lets itself be stopped.
void linger(const std::stop_token& stop, Duration duration) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait_for(lock, stop, duration, [] { return false; });
}

}  // namespace

std::string make_directory() {
  std::string path = (std::filesystem::temp_directory_path() / "skald-faults-XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr) throw Error("cannot make a directory " + path);
  return path;
}

std::vector<Definition> definitions(const Pace& pace) {
  return {delivery(pace), order(pace), trip(pace)};
}

std::string type_of(std::uint64_t number) {
  constexpr std::array types{"delivery", "order", "trip"};
  return types[number % types.size()];
}

std::string key_of(std::uint64_t number) { return fmt::format("saga-{}", number); }

Json input_of(std::uint64_t number) { return {{"number", number}, {"note", "fragile"}}; }

PlannedParticipant::PlannedParticipant(const Files& files, const std::string& name,
                                       std::uint64_t seed, const Pace& pace,
                                       const EffectDecorator& decorate)
    : seed_(seed),
      pace_(pace),
      deliveries_(files.deliveries(name)),
      participant_(name, files.ledger(name)) {
  make_ledger(participant_.database());
  // A killed process loses nothing that it wrote; the fsyncs would only slow the participants down
  // until the engine's restarts flood them.
  run_script(participant_.database(), "PRAGMA synchronous = OFF");
  const TransactionHandler handler = [this](const HandlerCall& call, sqlite3* transaction) {
    return act(call, transaction);
  };
  for (const char* action : {"act", "undo"}) participant_.handle(action, decorate(handler));
  participant_.before_each([this](const HandlerCall& call) -> std::optional<Outcome> {
    deliveries_.note(call.command().id);
    return std::nullopt;
  });
  participant_.after_each(
      [this](const HandlerCall& call, Outcome outcome) { return after(call, std::move(outcome)); });
}

void PlannedParticipant::undo_outside() {
  OutsideHandler undo;
  undo.lease = pace_.timeout;
  undo.work = [this](const HandlerCall& call) {
    return mishap(call).value_or(Outcome::success({{"done", call.step()}}));
  };
  undo.record = [this](const HandlerCall& call, const Outcome&, sqlite3* transaction) {
    return take_effect(call, transaction);
  };
  participant_.handle_outside("undo", std::move(undo));
}

Outcome PlannedParticipant::act(const HandlerCall& call, sqlite3* transaction) {
  if (auto outcome = mishap(call)) return *std::move(outcome);
  return take_effect(call, transaction);
}

std::optional<Outcome> PlannedParticipant::mishap(const HandlerCall& call) const {
  switch (fate_of(seed_, number_of(call), call.step(), call.direction())) {
    case Fate::rejected:
      if (call.direction() == Direction::compensate && call.round() > 1) break;
      return Outcome::rejected("REFUSED", "as planned");
    case Fate::failed_twice:
      if (call.attempt() <= 2) return Outcome::failed("BUSY", "as planned");
      break;
    case Fate::failed_always:
      if (call.round() == 1) return Outcome::failed("DOWN", "as planned");
      break;
    case Fate::unknown_first:
      if (call.attempt() == 1) return Outcome::unknown("GATEWAY", "as planned");
      break;
    case Fate::unknown_always: return Outcome::unknown("GATEWAY", "as planned");
    case Fate::answer_lost:
    case Fate::slow:
    case Fate::smooth: break;
  }
  return std::nullopt;
}

Outcome PlannedParticipant::take_effect(const HandlerCall& call, sqlite3* transaction) {
  write_effect(transaction, call);
  const std::lock_guard lock(fresh_mutex_);
  fresh_.insert(call.idempotency_key());
  return Outcome::success({{"done", call.step()}});
}

Outcome PlannedParticipant::after(const HandlerCall& call, Outcome outcome) {
  {
    const std::lock_guard lock(fresh_mutex_);
    if (fresh_.erase(call.idempotency_key()) == 0) return outcome;  // Answered from memory.
  }
  if (outcome.kind != OutcomeKind::success || call.attempt() != 1) return outcome;
  const Fate fate = fate_of(seed_, number_of(call), call.step(), call.direction());
  if (fate == Fate::answer_lost) return Outcome::unknown("GATEWAY", "as planned");
  if (fate == Fate::slow) linger(call.stop(), pace_.slow);
  return outcome;
}

Outcome PlannedParticipant::answer_without_barrier(const HandlerCall& call) {
  deliveries_.note(call.command().id);
  if (call.direction() == Direction::resolve) return Outcome::success();
  Outcome outcome;
  {
    const std::lock_guard lock(unguarded_);
    SqlTransaction transaction(participant_.database());
    outcome = act(call, participant_.database());
    transaction.commit();
  }
  return after(call, std::move(outcome));
}

}  // namespace skald::faults

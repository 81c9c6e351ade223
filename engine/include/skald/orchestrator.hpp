// The orchestrator: Skald as a service embeds it.
//
//   skald::SqliteStore store{"orders.db"};
//   skald::InProcessChannel channel;
//   skald::Orchestrator orders{store, channel};
//   orders.define(skald::load_definition("place-order.json"));
//   auto started = orders.start("place-order", order, {.key = "order-42"});  // durable on return
//   auto result = orders.wait(started.id, 5s);
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "skald/channel.hpp"
#include "skald/definition.hpp"
#include "skald/error.hpp"
#include "skald/options.hpp"
#include "skald/result.hpp"
#include "skald/store.hpp"
#include "skald/time.hpp"

namespace skald {

/// Thread-safe. The store and the channel are borrowed and must outlive it.
class Orchestrator {
 public:
  /// Takes the store over: recovers what was under way (Mode::engine). Definitions already in the
  /// store are known. \throws StoreError, ChannelError; DefinitionError for `participants`; Refused
  /// (wrong_state) for a store that belongs to another channel (Store::watermark()).
  Orchestrator(Store& store, Channel& channel, OrchestratorOptions options = {});
  /// Stops cleanly, as stop() does.
  ~Orchestrator();
  Orchestrator(const Orchestrator&) = delete;
  Orchestrator& operator=(const Orchestrator&) = delete;

  /// Stores a definition for new sagas. Sagas under way keep the one they started with.
  /// \throws Refused when sagas have used another definition of this type and version, or another
  /// type states a different policy for one of its participants.
  void define(const Definition& definition);

  /// Starts a saga; it is durable on return. \throws Refused: not_found for an unknown type or
  /// version, key_conflict, unavailable when the store is full or the engine has stopped;
  /// JsonError.
  Started start(std::string_view type, const Json& input, const StartOptions& options = {});
  Started start(std::string_view type, const JsonText& input, const StartOptions& options = {});
  /// Not with a text, which would become a JSON string: say JsonText::parse(text) when it holds
  /// JSON, or Json(text) when a string is meant.
  // clang-format off
  template <typename Text>
    requires std::convertible_to<Text, std::string_view>
  Started start(std::string_view type, const Text& input,
                const StartOptions& options = {}) = delete;
  // clang-format on

  /// Starts a saga without waiting for its commit: for callers that have no thread to spare for
  /// each start. Never blocks. `done` is called exactly once and says what start() would have: on
  /// the orchestrator's thread after the commit, or earlier when the start is refused; for a start
  /// that is not even taken (too many wait, the engine has stopped) on the caller's own thread,
  /// before this returns. Starts of one thread are decided in the order of its calls.
  void start_async(NewSaga saga, StartDone done);

  /// Starts many sagas and waits for all of them: outcomes in the order of `sagas`. Each stands for
  /// itself, as if it had been started alone; they share commits, but are no transaction.
  [[nodiscard]] std::vector<StartOutcome> start_many(std::vector<NewSaga> sagas);

  /// Blocks until the saga has ended or is stuck, at most `timeout`; nothing when it has not.
  /// \throws Refused (not_found)
  [[nodiscard]] std::optional<SagaResult> wait(const SagaId& id, Duration timeout);

  /// The saga as of its last commit. \throws Refused (not_found)
  [[nodiscard]] Saga saga(const SagaId& id);

  /// Gives the saga a signal that a step waits for, or will wait for; durable on return. \throws
  /// Refused: not_found, invalid when no step waits for this signal, wrong_state when the saga has
  /// ended or turned back. A second signal of the same `signal_id` changes nothing; empty: none.
  void signal(const SagaId& id, std::string_view name, const JsonText& data = {},
              std::string_view signal_id = {});

  /// Carries out one request of an operator, as the control socket does: `{"verb": "resume", "id":
  /// …}` → `{"ok": true, …}` or `{"ok": false, "error": {"code", "message"}}`. The requests are
  /// listed in docs/control.md. Never throws for what the request says.
  [[nodiscard]] Json handle(const Json& request);

  /// Stops taking requests, finishes the transaction under way and closes the channel. What was
  /// not answered is taken up at the next open. Idempotent.
  void stop();

  /// The error that stopped the engine by itself (a disk that failed, a lost ownership), if any.
  [[nodiscard]] std::optional<std::string> failure() const;

 private:
  class Shell;
  std::unique_ptr<Shell> shell_;
};

}  // namespace skald

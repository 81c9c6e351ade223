// The in-process channel: steps carried out by functions of this program, on a bounded pool.
//
//   skald::InProcessChannel channel;
//   channel.handle("inventory", "reserve", [](const skald::HandlerCall& call) { … });
//
// It is durable like any other channel: a command whose result was not committed is sent again
// when the engine next opens, with the same idempotency key. The channel keeps no results itself;
// a handler that must not act twice keeps its own (barrier.hpp).
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "skald/channel.hpp"
#include "skald/orchestrator.hpp"
#include "skald/participant_call.hpp"

namespace skald {

struct InProcessOptions {
  std::size_t threads = 0;         ///< 0: as many as the machine has cores, at least 2.
  std::size_t queue_limit = 4096;  ///< Commands per participant that wait for a thread; then
                                   ///< has_room() is false until half of them are gone.
  /// Threads that handlers of one participant may hold at a time, so that handlers that hang leave
  /// the others some. 0: all threads but one, at least 1; all of them when only one participant has
  /// handlers. Never more than there are threads.
  std::size_t share = 0;
  /// The same for single participants, by name. Stands before `share`.
  std::map<std::string, std::size_t> shares{};
  /// A handler that runs for longer counts as hung: once all threads of a share are in such, a
  /// warning says so, at most once a minute for each participant. Nothing is ended by it.
  Duration hung_after{10'000};
  Logger log{};  ///< Absent: warnings and errors go to stderr. Called by a thread of its own.
};

/// One run per idempotency key at a time: an attempt whose predecessor still runs waits for it and
/// is answered with its outcome. sent() is reported when a handler begins, confirmed() right after
/// its result; a command that was withdrawn or dropped is not confirmed. Thread-safe once open.
class InProcessChannel final : public Channel {
 public:
  explicit InProcessChannel(InProcessOptions options = {});
  ~InProcessChannel() override;
  InProcessChannel(const InProcessChannel&) = delete;
  InProcessChannel& operator=(const InProcessChannel&) = delete;

  /// Registers what carries out this action, compensation or resolve action of the participant.
  /// \throws ChannelError when the channel is open, or the action has a handler already.
  void handle(const std::string& participant, const std::string& action, Handler handler);
  /// Registers what answers every command of the participant that has no handler of its own.
  /// \throws ChannelError when the channel is open, or the participant has one already.
  void handle_others(const std::string& participant, Handler handler);
  /// Threads that handlers of this participant may hold at a time (InProcessOptions::shares).
  /// \throws ChannelError when the channel is open, or `threads` is 0.
  void share(const std::string& participant, std::size_t threads);

  [[nodiscard]] std::string name() const override { return "in-process"; }
  /// May be called again after close(). \throws ChannelError when it is open, or a share is 0 or
  /// for a participant that has no handler.
  void open(const std::string& engine_id, ChannelListener& listener) override;
  /// Commands that nobody handles are answered `failed`: `NO_PARTICIPANT` or `UNKNOWN_ACTION`.
  void send(std::vector<Command> commands) override;
  /// Also asks the handler to stop if it is this attempt that runs.
  void withdraw(const SagaId& saga, const AttemptRef& attempt) override;
  void receipt(const std::vector<std::uint64_t>& receipts) override;
  [[nodiscard]] bool has_room(const std::string& participant) const override;
  [[nodiscard]] bool runs_here() const override { return true; }
  /// An action that a registered participant has no handler for. Of participants that nobody
  /// registered nothing is said: they may be meant for another channel.
  [[nodiscard]] std::optional<std::string> refuses(const std::string& participant,
                                                   const std::string& action) const override;
  /// The outcome of an attempt whose handler said `pending`. From any thread; also of a call of an
  /// earlier life of the engine. False when the channel is not open: say it again then.
  /// \throws ChannelError when `outcome` is `pending` itself.
  bool complete(const CommandId& id, Outcome outcome);
  /// Asks running handlers to stop and waits for them; what is queued is dropped, to be sent again
  /// at the next open.
  void close() override;

 private:
  [[nodiscard]] bool is_open() const;
  void demand_closed(const std::string& what) const;
  void share_out(std::size_t threads);

  class Registry;
  class Pool;
  InProcessOptions options_;
  std::unique_ptr<Registry> registry_;
  std::unique_ptr<Pool> pool_;  ///< Present while open.
};

}  // namespace skald

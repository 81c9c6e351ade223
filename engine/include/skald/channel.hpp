// The channel port: how commands reach participants and replies come back.
//
// The coordinator sends what it has committed; the channel tells its listener what became of it. A
// command that the channel accepted is its business until it was sent, withdrawn, or the channel
// closed; after a crash the coordinator sends again whatever was not confirmed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "skald/ids.hpp"
#include "skald/json.hpp"
#include "skald/outcome.hpp"
#include "skald/store.hpp"

namespace skald {

/// One attempt, ready to be sent.
struct Command {
  CommandId id;
  AttemptRef attempt;  ///< The same attempt as in `id`, by position.
  std::string saga_type;
  std::uint32_t saga_version = 0;
  std::string participant;
  std::string action;  ///< Name of the action, compensation or resolve action.
  std::uint32_t round = 1;
  std::optional<std::string> key;
  Duration timeout{0};
  JsonText body;
  Position position = 0;  ///< Of the journal row that issued it.
  /// An earlier life of the engine may have sent it: that it cannot be delivered now does not mean
  /// that it never was.
  bool sent_before = false;
};

/// Something that came back. `receipt` goes back to the channel once it was committed.
struct Reply {
  SagaId saga;
  AttemptRef attempt;  ///< `step` is no_step when the channel knows only the name, below.
  std::string step;    ///< Name of the step; empty when `attempt.step` is set.
  Outcome outcome;
  std::uint64_t receipt = 0;  ///< 0: needs no receipt.
};

/// Why a message cannot be used: a word for programs such as `BAD_JSON`, and one sentence.
struct Unusable {
  std::string reason;
  std::string detail;
};
/// What a message in quarantine comes to when it is looked at again.
using Reconsidered = std::variant<Reply, Unusable>;

/// What sent(), confirmed() and replied() of a listener tell, as values.
struct CommandSent {
  SagaId saga;
  AttemptRef attempt;
};
struct CommandConfirmed {
  Position position = 0;
  SagaId saga;
  AttemptRef attempt;
};
using ChannelReport = std::variant<CommandSent, CommandConfirmed, Reply>;

/// What a channel reports. Every function may be called from any of the channel's threads, returns
/// quickly, and must not be called after Channel::close() returned.
class ChannelListener {
 public:
  virtual ~ChannelListener() = default;
  /// The command is really on its way: its timeout starts now.
  virtual void sent(const SagaId& saga, const AttemptRef& attempt) = 0;
  /// The command issued at this position will not be lost by the channel any more.
  virtual void confirmed(Position position, const SagaId& saga, const AttemptRef& attempt) = 0;
  virtual void replied(Reply reply) = 0;
  /// Several of these three at one go, in order; moves from them. One hand-over instead of many,
  /// for a channel that has much to tell at the same moment.
  virtual void reported(std::span<ChannelReport> reports) {
    for (ChannelReport& report : reports) {
      std::visit(
          [this]<typename R>(R& r) {
            if constexpr (std::is_same_v<R, CommandSent>) {
              sent(r.saga, r.attempt);
            } else if constexpr (std::is_same_v<R, CommandConfirmed>) {
              confirmed(r.position, r.saga, r.attempt);
            } else {
              replied(std::move(r));
            }
          },
          report);
    }
  }
  /// A message that cannot be used; it is to be kept in quarantine, then receipted.
  virtual void unusable(QuarantinedMessage message, std::uint64_t receipt) = 0;
  /// has_room() may answer true again for some participant.
  virtual void room() = 0;
  /// Channel::caught_up() answers true from now on.
  virtual void caught_up() {}
};

class Channel {
 public:
  virtual ~Channel() = default;

  /// Names the channel's watermark in the store: `in-process`, `amqp`.
  [[nodiscard]] virtual std::string name() const = 0;

  /// Starts working for this engine. Replies may come in at once. \throws ChannelError on options
  /// that can never work; a peer that is merely away is waited for.
  virtual void open(const std::string& engine_id, ChannelListener& listener) = 0;
  /// Takes the commands over; never blocks on the network. Called by one thread.
  virtual void send(std::vector<Command> commands) = 0;
  /// Forgets the command if it has not been sent; otherwise does nothing.
  virtual void withdraw(const SagaId& saga, const AttemptRef& attempt) = 0;
  /// These replies and unusable messages are committed: they need not be delivered again.
  virtual void receipt(const std::vector<std::uint64_t>& receipts) = 0;
  /// False when commands for this participant had better wait in the store.
  [[nodiscard]] virtual bool has_room(const std::string& participant) const = 0;
  /// Why a command for this action of this participant would be refused, in words that complete
  /// "participant P …"; nothing when it would not, or nobody can know. Called by define().
  [[nodiscard]] virtual std::optional<std::string> refuses(const std::string& participant,
                                                           const std::string& action) const {
    (void)participant, (void)action;
    return std::nullopt;
  }
  /// Whether commands are carried out in this process, so that one of them may end it.
  [[nodiscard]] virtual bool runs_here() const { return false; }
  /// False while replies that had queued up before open() are still being taken in; the listener
  /// is told when it turns true. What is overdue waits for it, for a bounded time.
  [[nodiscard]] virtual bool caught_up() const { return true; }
  /// Reads a message that a channel of this kind put into quarantine, as if it came now; a reply
  /// then has receipt 0. Does no I/O. By default a channel cannot.
  [[nodiscard]] virtual Reconsidered reconsider(const QuarantinedMessage& message) const {
    return Unusable{message.reason, "the channel '" + name() + "' cannot read it again"};
  }
  /// Stops: finishes or gives up what is under way, and returns once no listener call will come any
  /// more. May be called twice.
  virtual void close() = 0;
};

/// For an owner that sends nothing, such as the CLI repairing a store while no engine runs.
class NullChannel : public Channel {
 public:
  [[nodiscard]] std::string name() const override { return "none"; }
  void open(const std::string&, ChannelListener&) override {}
  void send(std::vector<Command>) override {}
  void withdraw(const SagaId&, const AttemptRef&) override {}
  void receipt(const std::vector<std::uint64_t>&) override {}
  [[nodiscard]] bool has_room(const std::string&) const override { return false; }
  void close() override {}
};

}  // namespace skald

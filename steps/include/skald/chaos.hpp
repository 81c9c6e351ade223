// Chaos on purpose: failures, silence, repeats and slowness at stated rates, for trying one's own
// sagas under fire.
//
// A ChaosChannel stands between the engine and any channel; chaotic() wraps a single handler. What
// befalls an attempt is drawn from the seed and the attempt, not from a stream of random numbers: a
// second run with the same ids meets the same accidents, whatever the threads do. Nothing of it
// breaks a promise of the engine: it does what networks, brokers and participants do anyway.
//
//   skald::ChaosChannel channel{inner, skald::ChaosOptions::parse("fail=0.1,lose=0.05,seed=7")};
//   skald::Orchestrator orders{store, channel};
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "skald/channel.hpp"
#include "skald/participant_call.hpp"

namespace skald {

/// Rates are shares of attempts from 0 to 1, each drawn by itself.
struct ChaosOptions {
  std::uint64_t seed = 1;
  double fail = 0;       ///< Answered `failed`, code `CHAOS`; the participant hears nothing of it.
  double lose = 0;       ///< The command or its reply vanishes: the attempt times out.
  double unknown = 0;    ///< Carried out, but answered `unknown`, code `CHAOS`.
  double duplicate = 0;  ///< Of commands and of replies each: it comes twice.
  double slow = 0;       ///< The reply is held back, for a time up to `slow_max`.
  Duration slow_max{2'000};

  /// Reads `fail=0.1,lose=0.05,unknown=0.02,duplicate=0.1,slow=0.2:3s,seed=7`, in any order; what
  /// is left out is 0. \throws Refused (invalid) that names the word and what it must be
  [[nodiscard]] static ChaosOptions parse(std::string_view text);
  /// In the same form, without what is 0.
  [[nodiscard]] std::string describe() const;
};

/// How often each accident has really happened.
struct ChaosCounts {
  std::uint64_t commands = 0;  ///< That the engine sent.
  std::uint64_t failed = 0;
  std::uint64_t lost_commands = 0;
  std::uint64_t lost_replies = 0;
  std::uint64_t unknown = 0;
  std::uint64_t repeated_commands = 0;
  std::uint64_t repeated_replies = 0;
  std::uint64_t slowed = 0;

  /// One line for people.
  [[nodiscard]] std::string text() const;
};

/// A channel that passes on to another one what it does not spoil. Goes by the other's name, so
/// that a store can be run with and without chaos. Thread rules are those of Channel; counts() may
/// be called from any thread.
class ChaosChannel final : public Channel {
 public:
  /// Borrows the channel.
  ChaosChannel(Channel& inner, ChaosOptions options);
  ~ChaosChannel() override;

  [[nodiscard]] std::string name() const override;
  void open(const std::string& engine_id, ChannelListener& listener) override;
  void send(std::vector<Command> commands) override;
  void withdraw(const SagaId& saga, const AttemptRef& attempt) override;
  void receipt(const std::vector<std::uint64_t>& receipts) override;
  [[nodiscard]] bool has_room(const std::string& participant) const override;
  [[nodiscard]] bool runs_here() const override;
  [[nodiscard]] std::optional<std::string> refuses(const std::string& participant,
                                                   const std::string& action) const override;
  [[nodiscard]] bool caught_up() const override;
  [[nodiscard]] Reconsidered reconsider(const QuarantinedMessage& message) const override;
  void close() override;

  [[nodiscard]] ChaosCounts counts() const;

 private:
  class Storm;
  std::unique_ptr<Storm> storm_;
};

/// The handler, spoilt: some attempts fail before it is called; some are slow; some end `unknown`
/// after it has acted, be it that the answer is said to be lost. A handler cannot repeat its own
/// command, so `duplicate` means nothing here. Callable from several threads when the handler is.
[[nodiscard]] Handler chaotic(Handler handler, const ChaosOptions& options);

}  // namespace skald

// A channel with a broker behind it, both in virtual time: what it loses, doubles, delays and
// redelivers is decided by the accidents of the schedule.
//
// Like the real ones it keeps replies until they are receipted, forgets what was not sent when its
// engine dies, and may forget what was not confirmed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "accidents.hpp"
#include "agenda.hpp"
#include "checker.hpp"
#include "moments.hpp"
#include "skald/channel.hpp"

namespace skald::testing {

/// What the participants of a world see of it.
class Desk {
 public:
  virtual ~Desk() = default;
  [[nodiscard]] virtual Time now() const = 0;
  virtual void reply(const Command& command, Outcome outcome) = 0;
  virtual void after(Duration delay, std::function<void()> task) = 0;
  virtual void took_effect(const Command& command) = 0;
  /// The participant is about to contradict what it said, or will say, of this command.
  virtual void lies_about(const Command& command) = 0;
  /// Names this delivery of this command for the accidents.
  [[nodiscard]] virtual Label label(const Command& command) = 0;
};

class Participants {
 public:
  virtual ~Participants() = default;
  /// A command has arrived, for the first time or again. Answers, at once or later, by
  /// Desk::reply().
  virtual void carry_out(const Command& command, Desk& desk) = 0;
};

class SimulatedChannel final : public Channel, public Desk {
 public:
  /// `kill`: present when commands are carried out in the engine's process; ends that.
  SimulatedChannel(Agenda& agenda, Accidents& accidents, Participants& participants,
                   Checker& checker, Moments& moments, Trace& trace, std::function<void()> kill)
      : kill_(std::move(kill)),
        agenda_(agenda),
        accidents_(accidents),
        participants_(participants),
        checker_(checker),
        moments_(moments),
        trace_(trace) {}

  [[nodiscard]] std::string name() const override { return "simulated"; }
  void open(const std::string& engine_id, ChannelListener& listener) override;
  void send(std::vector<Command> commands) override;
  void withdraw(const SagaId& saga, const AttemptRef& attempt) override;
  void receipt(const std::vector<std::uint64_t>& receipts) override;
  [[nodiscard]] bool has_room(const std::string& participant) const override {
    return full_.count(participant) == 0;
  }
  [[nodiscard]] bool runs_here() const override { return static_cast<bool>(kill_); }
  [[nodiscard]] bool caught_up() const override { return caught_up_; }
  /// The engine stops or dies; `crashed` loses what only it and this channel knew.
  void close(bool crashed);
  void close() override { close(false); }

  // Desk
  [[nodiscard]] Time now() const override { return agenda_.now(); }
  void reply(const Command& command, Outcome outcome) override;
  void after(Duration delay, std::function<void()> task) override {
    agenda_.after(delay, std::move(task));
  }
  void took_effect(const Command& command) override;
  void lies_about(const Command& command) override {
    checker_.lied(command.id.saga, command.attempt.step);
  }
  [[nodiscard]] Label label(const Command& command) override;

  /// From now on no command ends the engine any more.
  void heal() { healed_ = true; }
  /// A participant's queue is full, or has room again.
  void set_room(const std::string& participant, bool room);

  struct Counts {
    std::uint64_t deliveries = 0;
    std::uint64_t repeats = 0;  ///< Deliveries of a command that had been delivered before.
    std::uint64_t replies = 0;
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  void take_over(const Command& command, Label label);
  void deliver(const Command& command, std::uint64_t transit);
  void queue_reply(Reply reply, Label label);
  void hand_over(Reply reply);
  [[nodiscard]] bool kills(const Command& command);
  [[nodiscard]] Duration transit_time(Accident delay, Label label);
  [[nodiscard]] Label label_of(const Command& command) const;

  std::function<void()> kill_;
  Agenda& agenda_;
  Accidents& accidents_;
  Participants& participants_;
  Checker& checker_;
  Moments& moments_;
  Trace& trace_;
  ChannelListener* listener_ = nullptr;
  std::uint64_t life_ = 0;  ///< Counts opens: what was meant for an earlier engine is dropped.
  bool caught_up_ = true;
  std::set<std::string> full_;
  std::set<std::pair<SagaId, AttemptRef>> unsent_;
  std::map<std::uint64_t, Label> unconfirmed_;  ///< On the wire, by number; label 0: confirmed.
  std::uint64_t transits_ = 0;
  std::uint64_t receipts_ = 0;
  std::map<std::uint64_t, Reply> unreceipted_;
  std::map<std::uint64_t, Reply> receipted_;
  std::vector<Reply> waiting_;  ///< For the next engine.
  std::map<Label, std::uint32_t> occasions_;
  std::map<Label, std::uint32_t> delivered_;
  std::map<Label, bool> killers_;
  bool healed_ = false;
  std::map<std::pair<SagaId, AttemptRef>, Position> issued_;  ///< If they are carried out here.
  Counts counts_;
};

}  // namespace skald::testing

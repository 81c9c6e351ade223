#include "simulated_channel.hpp"

#include <fmt/format.h>

#include <utility>

namespace skald::testing {
namespace {

constexpr std::uint64_t latency_max_ms = 8;
constexpr std::uint64_t delay_max_ms = 3'000;
constexpr Duration catch_up_time{3};

std::string describe(const Command& command) {
  return fmt::format("{} {}/{}", command.action, command.id.step, command.id.attempt);
}

}  // namespace

Label SimulatedChannel::label_of(const Command& command) const {
  const Witness* witness = checker_.find(command.id.saga);
  return mix(witness ? witness->label : 0, hash_of(command.id.step),
             static_cast<std::uint64_t>(command.id.direction), command.id.attempt);
}

Label SimulatedChannel::label(const Command& command) {
  const Label label = label_of(command);
  return mix(label, occasions_[label]++);
}

void SimulatedChannel::open(const std::string&, ChannelListener& listener) {
  ++life_;
  listener_ = &listener;
  caught_up_ = waiting_.empty();
  for (Reply& reply : std::exchange(waiting_, {})) hand_over(std::move(reply));
  agenda_.after(caught_up_ ? Duration{0} : catch_up_time, [this, life = life_] {
    if (life != life_ || !listener_) return;
    caught_up_ = true;
    listener_->room();
  });
}

void SimulatedChannel::close(bool crashed) {
  listener_ = nullptr;
  ++life_;
  unsent_.clear();
  for (auto& [receipt, reply] : std::exchange(unreceipted_, {})) {
    // Here, whoever carried it out has died as well.
    const bool lost = runs_here() || (crashed && accidents_.happens(Accident::lose_reply_at_crash,
                                                                    mix(life_, receipt, 9)));
    if (!lost) waiting_.push_back(std::move(reply));
  }
  for (auto& [receipt, reply] : std::exchange(receipted_, {})) {
    const bool again =
        !runs_here() && accidents_.happens(Accident::redeliver_reply, mix(life_, receipt));
    if (crashed && again) waiting_.push_back(std::move(reply));
  }
  if (runs_here()) unconfirmed_.clear();
  if (!crashed) return;
  std::erase_if(unconfirmed_, [this](const auto& transit) {
    const Label label = transit.second;
    return label != 0 && accidents_.happens(Accident::lose_at_crash, mix(label, 7));
  });
}

void SimulatedChannel::send(std::vector<Command> commands) {
  for (const Command& command : commands) {
    moments_.pass(Accident::crash_while_sending);
    checker_.sent(command);
    const Label label = mix(this->label(command), 1);
    const Duration queued{accidents_.pick(mix(label, 1), 3)};
    unsent_.insert({command.id.saga, command.attempt});
    if (runs_here()) issued_[{command.id.saga, command.attempt}] = command.position;
    agenda_.after(queued, [this, command, label, life = life_] {
      if (life != life_ || !listener_) return;
      const bool withdrawn = unsent_.erase({command.id.saga, command.attempt}) == 0;
      if (!withdrawn) take_over(command, label);
    });
  }
}

// The command is really on its way: the broker has it, or loses it.
void SimulatedChannel::take_over(const Command& command, Label label) {
  listener_->sent(command.id.saga, command.attempt);
  const int copies = accidents_.happens(Accident::repeat_command, label) ? 2 : 1;
  for (int copy = 0; copy < copies; ++copy) {
    const Label own = mix(label, 2, static_cast<std::uint64_t>(copy));
    if (accidents_.happens(Accident::lose_command, own)) {
      trace_.note([&] { return fmt::format("{} is lost", describe(command)); });
      continue;
    }
    const std::uint64_t transit = ++transits_;
    unconfirmed_.emplace(transit, own);
    agenda_.after(transit_time(Accident::delay_command, own),
                  [this, command, transit] { deliver(command, transit); });
  }
  if (runs_here()) return;  // It is confirmed with its reply.
  const std::uint64_t last = transits_;
  agenda_.after(Duration{accidents_.pick(mix(label, 3), latency_max_ms)},
                [this, command, life = life_, last] {
                  if (life != life_ || !listener_) return;
                  if (auto found = unconfirmed_.find(last); found != unconfirmed_.end()) {
                    found->second = 0;
                  }
                  listener_->confirmed(command.position, command.id.saga, command.attempt);
                });
}

void SimulatedChannel::deliver(const Command& command, std::uint64_t transit) {
  if (unconfirmed_.erase(transit) == 0) return;  // Lost when the engine died.
  ++counts_.deliveries;
  const std::uint32_t times = ++delivered_[label_of(command)];
  if (times > 1) ++counts_.repeats;
  trace_.note([&] {
    return fmt::format("{} reaches {}{}", describe(command), command.participant,
                       times > 1 ? " again" : "");
  });
  if (kills(command)) {
    trace_.note([] { return "  and ends the engine"; });
    checker_.killed(command);
    kill_();
    return;
  }
  participants_.carry_out(command, *this);
}

// Whichever attempt it is: what makes the handler end the process is in what it is asked for.
bool SimulatedChannel::kills(const Command& command) {
  if (!runs_here() || !listener_ || healed_) return false;
  const Witness* witness = checker_.find(command.id.saga);
  const Label label = mix(witness ? witness->label : 0, hash_of(command.id.step),
                          static_cast<std::uint64_t>(command.id.direction), 11);
  const auto known = killers_.find(label);
  if (known != killers_.end()) return known->second;
  return killers_[label] = accidents_.happens(Accident::handler_kills, label);
}

void SimulatedChannel::withdraw(const SagaId& saga, const AttemptRef& attempt) {
  unsent_.erase({saga, attempt});
}

void SimulatedChannel::took_effect(const Command& command) {
  trace_.note([&] { return fmt::format("  {} takes effect", describe(command)); });
  checker_.took_effect(command.id.saga, command.attempt.step, command.id.direction);
}

void SimulatedChannel::reply(const Command& command, Outcome outcome) {
  Reply reply{command.id.saga, command.attempt, {}, std::move(outcome), 0};
  const Label label = mix(this->label(command), 4);
  trace_.note([&] {
    return fmt::format("  {} answers {} {}", describe(command), to_string(reply.outcome.kind),
                       reply.outcome.error.code);
  });
  if (accidents_.happens(Accident::forge_reply, label)) {
    Reply forged = reply;
    forged.attempt.attempt += 7;
    queue_reply(std::move(forged), mix(label, 1));
  }
  if (accidents_.happens(Accident::repeat_reply, label)) queue_reply(reply, mix(label, 2));
  if (accidents_.happens(Accident::lose_reply, label)) {
    trace_.note([] { return "  and the answer is lost"; });
    return;
  }
  queue_reply(std::move(reply), label);
}

void SimulatedChannel::queue_reply(Reply reply, Label label) {
  agenda_.after(transit_time(Accident::delay_reply, label),
                [this, reply = std::move(reply)] { hand_over(reply); });
}

void SimulatedChannel::hand_over(Reply reply) {
  if (!listener_) {
    if (!runs_here()) waiting_.push_back(std::move(reply));
    return;
  }
  ++counts_.replies;
  reply.receipt = ++receipts_;
  unreceipted_.emplace(reply.receipt, reply);
  const auto issued = issued_.find({reply.saga, reply.attempt});
  const bool ends = issued != issued_.end() && reply.outcome.kind != OutcomeKind::pending;
  listener_->replied(std::move(reply));
  if (ends) listener_->confirmed(issued->second, issued->first.first, issued->first.second);
}

void SimulatedChannel::receipt(const std::vector<std::uint64_t>& receipts) {
  moments_.pass(Accident::crash_before_receipt);
  for (const std::uint64_t receipt : receipts) {
    auto known = unreceipted_.extract(receipt);
    if (!known) continue;
    checker_.receipted(known.mapped(), agenda_.engine_now());
    receipted_.insert(std::move(known));
  }
}

void SimulatedChannel::set_room(const std::string& participant, bool room) {
  if (!room) {
    full_.insert(participant);
  } else if (full_.erase(participant) > 0 && listener_) {
    listener_->room();
  }
}

Duration SimulatedChannel::transit_time(Accident delay, Label label) {
  if (accidents_.happens(delay, label)) return Duration{accidents_.pick(label, delay_max_ms)};
  return Duration{accidents_.pick(mix(label, 5), latency_max_ms)};
}

}  // namespace skald::testing

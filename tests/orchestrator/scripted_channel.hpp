// A channel whose participants are the test: it keeps what was sent and answers when told to.
#pragma once

#include <deque>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "coordinator/coordinator.hpp"
#include "skald/channel.hpp"
#include "skald/memory_store.hpp"

namespace skald::testing {

class ScriptedChannel final : public Channel {
 public:
  [[nodiscard]] std::string name() const override { return "scripted"; }
  void open(const std::string&, ChannelListener&) override {}
  void send(std::vector<Command> commands) override;
  void withdraw(const SagaId&, const AttemptRef& attempt) override { withdrawn.push_back(attempt); }
  void receipt(const std::vector<std::uint64_t>& receipts) override;
  [[nodiscard]] bool has_room(const std::string& participant) const override {
    if (broken.count(participant) > 0) throw std::out_of_range("a fault of the channel");
    return room && full.count(participant) == 0;
  }
  [[nodiscard]] bool runs_here() const override { return here; }
  [[nodiscard]] bool caught_up() const override { return !behind; }
  [[nodiscard]] Reconsidered reconsider(const QuarantinedMessage& message) const override {
    return reads ? reads(message) : Channel::reconsider(message);
  }
  void close() override {}

  /// The oldest command that was not taken yet. Fails the test when there is none.
  Command take();

  std::deque<Command> sent;
  std::vector<AttemptRef> withdrawn;
  std::vector<std::uint64_t> receipted;
  bool room = true;
  std::set<std::string> full;    ///< Participants without room.
  std::set<std::string> broken;  ///< Participants about which has_room() throws.
  bool here = false;             ///< Carries commands out in this process.
  bool behind = false;
  std::function<Reconsidered(const QuarantinedMessage&)> reads;  ///< Of messages in quarantine.
};

/// A coordinator on a memory disk, with a clock that moves when told to; crash() loses everything
/// that was not committed.
class Engine {
 public:
  explicit Engine(const char* definition, PoliciesByName participants = {},
                  std::size_t cached_sagas_limit = 1'000);

  /// Processes one batch.
  template <typename... Arrivals>
  void tell(Arrivals... arrivals) {
    std::vector<Arrival> batch;
    (batch.emplace_back(std::move(arrivals)), ...);
    tell_all(std::move(batch));
  }
  void tell_all(std::vector<Arrival> batch) { coordinator_->process(std::move(batch), now); }
  void crash(Mode next = Mode::engine);

  /// Adds a definition; the refusal's message when it was refused.
  std::string define(const char* definition);
  /// Starts a saga and commits it. \throws Refused
  Started start(std::optional<std::string> key = {}, const Json& input = Json::object());
  StartArrival start_arrival(std::optional<std::string> key, const Json& input, SagaId* id);
  /// A reply to this command, not told yet.
  static ReplyArrival reply(const Command& command, Outcome outcome, std::uint64_t receipt = 0);
  /// An operator's request, committed; the refusal's message when it was refused.
  std::string request(const SagaId& id, Input input, const std::string& step = {});
  [[nodiscard]] Saga saga(const SagaId& id);
  [[nodiscard]] Status status(const SagaId& id) { return saga(id).status; }
  [[nodiscard]] std::optional<Time> next_due() const { return coordinator_->next_due(); }
  [[nodiscard]] const Coordinator& coordinator() const { return *coordinator_; }
  /// As a clean end does it.
  void checkpoint() { coordinator_->checkpoint(); }

  MemoryDisk disk;
  ScriptedChannel channel;
  std::size_t waiting_sagas_limit = 100'000;  ///< Of the next life, after a crash().
  Committer* committer = nullptr;             ///< Likewise.
  bool guarded = true;                        ///< Likewise.
  std::vector<BreakerChanged> breaker_changes;
  std::vector<std::string> log;
  Time now = *parse_time("2026-01-01T00:00:00Z");
  std::unique_ptr<MemoryStore> store;

 private:
  void open(Mode mode);
  DefinitionPtr definition_;
  PoliciesByName participants_;
  std::size_t cached_sagas_limit_;
  std::unique_ptr<Coordinator> coordinator_;
};

extern const char* const order_definition;

}  // namespace skald::testing

// What a dialogue is held on: the production coordinator, a memory store, a channel that keeps what
// was sent until somebody takes it, and a clock that moves when told to.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "coordinator/coordinator.hpp"
#include "skald/dialogue.hpp"
#include "skald/memory_store.hpp"

namespace skald::testing {

/// Hears what the engine sends.
class Ear final : public Channel {
 public:
  [[nodiscard]] std::string name() const override { return "dialogue"; }
  void open(const std::string&, ChannelListener&) override {}
  void send(std::vector<Command> commands) override;
  // Commands are on their way as soon as they are sent: it is too late.
  void withdraw(const SagaId&, const AttemptRef&) override {}
  void receipt(const std::vector<std::uint64_t>&) override {}
  [[nodiscard]] bool has_room(const std::string&) const override { return true; }
  void close() override {}

  std::vector<Command> heard;  ///< And not taken yet.
  std::vector<Command> fresh;  ///< The engine does not know yet that they are on their way.
};

class Dialogue::Stage {
 public:
  explicit Stage(Definition definition);

  void define(DefinitionPtr definition);
  void start(const Json& input);
  void request(Input input, std::string_view step = {});
  /// `input`: what must have been sent; absent: anything.
  void take(Direction direction, std::string_view step, const Json* input);
  void expect_nothing() const;
  void reply(const Outcome& outcome) { reply_to(last_taken(), outcome); }
  void reply(std::string_view step, const Outcome& outcome);
  void expect_timeout();
  void let_time_pass(Duration time);
  void crash();
  void expect_status(Status expected) const;
  [[nodiscard]] Saga saga() const { return fold(store_->journal(id())); }
  [[nodiscard]] std::string why() const;

 private:
  void open();
  /// Tells the engine, and whatever is due at this very moment.
  void process(std::vector<Arrival> arrivals);
  void move_to(Time time);
  [[nodiscard]] std::optional<Time> next_due() const { return coordinator_->next_due(); }
  /// Submits what `make` makes of the place for the answer. \throws Refused
  template <typename T, typename Make>
  T ask(Make make);
  void reply_to(const Command& command, const Outcome& outcome);
  [[nodiscard]] const SagaId& id() const;
  [[nodiscard]] const Command& last_taken() const;
  [[nodiscard]] bool is_under_way(const Command& command) const;
  /// What there was instead of what was expected.
  [[nodiscard]] std::string instead() const;
  [[noreturn]] void fail(const std::string& expected, const std::string& instead) const;

  DefinitionPtr definition_;
  MemoryDisk disk_;
  Ear ear_;
  Time now_ = *parse_time("2026-01-01T00:00:00Z");
  std::unique_ptr<MemoryStore> store_;
  std::unique_ptr<Coordinator> coordinator_;
  SagaId id_;
  std::vector<Command> taken_;
};

}  // namespace skald::testing

// What surrounds one saga: its participants and what they did, the messages under way, its child
// sagas. Small and flat, so that millions of them can be told apart quickly.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "barrier_rules.hpp"
#include "findings.hpp"
#include "saga_graph.hpp"

namespace skald::model {

inline constexpr std::size_t steps_most = 6;
inline constexpr std::size_t messages_most = 15;  ///< In one direction, at one time.

enum class Child : std::uint8_t { none, running, completed, compensated, abandoned, turning_back };

/// What a participant remembers of one step and did for it.
struct Part {
  struct Memory {
    std::uint8_t state = 0;  ///< 0: nothing; otherwise barrier::RecordState plus one.
    std::uint8_t round = 0;
    std::uint8_t attempt = 0;
    auto operator<=>(const Memory&) const = default;
  };
  Memory action;
  Memory undo;
  std::uint8_t done = 0;  ///< Effects.
  std::uint8_t undone = 0;
  Child child = Child::none;
  auto operator<=>(const Part&) const = default;
};

/// Messages in one direction, sorted: which came first makes no difference.
class Messages {
 public:
  void add(Message message, std::uint8_t said = 0);
  void remove(std::size_t at);
  void clear() { size_ = 0, items_ = {}; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] Message message(std::size_t at) const;
  [[nodiscard]] Said said(std::size_t at) const { return static_cast<Said>(items_[at] & 7); }
  /// The same as the one before it.
  [[nodiscard]] bool repeats(std::size_t at) const {
    return at > 0 && items_[at] == items_[at - 1];
  }
  [[nodiscard]] bool has(const AttemptRef& attempt) const;

 private:
  std::array<std::uint16_t, messages_most> items_{};
  std::uint16_t size_ = 0;
};

/// One state of the model. No padding: states are compared byte by byte.
struct State {
  std::uint32_t saga = 0;
  std::uint8_t faults = 0;
  std::uint8_t hindrances = 0;
  std::uint8_t resumes = 0;
  std::uint8_t signals = 0;
  std::array<Part, steps_most> parts{};
  std::array<std::uint8_t, 2> filled_up{};
  Messages commands;
  Messages replies;
};
static_assert(std::has_unique_object_representations_v<State>);

/// The participants: they keep the rules of docs/wire.md.
class Desk {
 public:
  Desk(const Case& subject, const SagaGraph& sagas, testing::Findings& findings)
      : subject_(subject), sagas_(sagas), findings_(findings) {}

  /// Whether this command's participant may choose what it makes of it.
  [[nodiscard]] bool is_open(const State& state, const Message& command);
  /// Whether its participant only repeats what it said before.
  [[nodiscard]] bool remembers(const State& state, const Message& command);
  /// The command arrives; the answer goes on its way. `said` is what its participant makes of it
  /// if it may choose; `acts`: with an effect.
  void deliver(State& state, const Message& command, Said said, bool acts);
  /// I4, I5 and I13: an end agrees with what the participants did.
  void check_end(const State& state);

 private:
  enum class Ruling : std::uint8_t { answer, conclude, proceed };
  struct Verdict {
    Ruling ruling = Ruling::proceed;
    Said said = Said::success;
  };
  [[nodiscard]] Verdict judge(const Part& part, const Message& command);
  void take_effect(State& state, const Message& command);
  void check_order(const State& state, const Message& command);
  void check_completed(const State& state, StepIndex step);
  void check_compensated(const State& state, StepIndex step);
  [[nodiscard]] bool is_exempt(const State& state, StepIndex step) const;
  void expect(testing::Invariant invariant, bool holds, const State& state, StepIndex step,
              const char* sentence);

  const Case& subject_;
  const SagaGraph& sagas_;
  testing::Findings& findings_;
  std::unordered_map<std::uint64_t, Verdict> verdicts_;
};

}  // namespace skald::model

// What the soak runs: one saga type of six steps and the participant that serves all of them.
#pragma once

#include <cstdint>
#include <string>

#include "skald/definition.hpp"
#include "skald/participant.hpp"

namespace skald::faults {

inline constexpr const char* trade_type = "trade";
inline constexpr const char* trader_name = "trader";
inline constexpr std::uint64_t trade_steps = 6;

[[nodiscard]] Definition trade_definition();
[[nodiscard]] Json trade_input(std::uint64_t number);

/// A participant with the barrier that writes its effects into a ledger. Of twenty sagas one is
/// refused at its last step, so that five steps are undone, and one has a step that fails at first.
class Trader {
 public:
  explicit Trader(const std::string& database_path);
  [[nodiscard]] Participant& participant() { return participant_; }

 private:
  Participant participant_;
};

/// What the ledger says when all is over.
struct TradeTotals {
  std::uint64_t actions = 0;
  std::uint64_t compensations = 0;
  std::uint64_t twice = 0;  ///< Effects of one command that happened more than once.
};
/// \throws ParticipantError
[[nodiscard]] TradeTotals trade_totals(const std::string& database_path);

}  // namespace skald::faults

// What stories did, checked and found: plain figures, in memory that a story's process shares with
// the one that judges, so that a process that dies loses none of them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "effort.hpp"
#include "skald/edge_data.hpp"

namespace skald::faults {

/// I18, part by part.
enum class Rule : std::uint8_t {
  E1,  ///< Nothing but a failed disk, lost ownership or memory ends the engine.
  E2,  ///< What was accepted can be read back.
  E3,  ///< One turn does bounded work; nobody waits more than 100 ms for another saga's data.
  E4,  ///< Every saga can be ended, and every refusal and stuck reason says what it is about.
  E5,  ///< A message is sent, quarantined or failed, and holds back no other.
  E6,  ///< Nothing is done when nothing is due.
  E7,  ///< A declared secret is not shown.
};
inline constexpr std::size_t rule_count = 7;
[[nodiscard]] const char* to_string(Rule rule);

/// What happened, for the report.
enum class Deed : std::uint8_t {
  definition_accepted,
  definition_refused,
  start_accepted,
  start_refused,
  request_accepted,
  request_refused,
  reply_in_process,
  reply_from_wire,
  command_not_sendable,
  message_unusable,
  dead_letter,
  message_requeued,
  requeue_refused,
  engine_crashed,
  one_shot_owner,
  saga_stuck,
  saga_compensated,
  saga_completed,
  saga_abandoned,
  saga_damaged,
  saga_viewed,
  wait_far_ahead,
  neighbour_started,
  neighbour_completed,
};
inline constexpr std::size_t deed_count = static_cast<std::size_t>(Deed::neighbour_completed) + 1;
[[nodiscard]] const char* to_string(Deed deed);

struct Found {
  Rule rule = Rule::E1;
  std::uint64_t seed = 0;  ///< The first that found it.
  std::uint64_t times = 0;
  std::array<char, 240> what{};     ///< Numbers left out: what makes it a kind.
  std::array<char, 240> example{};  ///< The first one.
};

struct Tally {
  std::array<std::uint64_t, testing::edge_count> drawn{};
  std::array<std::uint64_t, deed_count> deeds{};
  std::array<std::uint64_t, rule_count> checked{};
  std::array<Found, 60> found{};
  std::size_t kinds_found = 0;
  std::uint64_t stories = 0;
  std::uint64_t sagas = 0;
  Effort longest_turn;
  Effort longest_start;         ///< Of a neighbour, from its arrival to its answer.
  std::uint64_t next_seed = 0;  ///< The story under way, or the one to begin with.
  std::array<char, 160> doing{};

  void did(Deed deed) { ++deeds[static_cast<std::size_t>(deed)]; }
  [[nodiscard]] std::uint64_t times(Deed deed) const {
    return deeds[static_cast<std::size_t>(deed)];
  }
  /// Counts one check; when it does not hold, keeps the sentence once per kind: sentences that
  /// differ in their numbers only are one kind.
  void expect(Rule rule, bool holds, std::string_view sentence);
  void add_finding(Rule rule, std::string_view sentence);
  /// Notes what is being done, for the case that it is the last thing.
  void note(std::string_view what);
  [[nodiscard]] std::uint64_t violations() const;
  [[nodiscard]] bool violates(Rule rule) const;
};

}  // namespace skald::faults

// Who waits to be let through to which participant, in which order.
//
// One line per participant and class of command. Within a line the saga's priority counts, then
// who came first; a saga that is refused again keeps its place.
#pragma once

#include <array>
#include <compare>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "skald/command_class.hpp"
#include "skald/ids.hpp"

namespace skald {

/// A place in a line; the smaller, the earlier its turn.
struct LinePlace {
  std::uint8_t behind = 0;   ///< 9 less the saga's priority.
  std::uint64_t number = 0;  ///< In order of arrival, over all lines.
  SagaId saga;
  friend auto operator<=>(const LinePlace& a, const LinePlace& b) {
    if (const auto c = a.behind <=> b.behind; c != 0) return c;
    return a.number <=> b.number;
  }
  friend bool operator==(const LinePlace& a, const LinePlace& b) { return a.number == b.number; }
};

/// A batch can be undone, as long as it was not committed. While one is being committed (sealed),
/// the next one changes what it left behind.
class WaitingLines {
 public:
  using Line = std::set<LinePlace>;
  using Lines = std::array<Line, command_class_count>;

  /// The lines of participants for which anyone waits.
  [[nodiscard]] const std::map<std::string, Lines>& all() const { return lines_; }
  [[nodiscard]] const Lines* of(const std::string& participant) const;
  [[nodiscard]] std::size_t waiting(const std::string& participant) const;
  /// Sagas that stand in any line.
  [[nodiscard]] std::size_t sagas() const { return places_.size(); }
  [[nodiscard]] bool waits(const SagaId& saga) const { return places_.count(saga) > 0; }

  /// The place that the saga has in this line, or would get now.
  [[nodiscard]] LinePlace place(const SagaId& saga, const std::string& participant,
                                CommandClass command, std::uint8_t priority) const;
  void join(const SagaId& saga, const std::string& participant, CommandClass command,
            std::uint8_t priority);
  /// Takes the saga out of all lines. Until the next call it still has its places, should it join
  /// the same lines again.
  void leave(const SagaId& saga);

  /// Leaves, whatever becomes of the batch under way.
  void leave_for_good(const SagaId& saga);

  /// Ends the batch under way. One sealed batch at a time.
  void seal();
  void committed();
  /// Takes back what was sealed and what came after it.
  void rolled_back();

 private:
  struct Ticket {
    std::string participant;
    CommandClass command = CommandClass::first_try;
    LinePlace place;
  };
  void insert(const Ticket& ticket);
  void remove(const Ticket& ticket);

  std::map<std::string, Lines> lines_;
  std::unordered_map<SagaId, std::vector<Ticket>> places_;
  std::vector<Ticket> returning_;  // Of the saga that left last.
  std::uint64_t next_number_ = 1;
  using Undo = std::vector<std::pair<bool, Ticket>>;  // True: it joined.
  Undo undo_;                                         // Of the batch under way.
  Undo sealed_undo_;
  void take_back(Undo& undo);
};

}  // namespace skald

#include "admission/waiting_lines.hpp"

#include <algorithm>

#include "skald/definition.hpp"

namespace skald {
namespace {

std::size_t index_of(CommandClass command) { return static_cast<std::size_t>(command); }

}  // namespace

const WaitingLines::Lines* WaitingLines::of(const std::string& participant) const {
  const auto found = lines_.find(participant);
  return found == lines_.end() ? nullptr : &found->second;
}

std::size_t WaitingLines::waiting(const std::string& participant) const {
  const Lines* lines = of(participant);
  std::size_t count = 0;
  if (lines) {
    for (const Line& line : *lines) count += line.size();
  }
  return count;
}

LinePlace WaitingLines::place(const SagaId& saga, const std::string& participant,
                              CommandClass command, std::uint8_t priority) const {
  const auto here = [&](const Ticket& t) {
    return t.place.saga == saga && t.participant == participant && t.command == command;
  };
  if (const auto known = places_.find(saga); known != places_.end()) {
    const auto ticket = std::find_if(known->second.begin(), known->second.end(), here);
    if (ticket != known->second.end()) return ticket->place;
  }
  const auto returning = std::find_if(returning_.begin(), returning_.end(), here);
  if (returning != returning_.end()) return returning->place;
  const std::uint8_t known_priority = std::min(priority, priority_max);
  return {static_cast<std::uint8_t>(priority_max - known_priority), next_number_, saga};
}

void WaitingLines::join(const SagaId& saga, const std::string& participant, CommandClass command,
                        std::uint8_t priority) {
  const Ticket ticket{participant, command, place(saga, participant, command, priority)};
  if (ticket.place.number == next_number_) ++next_number_;
  const Lines* lines = of(participant);
  if (lines && (*lines)[index_of(command)].count(ticket.place) > 0) return;
  insert(ticket);
  undo_.emplace_back(true, ticket);
}

void WaitingLines::leave(const SagaId& saga) {
  returning_.clear();
  const auto known = places_.find(saga);
  if (known == places_.end()) return;
  returning_ = known->second;
  for (const Ticket& ticket : returning_) {
    remove(ticket);
    undo_.emplace_back(false, ticket);
  }
}

void WaitingLines::insert(const Ticket& ticket) {
  lines_[ticket.participant][index_of(ticket.command)].insert(ticket.place);
  places_[ticket.place.saga].push_back(ticket);
}

void WaitingLines::remove(const Ticket& ticket) {
  const auto lines = lines_.find(ticket.participant);
  lines->second[index_of(ticket.command)].erase(ticket.place);
  const bool empty = std::all_of(lines->second.begin(), lines->second.end(),
                                 [](const Line& line) { return line.empty(); });
  if (empty) lines_.erase(lines);
  const auto known = places_.find(ticket.place.saga);
  std::erase_if(known->second, [&](const Ticket& t) {
    return t.participant == ticket.participant && t.command == ticket.command;
  });
  if (known->second.empty()) places_.erase(known);
}

void WaitingLines::leave_for_good(const SagaId& saga) {
  const auto known = places_.find(saga);
  if (known == places_.end()) return;
  for (const Ticket& ticket : std::vector<Ticket>(known->second)) remove(ticket);
}

void WaitingLines::seal() {
  sealed_undo_.swap(undo_);
  returning_.clear();
}

void WaitingLines::committed() { sealed_undo_.clear(); }

void WaitingLines::rolled_back() {
  take_back(undo_);
  take_back(sealed_undo_);
  returning_.clear();
}

void WaitingLines::take_back(Undo& undo) {
  for (auto it = undo.rbegin(); it != undo.rend(); ++it) {
    it->first ? remove(it->second) : insert(it->second);
  }
  undo.clear();
}

}  // namespace skald

// Journals as wholes: folding them, and what a snapshot of one holds.
#include <fmt/format.h>

#include "saga/journal_check.hpp"
#include "skald/error.hpp"
#include "skald/evolve.hpp"
#include "skald/journal.hpp"

namespace skald {
namespace {

// The id is told by the first row, so a journal that does not begin with its start has none.
std::string name_of(const Saga& saga, const std::vector<JournalRow>& rows) {
  if (!saga.id.empty()) return "saga " + saga.id.to_string();
  for (const JournalRow& row : rows) {
    for (const Event& event : row.events) {
      if (const auto* started = std::get_if<SagaStarted>(&event)) {
        return "saga " + started->id.to_string();
      }
    }
  }
  return "a saga without a start";
}

}  // namespace

Saga fold(const std::vector<JournalRow>& rows) { return fold(Saga{}, rows); }

Saga fold(Saga saga, const std::vector<JournalRow>& rows) {
  if (const auto problem = journal_problem(saga, rows)) {
    throw StoreError(StoreError::Kind::corrupt,
                     fmt::format("the journal of {} is damaged: {}; run `skald store check`, and "
                                 "restore the store from a backup",
                                 name_of(saga, rows), *problem));
  }
  for (const JournalRow& row : rows) evolve_row(saga, row.events, row.version, row.at);
  return saga;
}

std::vector<SagaId> children_in(const std::vector<JournalRow>& rows) {
  std::vector<SagaId> children;
  for (const JournalRow& row : rows) {
    for (const Event& event : row.events) {
      if (const auto* started = std::get_if<ChildStarted>(&event)) {
        children.push_back(started->child);
      }
    }
  }
  return children;
}

SagaSnapshot snapshot_of(const std::vector<JournalRow>& rows) {
  SagaSnapshot snapshot;
  snapshot.saga = fold(rows);
  for (const AttemptRef& attempt : outstanding_attempts(snapshot.saga)) {
    auto& issued = snapshot.issued.emplace_back(attempt, 0);
    for (const JournalRow& row : rows) {
      for (const Event& event : row.events) {
        const auto* command = std::get_if<CommandIssued>(&event);
        if (command && command->attempt == attempt) issued.second = row.position;
      }
    }
  }
  snapshot.children = children_in(rows);
  return snapshot;
}

}  // namespace skald

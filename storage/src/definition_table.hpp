// The definitions of a store: reading, keeping and dropping them, one by one.
//
// A row that cannot be used (damaged, by other hands, or by a version of Skald that accepted what
// this one refuses) is told apart from the others and keeps none of them from being used.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "skald/store.hpp"
#include "sqlite/statement.hpp"

namespace skald {

/// One thread at a time.
class DefinitionTable {
 public:
  explicit DefinitionTable(sqlite::Connection& connection) : connection_(connection) {}

  /// As StoreReader::definition() and so on.
  [[nodiscard]] DefinitionPtr find(const Digest& digest);
  [[nodiscard]] std::vector<DefinitionPtr> usable();
  [[nodiscard]] std::vector<UnusableDefinition> unusable();

  /// As Store::put_definition() and Store::drop_definition(), within the caller's transaction.
  void put(const Definition& definition);
  [[nodiscard]] bool drop(const Digest& digest);

 private:
  /// A row as it was read: either `usable`, or `damage` says what is wrong.
  struct Row {
    DefinitionPtr usable;
    UnusableDefinition damage;
  };

  [[nodiscard]] Row read(const sqlite::Rows& rows);
  void each_row(const std::function<void(Row&)>& visit);
  [[nodiscard]] std::optional<SagaId> user_of(std::string_view digest);
  void replace(const Definition& definition, bool used);
  void mend(const Definition& definition);

  sqlite::Connection& connection_;
  std::unordered_map<Digest, DefinitionPtr> parsed_;
};

}  // namespace skald

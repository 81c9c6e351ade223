// Sagas out of a store, whole: folded from their journals, with the definition they are pinned to.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "skald/decide.hpp"
#include "skald/store.hpp"

namespace skald::cli {

/// A saga as of its last journal row.
struct FoldedSaga {
  std::vector<JournalRow> rows;
  Saga saga;
  DefinitionPtr definition;
};

/// Reads through a borrowed reader and remembers the definitions it met.
class SagaPages {
 public:
  explicit SagaPages(StoreReader& reader) : reader_(reader) {}

  /// The id that `text` stands for: 36 characters, or any unambiguous beginning. Otherwise why
  /// not: not_found; invalid when several sagas begin so, or it is no beginning of an id.
  [[nodiscard]] std::variant<SagaId, Refusal> find(std::string_view text);
  /// The same for verbs that cannot go on without it. \throws Refused
  [[nodiscard]] SagaId resolve(std::string_view text);

  /// \throws Refused (not_found); StoreError (corrupt) when its definition is missing.
  [[nodiscard]] FoldedSaga load(const SagaId& id);

  /// Calls back for sagas that match the whole filter, newest first, starting after `after` (empty:
  /// from the newest), until the callback answers false.
  void each(const SagaFilter& filter, const SagaId& after,
            const std::function<bool(const SagaSummary&)>& visit);

  /// How many match the whole filter.
  [[nodiscard]] std::uint64_t count(const SagaFilter& filter);

 private:
  [[nodiscard]] bool matches_whole(const SagaFilter& filter, const SagaId& id);

  StoreReader& reader_;
  std::map<Digest, DefinitionPtr> definitions_;
};

}  // namespace skald::cli

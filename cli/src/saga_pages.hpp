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

/// What stands before a business key where an id is expected.
inline constexpr const char* key_prefix = "key:";

/// A saga as of its last journal row.
struct FoldedSaga {
  std::vector<JournalRow> rows;
  Saga saga;
  DefinitionPtr definition;
};

/// A saga that the store has, of which something cannot be read.
struct UnreadableSaga {
  SagaId id;
  std::optional<SagaSummary> summary;  ///< Absent: that cannot be read either.
  std::string problem;                 ///< One sentence: which saga, what is wrong, what helps.
};

/// Reads through a borrowed reader and remembers the definitions it met.
class SagaPages {
 public:
  explicit SagaPages(StoreReader& reader) : reader_(reader) {}

  /// The id that `text` stands for: 36 characters, any unambiguous beginning, or `key:` and the
  /// business key. Otherwise why not, with a hint when it is a key: not_found; invalid when several
  /// sagas begin so or have this key, or it is no beginning of an id.
  [[nodiscard]] std::variant<SagaId, Refusal> find(std::string_view text);
  /// The same for verbs that cannot go on without it. \throws Refused
  [[nodiscard]] SagaId resolve(std::string_view text);

  /// \throws Refused (not_found); StoreError (corrupt) that says what is wrong with the saga.
  [[nodiscard]] FoldedSaga load(const SagaId& id);
  /// The same for verbs that go on with other sagas. \throws Refused (not_found); StoreError for
  /// what concerns the store as a whole.
  [[nodiscard]] std::variant<FoldedSaga, UnreadableSaga> try_load(const SagaId& id);
  /// Nothing when the store lacks it.
  [[nodiscard]] DefinitionPtr definition(const Digest& digest);

  /// Calls back for sagas that match the whole filter, newest first, starting after `after` (empty:
  /// from the newest), until the callback answers false. One that cannot be read matches no filter
  /// that looks inside; it is counted in passed_over().
  void each(const SagaFilter& filter, const SagaId& after,
            const std::function<bool(const SagaSummary&)>& visit);

  /// How many match the whole filter.
  [[nodiscard]] std::uint64_t count(const SagaFilter& filter);

  /// Sagas that could not be read and so could not be told to match.
  [[nodiscard]] std::size_t passed_over() const { return passed_over_; }
  /// A sentence about them, with the first one's problem; empty when there are none.
  [[nodiscard]] std::string about_passed_over() const;

 private:
  /// Sagas with this business key, those that hold it before those that handed it over.
  [[nodiscard]] std::vector<SagaSummary> with_key(std::string_view key) const;
  [[nodiscard]] std::variant<SagaId, Refusal> find_key(std::string_view key) const;
  /// What to write when `text` is a key; empty when it is none.
  [[nodiscard]] std::string key_hint(std::string_view text) const;

  [[nodiscard]] bool matches_whole(const SagaFilter& filter, const SagaId& id);

  [[nodiscard]] FoldedSaga read(const SagaId& id, std::vector<JournalRow> rows);

  StoreReader& reader_;
  std::size_t passed_over_ = 0;
  std::string first_passed_over_;
  std::map<Digest, DefinitionPtr> definitions_;
};

}  // namespace skald::cli

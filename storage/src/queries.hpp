// What owner and readers ask of the tables alike. Each function is one statement, and therefore
// sees one state of the store. One thread at a time.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "skald/store.hpp"
#include "sqlite/statement.hpp"

namespace skald {

/// The columns that read_summary() expects, in its order.
inline constexpr std::string_view summary_columns =
    "id, type, definition_version, definition, key, holds_key, status, paused, forced, "
    "contradicted, version, started_at, updated_at, ended_at, replay_of, replayed_by, error_step, "
    "error_code";

/// Above every version that a saga can reach; what other hands wrote beyond counts for nothing.
inline constexpr std::uint64_t version_max = 9'223'372'036'854'775'806;
/// The highest version in the journal of the saga whose row is `n`; NULL without rows.
inline constexpr std::string_view last_version_of_n =
    "SELECT max(version) FROM journal WHERE saga = n AND version BETWEEN 0 AND "
    "9223372036854775806";

/// Nothing when the row has no id or no status: it cannot be told as a saga's. Other values that no
/// store writes become those that stand for "none".
[[nodiscard]] std::optional<SagaSummary> read_summary(const sqlite::Rows& rows);

class Queries {
 public:
  explicit Queries(sqlite::Connection& connection);

  [[nodiscard]] std::optional<SagaSummary> summary(const SagaId& id);
  [[nodiscard]] std::vector<SagaId> find_by_prefix(std::string_view prefix, std::size_t limit);
  [[nodiscard]] std::vector<JournalRow> journal(const SagaId& id, std::uint64_t after_version);
  [[nodiscard]] std::optional<SagaSnapshot> snapshot(const SagaId& id);
  [[nodiscard]] std::optional<std::uint64_t> last_version(const SagaId& id);
  [[nodiscard]] std::vector<SagaSummary> list(const SagaFilter& filter, const Cursor& cursor,
                                              std::size_t limit);
  /// The sagas that this slice is to look at, in order of id.
  [[nodiscard]] std::vector<SagaSummary> purge_candidates(const PurgeSlice& slice);
  [[nodiscard]] std::uint64_t count(const SagaFilter& filter);
  [[nodiscard]] std::vector<QuarantinedMessage> quarantine(std::int64_t after, std::size_t limit);
  /// None in a store whose schema is from before there were any, which only a reader meets.
  [[nodiscard]] std::map<std::string, std::string> participant_states();
  [[nodiscard]] std::optional<SagaId> key_holder(const std::string& type, const std::string& key);
  void each_unfinished(const std::function<void(const SagaSummary&)>& visit);
  [[nodiscard]] Position watermark(const std::string& channel);
  [[nodiscard]] std::string engine_id();

 private:
  sqlite::Connection& connection_;
  std::int64_t schema_;
  sqlite::Statement summary_;
  sqlite::Statement journal_;
  sqlite::Statement last_version_;
  sqlite::Statement key_holder_;
};

}  // namespace skald

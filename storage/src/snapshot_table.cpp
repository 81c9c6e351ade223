#include "snapshot_table.hpp"

#include "saga_codec.hpp"
#include "schema.hpp"

namespace skald {
namespace {

constexpr std::size_t kept_bytes = 65'536;  // A large saga must not occupy memory for good.

}  // namespace

std::optional<SagaSnapshot> read_snapshot(sqlite::Connection& connection, std::int64_t schema,
                                          const SagaId& id) {
  if (schema < schema_with_snapshots) return std::nullopt;
  sqlite::Statement statement(connection,
                              "SELECT version, state FROM snapshots "
                              "WHERE saga = (SELECT n FROM sagas WHERE id = ?)");
  statement.bind_raw(1, id.bytes());
  auto rows = statement.rows();
  if (!rows.next()) return std::nullopt;
  return decode_snapshot(id, static_cast<std::uint64_t>(rows.int64(0)), rows.bytes(1));
}

SnapshotWriter::SnapshotWriter(sqlite::Connection& connection)
    : write_(connection, "INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?)"),
      remove_(connection, "DELETE FROM snapshots WHERE saga = ?") {}

void SnapshotWriter::write(std::int64_t n, const SagaSnapshot& snapshot) {
  encode_snapshot(snapshot, bytes_);
  if (bytes_.size() <= snapshot_bytes_max) {
    write_.bind(1, n);
    write_.bind(2, static_cast<std::int64_t>(snapshot.saga.version));
    write_.bind_blob(3, bytes_);
    write_.run("write a saga's snapshot");
  }
  if (bytes_.capacity() > kept_bytes) std::string().swap(bytes_);
}

void SnapshotWriter::remove(std::int64_t n) {
  remove_.bind(1, n);
  remove_.run("remove a saga's snapshot");
}

}  // namespace skald

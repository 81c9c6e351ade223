#include "definition_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <new>
#include <stdexcept>

#include "skald/text.hpp"
#include "store_rules.hpp"

namespace skald {
namespace {

/// The columns that read() expects, in its order.
constexpr std::string_view columns = "digest, type, version, normal_form";

// A digest of a wrong length cannot be told as it is, but must be told as something: so that the
// row can be named and dropped.
Digest stored_digest(std::string_view bytes) {
  std::array<std::uint8_t, 32> array{};
  if (bytes.size() != array.size()) return Digest::of(bytes);
  std::copy(bytes.begin(), bytes.end(), array.begin());
  return Digest(array);
}

// A definition is outside data also in the store. Whatever goes wrong with one, the others are
// still of use, so each exception becomes the problem of this one; memory is nobody's fault.
DefinitionPtr parse(std::string_view text, std::string& problem) {
  try {
    return std::make_shared<const Definition>(parse_definition(text));
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    problem = clean_text(error.what());
    return nullptr;
  }
}

}  // namespace

DefinitionTable::Row DefinitionTable::read(const sqlite::Rows& rows) {
  Row row;
  UnusableDefinition& damage = row.damage;
  damage.digest = stored_digest(rows.bytes(0));
  damage.type = clean_text(rows.bytes(1), name_bytes_max);
  const std::int64_t version = rows.int64(2);
  if (version > 0 && version <= UINT32_MAX) damage.version = static_cast<std::uint32_t>(version);
  const std::string_view text = rows.bytes(3);
  if (text.size() > JsonLimits{}.bytes) {
    damage.problem =
        fmt::format("its text has {} bytes, and {} are the most", text.size(), JsonLimits{}.bytes);
    return row;
  }
  if (rows.bytes(0).size() != 32 || Digest::of(text) != damage.digest) {
    damage.problem = "its text does not match its digest: the row is damaged";
    return row;
  }
  const auto known = parsed_.find(damage.digest);
  DefinitionPtr definition = known != parsed_.end() ? known->second : parse(text, damage.problem);
  if (!definition) return row;
  parsed_.emplace(damage.digest, definition);
  if (definition->type != rows.bytes(1) || definition->version != version) {
    damage.problem = fmt::format("its text is that of {} version {}: the row is damaged",
                                 definition->type, definition->version);
    return row;
  }
  row.usable = std::move(definition);
  return row;
}

void DefinitionTable::each_row(const std::function<void(Row&)>& visit) {
  sqlite::Statement statement(
      connection_, fmt::format("SELECT {} FROM definitions ORDER BY type, version", columns));
  auto rows = statement.rows();
  while (rows.next()) {
    Row row = read(rows);
    visit(row);
  }
}

DefinitionPtr DefinitionTable::find(const Digest& digest) {
  sqlite::Statement statement(connection_,
                              fmt::format("SELECT {} FROM definitions WHERE digest = ?", columns));
  statement.bind_raw(1, digest.bytes());
  auto rows = statement.rows();
  if (!rows.next()) return nullptr;
  Row row = read(rows);
  if (!row.usable) throw_unusable(row.damage);
  return row.usable;
}

std::vector<DefinitionPtr> DefinitionTable::usable() {
  std::vector<DefinitionPtr> all;
  each_row([&all](Row& row) {
    if (row.usable) all.push_back(std::move(row.usable));
  });
  return all;
}

std::vector<UnusableDefinition> DefinitionTable::unusable() {
  std::vector<UnusableDefinition> all;
  each_row([&all](Row& row) {
    if (!row.usable) all.push_back(std::move(row.damage));
  });
  return all;
}

void DefinitionTable::put(const Definition& definition) {
  sqlite::Statement find(
      connection_, fmt::format("SELECT {}, used, digest = ?3, normal_form = ?4 FROM definitions "
                               "WHERE type = ?1 AND version = ?2",
                               columns));
  find.bind_text(1, definition.type);
  find.bind(2, definition.version);
  find.bind_raw(3, definition.digest().bytes());
  find.bind_text(4, definition.normal_form());
  auto rows = find.rows();
  if (!rows.next()) return replace(definition, false);
  const bool same_digest = rows.int64(5) != 0;
  if (same_digest && rows.int64(6) != 0) return;
  if (same_digest) return mend(definition);
  const bool damaged = !read(rows).usable;
  if (!damaged && rows.int64(4) != 0) throw_definition_used(definition);
  if (!damaged) return replace(definition, false);
  // The damage may be that of the digest itself: then sagas know the row by the one it had.
  if (user_of(rows.bytes(0))) throw_definition_used(definition);
  replace(definition, true);
}

void DefinitionTable::replace(const Definition& definition, bool used) {
  require_readable(definition);
  sqlite::Statement put(connection_, "INSERT OR REPLACE INTO definitions VALUES (?, ?, ?, ?, ?)");
  put.bind_raw(1, definition.digest().bytes());
  put.bind_text(2, definition.type);
  put.bind(3, definition.version);
  put.bind_text(4, definition.normal_form());
  put.bind(5, used);
  put.run();
}

// The text of the same digest is the same text: writing it again undoes the damage.
void DefinitionTable::mend(const Definition& definition) {
  require_readable(definition);
  sqlite::Statement put(connection_, "UPDATE definitions SET normal_form = ?2 WHERE digest = ?1");
  put.bind_raw(1, definition.digest().bytes());
  put.bind_text(2, definition.normal_form());
  put.run();
}

std::optional<SagaId> DefinitionTable::user_of(std::string_view digest) {
  sqlite::Statement find(connection_, "SELECT id FROM sagas WHERE definition = ? LIMIT 1");
  find.bind_blob(1, digest);
  auto rows = find.rows();
  if (!rows.next()) return std::nullopt;
  std::array<std::uint8_t, 16> id{};
  const std::string_view bytes = rows.bytes(0);
  std::copy_n(bytes.begin(), std::min(bytes.size(), id.size()), id.begin());
  return SagaId(id);
}

bool DefinitionTable::drop(const Digest& digest) {
  sqlite::Statement all(connection_, "SELECT digest, type, version, rowid FROM definitions");
  auto rows = all.rows();
  while (rows.next()) {
    if (stored_digest(rows.bytes(0)) != digest) continue;
    if (const auto user = user_of(rows.bytes(0))) {
      throw_definition_in_use(clean_text(rows.bytes(1), name_bytes_max), rows.int64(2), *user);
    }
    sqlite::Statement remove(connection_, "DELETE FROM definitions WHERE rowid = ?");
    remove.bind(1, rows.int64(3));
    remove.run();
    parsed_.erase(digest);
    return true;
  }
  return false;
}

}  // namespace skald

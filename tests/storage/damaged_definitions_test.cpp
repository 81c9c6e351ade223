#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <vector>

#include "raw_file.hpp"
#include "refusals.hpp"
#include "samples.hpp"
#include "skald/sqlite_reader.hpp"
#include "skald/sqlite_store.hpp"

using namespace skald;
using namespace skald::test;

namespace {

std::string hex_digits(const Digest& digest) {
  std::string text;
  for (const std::uint8_t byte : digest.bytes()) text += fmt::format("{:02x}", byte);
  return text;
}

/// A text under its right digest, as a version of Skald that accepted it would have stored it.
std::string insert_definition(const std::string& type, const std::string& text) {
  std::string quoted;
  for (const char c : text) quoted += c == '\'' ? std::string("''") : std::string(1, c);
  return fmt::format("INSERT INTO definitions VALUES (x'{}', '{}', 1, '{}', 0);",
                     hex_digits(Digest::of(text)), type, quoted);
}

/// What other hands may have done to the row of `invoice` version 1, and what is said of it.
struct DefinitionDamage {
  std::string sql;
  std::string problem;
};

std::vector<DefinitionDamage> definition_damages() {
  const std::string where = " WHERE type = 'invoice'";
  return {
      {"UPDATE definitions SET normal_form = '{'" + where, "digest"},
      {"UPDATE definitions SET normal_form = ''" + where, "digest"},
      {"UPDATE definitions SET normal_form = x'00ff'" + where, "digest"},
      {"UPDATE definitions SET normal_form = zeroblob(3000000)" + where, "3000000 bytes"},
      {"UPDATE definitions SET digest = zeroblob(32)" + where, "digest"},
      {"UPDATE definitions SET digest = 7" + where, "digest"},
      {"UPDATE definitions SET digest = zeroblob(100000)" + where, "digest"},
      {"UPDATE definitions SET version = -1" + where, "invoice version 1"},
      {"UPDATE definitions SET version = 9223372036854775807" + where, "invoice version 1"},
      {"UPDATE definitions SET version = 'x'" + where, "invoice version 1"},
      {"UPDATE definitions SET type = x'ff00'" + where, "invoice version 1"},
      {"UPDATE definitions SET type = 'refund'" + where, "invoice version 1"},
      {"DELETE FROM definitions" + where + ";" + insert_definition("invoice", "[]"), ""},
      {"DELETE FROM definitions" + where + ";" +
           insert_definition("invoice", R"({"saga":"invoice","version":1,"steps":7})"),
       "steps"},
      {"DELETE FROM definitions" + where + ";" +
           insert_definition("invoice", std::string(5000, '[')),
       ""},
  };
}

/// A store of `order` and a damaged `invoice`.
class DamagedStore {
 public:
  explicit DamagedStore(const DefinitionDamage& damage) : path_(folder_.file("store.db")) {
    {
      SqliteStore store(path_);
      store.put_definition(order);
      store.put_definition(invoice);
    }
    run_sql(path_, damage.sql);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

  DefinitionPtr order = definition("order", 1);
  DefinitionPtr invoice = definition("invoice", 1);

 private:
  TemporaryFolder folder_;
  std::string path_;
};

}  // namespace

TEST_CASE("a definition that cannot be used is named, and the others are used all the same") {
  for (const DefinitionDamage& damage : definition_damages()) {
    CAPTURE(damage.sql.substr(0, 200));
    const DamagedStore damaged(damage);
    SqliteStore store(damaged.path());
    REQUIRE(store.definitions().size() == 1);
    CHECK(store.definition(damaged.order->digest()) != nullptr);
    const auto unusable = store.unusable_definitions();
    REQUIRE(unusable.size() == 1);
    CHECK(unusable[0].problem.find(damage.problem) != std::string::npos);
    CHECK(unusable[0].problem.size() < 5000);
    CHECK(SqliteReader(damaged.path()).unusable_definitions().size() == 1);
    if (unusable[0].digest != damaged.invoice->digest()) continue;
    check_refused(StoreError::Kind::corrupt,
                  [&] { static_cast<void>(store.definition(damaged.invoice->digest())); });
  }
}

TEST_CASE("a definition that cannot be used can be dropped and defined again") {
  for (const DefinitionDamage& damage : definition_damages()) {
    CAPTURE(damage.sql.substr(0, 200));
    const DamagedStore damaged(damage);
    SqliteStore store(damaged.path());
    REQUIRE(store.unusable_definitions().size() == 1);
    CHECK(store.drop_definition(store.unusable_definitions()[0].digest));
    CHECK(store.unusable_definitions().empty());
    store.put_definition(damaged.invoice);
    CHECK(store.definitions().size() == 2);
  }
}

TEST_CASE("defining it again repairs a definition that cannot be used, without dropping it") {
  for (const DefinitionDamage& damage : definition_damages()) {
    CAPTURE(damage.sql.substr(0, 200));
    const DamagedStore damaged(damage);
    SqliteStore store(damaged.path());
    store.put_definition(damaged.invoice);
    CHECK(store.definition(damaged.invoice->digest()) != nullptr);
    CHECK(store.definitions().size() == 2);
  }
}

TEST_CASE("a stored definition beyond the limits of today is listed as unusable") {
  for (const std::string& text : {long_normal_form(), deep_normal_form()}) {
    // As stored by a version that did not look at the normal form.
    TemporaryFolder folder;
    const std::string path = folder.file("store.db");
    { SqliteStore store(path); }
    run_sql(path, insert_definition("grown", std::string(1'100'000, ' ') + text));
    SqliteStore store(path);
    CHECK(store.definitions().empty());
    const auto unusable = store.unusable_definitions();
    REQUIRE(unusable.size() == 1);
    CHECK(unusable[0].type == "grown");
    CHECK(unusable[0].version == 1);
    CHECK(unusable[0].problem.find("1048576") != std::string::npos);
  }
}

TEST_CASE("a damaged definition that sagas use is repaired by defining it again") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  const auto order = definition("order", 1);
  SagaSummary saga = summary(1);
  saga.definition = order->digest();
  {
    SqliteStore store(path);
    store.put_definition(order);
    store.commit(start(saga));
  }
  std::string damage;
  SUBCASE("its text") { damage = "UPDATE definitions SET normal_form = '{}'"; }
  SUBCASE("its digest") { damage = "UPDATE definitions SET digest = zeroblob(32)"; }
  run_sql(path, damage);
  SqliteStore store(path);
  CHECK(store.definitions().empty());
  store.put_definition(order);
  CHECK(store.unusable_definitions().empty());
  REQUIRE(store.definition(order->digest()) != nullptr);
  CHECK_THROWS_AS(store.put_definition(definition("order", 1, "warehouse")), Refused);
}

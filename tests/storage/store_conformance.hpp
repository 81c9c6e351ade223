// What every store must do, as one suite over an abstract store that can be opened again.
//
//   TEST_CASE("the memory store is a store") {
//     skald::test::check_store_conformance([] { return std::make_unique<MemoryFixture>(); });
//   }
//
// Each case makes a fixture of its own.
#pragma once

#include <functional>
#include <memory>

#include "skald/store.hpp"

namespace skald::test {

/// A place where a store is kept.
class StoreFixture {
 public:
  virtual ~StoreFixture() = default;
  [[nodiscard]] virtual Store& store() = 0;
  /// As after a restart of the process.
  virtual void reopen() = 0;
};

using MakeStoreFixture = std::function<std::unique_ptr<StoreFixture>()>;

/// To be called from a TEST_CASE each; their cases are subcases of that.
void check_store_conformance(const MakeStoreFixture& make);
void check_definition_conformance(const MakeStoreFixture& make);
void check_journal_conformance(const MakeStoreFixture& make);
void check_reading_conformance(const MakeStoreFixture& make);
void check_purging_conformance(const MakeStoreFixture& make);
void check_snapshot_conformance(const MakeStoreFixture& make);

}  // namespace skald::test

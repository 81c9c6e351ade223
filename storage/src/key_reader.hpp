// Who holds a business key, read beside a commit.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "skald/store.hpp"
#include "sqlite/connection.hpp"

namespace skald {

class Queries;

/// Reads the owner's file over a connection of its own, which is opened when a key is first asked
/// for. Any thread.
class KeyReader {
 public:
  explicit KeyReader(std::string path);
  ~KeyReader();
  KeyReader(const KeyReader&) = delete;
  KeyReader& operator=(const KeyReader&) = delete;

  /// As Store::key_holders(). \throws StoreError
  [[nodiscard]] std::vector<std::optional<SagaId>> holders(std::span<const BusinessKey> keys);

 private:
  std::string path_;
  std::mutex mutex_;
  std::unique_ptr<sqlite::Connection> connection_;
  std::unique_ptr<Queries> queries_;
};

}  // namespace skald

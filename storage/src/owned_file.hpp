// The file of a store in the hands of its owner: every write goes through here.
//
// A write is one transaction that first checks that nobody has taken the store over. Checkpoints
// are made between commits, by hand, so that a disk that fails during one is not taken for healthy.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "files_in_place.hpp"
#include "ownership.hpp"
#include "skald/sqlite_store.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/statement.hpp"

namespace skald {

class OwnedFile {
 public:
  /// \throws StoreError
  OwnedFile(const std::string& path, const SqliteOptions& options);
  ~OwnedFile();
  OwnedFile(const OwnedFile&) = delete;
  OwnedFile& operator=(const OwnedFile&) = delete;

  /// Runs `work` in a transaction and makes it durable; nothing of it is stored when it throws.
  /// After a failure of the disk, once fenced, or when the files at the path are no longer those
  /// that are open, only throws. \throws StoreError
  void write(const std::function<void()>& work);

  /// Moves the write-ahead log into the file when it has grown enough; write() does it otherwise.
  /// Throws nothing: a disk that fails here fails the next write.
  void tidy();

  /// As Store::release_space(). When nothing is left, the file has shrunk, unless a reader keeps
  /// it.
  std::uint64_t release_space(std::uint64_t bytes_max);

  [[nodiscard]] sqlite::Connection& connection() { return *connection_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  /// False in a forked child.
  [[nodiscard]] bool mine() const { return ownership_.mine(); }
  /// \throws StoreError (fenced) in a forked child. Any thread.
  void require_mine() const;

 private:
  void require_epoch();
  void note_out_of_place(const std::optional<std::string>& problem);
  void checkpoint();
  void note_wal_size(int frames);
  static int wal_grew(void* self, sqlite3*, const char*, int frames);

  std::string path_;
  Ownership ownership_;
  std::unique_ptr<sqlite::Connection> connection_;
  FilesInPlace in_place_;
  sqlite::Statement read_epoch_;
  std::int64_t epoch_ = 0;
  int wal_frames_ = 0;
  int checkpoint_at_frames_;
  std::optional<StoreError> unfit_;  ///< Why nothing may be written any more.
};

}  // namespace skald

// The right to write to a store: one process at a time holds it.
//
// SQLite 3.7.0–3.51.2 can lose committed pages when two connections write or checkpoint a WAL at
// the same instant, so a store has one owner: a lock on a file beside it (fcntl, which the kernel
// drops when the process dies) and, since such locks do not bind within a process, a register of
// the stores this process owns.
#pragma once

#include <sys/types.h>

#include <string>

#include "files.hpp"
#include "skald/time.hpp"

namespace skald {

class Ownership {
 public:
  enum class Kind {
    lasting,    ///< An engine: stays until it is stopped.
    momentary,  ///< One request: gives way soon.
  };

  /// Becomes the owner of the store at this canonical path. Waits up to `patience` for a momentary
  /// owner to finish, and never for a lasting one. \throws StoreError (locked) that names the
  /// owner.
  Ownership(const std::string& store_path, Kind kind, Duration patience);
  /// Gives the store free.
  ~Ownership();
  Ownership(const Ownership&) = delete;
  Ownership& operator=(const Ownership&) = delete;

  /// False in a child that this process forked: locks are not inherited.
  [[nodiscard]] bool mine() const;

 private:
  std::string store_path_;
  pid_t pid_;
  FileDescriptor file_;
};

}  // namespace skald

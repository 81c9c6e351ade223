// Copying a store to a new file while it may be in use: SQLite's backup API, page by page.
//
// The copy is made under another name (`<target>.partial`), mode 0600, and gets its own when it is
// whole and durable: it is there whole or not at all.
#pragma once

#include <string>

#include "skald/store.hpp"
#include "sqlite/connection.hpp"
#include "turn_mutex.hpp"

namespace skald {

/// By a reader: all pages in one step, so the copy is one state of the store, whatever its owner
/// writes meanwhile. \throws StoreError, also when `target` exists already.
void backup_at_once(sqlite::Connection& reader, const std::string& target);

/// By the owner, whose connection belongs to whoever has the turn: slice by slice, and others take
/// their turns between them. What they write to pages that were copied already, SQLite writes to
/// the copy as well, so the copy is the state of the store at the end, and the write-ahead log need
/// not be kept for it. It leaves others nine tenths of the time while any come, but more than it
/// copies must not be written meanwhile: then it takes more. Not to be called with the turn taken.
/// \throws StoreError, also when `target` exists already, or when `watch` breaks it off.
void backup_in_slices(sqlite::Connection& owner, TurnMutex& turn, const std::string& target,
                      const BackupWatch& watch);

}  // namespace skald

// Whether a store's files are such that this user may become their owner.
//
// What an owner writes goes where its names lead, and what it reads back it trusts. So the files
// beside the store are files of the same user and no links, and nobody else may write to any.
#pragma once

#include <string>
#include <vector>

namespace skald {

/// Of the store at this canonical path, which need not exist. \throws StoreError (failed) that
/// names the file and the fix.
void require_own_files(const std::string& path);
/// \throws StoreError (failed) when one of the files beside the store is there and no file.
void require_plain_files_beside(const std::string& path);
/// That the store belongs to another user: allowed, since groups share stores, and worth a word.
[[nodiscard]] std::vector<std::string> store_cautions(const std::string& path);

}  // namespace skald

// A store as an earlier version of Skald would have left it.
#pragma once

#include <string>

namespace skald::faults {

/// Takes away what the migrations since the first schema have added. A store without tables, whose
/// maker died, is left alone. Not while anybody has it open. \throws Error
void make_store_old(const std::string& path);

/// Makes it one of a schema that nobody knows yet; `back` makes it what it was.
void make_store_newer(const std::string& path, bool back);

/// Runs statements on the file, past the store. \throws Error
void edit_store(const std::string& path, const std::string& sql);

}  // namespace skald::faults

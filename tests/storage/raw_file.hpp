// A store's file in other hands than the store's.
#pragma once

#include <cstddef>
#include <string>

namespace skald::test {

/// Runs SQL as another program would.
void run_sql(const std::string& path, const std::string& sql);
[[nodiscard]] std::string content(const std::string& path);
void overwrite(const std::string& path, std::size_t offset, const std::string& bytes);

}  // namespace skald::test

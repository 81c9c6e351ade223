// The size of a store's files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>

namespace skald::cli {

/// In bytes; 0 when there is no such file.
[[nodiscard]] inline std::uintmax_t size_of(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

/// Of a store and its log together.
[[nodiscard]] inline std::uintmax_t store_size(const std::string& path) {
  return size_of(path) + size_of(path + "-wal");
}

}  // namespace skald::cli

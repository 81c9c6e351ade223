// CRC-32C (Castagnoli): finds flipped bytes, which SQLite's pages do not.
#pragma once

#include <cstdint>
#include <string_view>

namespace skald {

/// The checksum of `bytes` after those that gave `before`; 0 stands for none before.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);

}  // namespace skald

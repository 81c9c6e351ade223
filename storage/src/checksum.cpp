#include "checksum.hpp"

#include <array>
#include <cstddef>

namespace skald {
namespace {

constexpr std::uint32_t polynomial = 0x82F63B78;  // reflected, as RFC 3720 appendix B.4 uses it

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? polynomial : 0);
    tables[0][i] = crc;
  }
  for (std::size_t t = 1; t < 8; ++t) {
    for (std::size_t i = 0; i < 256; ++i) {
      const std::uint32_t previous = tables[t - 1][i];
      tables[t][i] = (previous >> 8) ^ tables[0][previous & 0xFF];
    }
  }
  return tables;
}

constexpr Tables tables = make_tables();

std::uint32_t at(std::string_view bytes, std::size_t i) {
  return static_cast<std::uint8_t>(bytes[i]);
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t before) {
  std::uint32_t crc = ~before;
  // Eight bytes a step: the hot path checks every stored row.
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    const std::uint32_t low =
        crc ^ (at(bytes, 0) | at(bytes, 1) << 8 | at(bytes, 2) << 16 | at(bytes, 3) << 24);
    crc = tables[7][low & 0xFF] ^ tables[6][(low >> 8) & 0xFF] ^ tables[5][(low >> 16) & 0xFF] ^
          tables[4][low >> 24] ^ tables[3][at(bytes, 4)] ^ tables[2][at(bytes, 5)] ^
          tables[1][at(bytes, 6)] ^ tables[0][at(bytes, 7)];
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    crc = (crc >> 8) ^ tables[0][(crc ^ at(bytes, i)) & 0xFF];
  }
  return ~crc;
}

}  // namespace skald

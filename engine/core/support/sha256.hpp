// SHA-256 (FIPS 180-4), for the digests of definitions.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace skald {

[[nodiscard]] std::array<std::uint8_t, 32> sha256(std::string_view text);

}  // namespace skald

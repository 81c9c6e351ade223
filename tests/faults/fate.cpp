#include "fate.hpp"

#include <array>
#include <utility>

namespace skald::faults {
namespace {

struct Share {
  Fate fate;
  std::uint32_t per_mille;
};

// The rest is smooth.
constexpr std::array action_shares{
    Share{Fate::rejected, 50},    Share{Fate::failed_twice, 60},  Share{Fate::failed_always, 15},
    Share{Fate::answer_lost, 40}, Share{Fate::unknown_first, 20}, Share{Fate::unknown_always, 10},
    Share{Fate::slow, 15},
};
constexpr std::array compensation_shares{
    Share{Fate::rejected, 20},
    Share{Fate::failed_twice, 80},
    Share{Fate::answer_lost, 60},
    Share{Fate::slow, 15},
};

template <std::size_t n>
Fate draw(const std::array<Share, n>& shares, std::uint64_t hash) {
  std::uint64_t ticket = hash % 1000;
  for (const Share& share : shares) {
    if (ticket < share.per_mille) return share.fate;
    ticket -= share.per_mille;
  }
  return Fate::smooth;
}

// SplitMix64, after Sebastiano Vigna's public-domain description.
std::uint64_t mix(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15ULL;
  value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  value = (value ^ (value >> 27U)) * 0x94D049BB133111EBULL;
  return value ^ (value >> 31U);
}

}  // namespace

std::uint64_t stable_hash(std::uint64_t seed, std::uint64_t number, std::string_view text) {
  std::uint64_t hash = mix(mix(seed) ^ number);
  for (const char c : text) hash = mix(hash ^ static_cast<unsigned char>(c));
  return hash;
}

Fate fate_of(std::uint64_t seed, std::uint64_t number, std::string_view step, Direction direction) {
  const std::uint64_t hash = stable_hash(seed, number, step);
  switch (direction) {
    case Direction::action: return draw(action_shares, hash);
    case Direction::compensate: return draw(compensation_shares, mix(hash));
    case Direction::resolve: break;
  }
  return Fate::smooth;
}

}  // namespace skald::faults

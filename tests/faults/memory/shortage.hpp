// Memory that cannot be had: the Nth allocation of a process fails, once or from then on.
//
// C++'s allocations go through this program's operator new, SQLite's through its own hooks. Both
// are counted apart; at rest they are what they replace.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace skald::faults {

enum class Memory : std::uint8_t { objects, sqlite };

/// Where a process is in its life when memory runs out.
enum class Phase : std::uint8_t { opening, starting, working, requesting, closing };
inline constexpr std::size_t phase_count = 5;
[[nodiscard]] const char* to_string(Phase phase);

/// In a part of a life, which is where the counting begins.
struct Shortage {
  Memory memory = Memory::objects;
  std::uint64_t nth = 0;  ///< Counted from 1; 0: none fails, all are counted.
  Phase phase = Phase::opening;
  bool lasting = false;  ///< All that follow fail, too, in later phases as well.
};

/// What a process tells of its shortage; lies in memory that it shares with the one that reads it.
struct ShortageFigures {
  std::array<std::atomic<std::uint64_t>, phase_count> met{};
  std::atomic<std::uint64_t> fired{0};
  std::atomic<Phase> phase{Phase::opening};
};

/// Routes SQLite's allocations through here; once, before any connection is opened.
void route_sqlite_memory();
void begin_shortage(const Shortage& shortage, ShortageFigures& figures);
/// Thread-safe, as allocations are.
void end_shortage();

}  // namespace skald::faults

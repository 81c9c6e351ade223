// What a process holds of the machine: a leak shows here before it hurts anybody.
#pragma once

#include <cstdint>
#include <string>

namespace skald::faults {

struct Vitals {
  std::uint64_t memory_kib = 0;  ///< Resident, without pages of files.
  std::uint64_t descriptors = 0;
  std::uint64_t threads = 0;
};

/// False under a sanitizer, which keeps what was freed and shadows of it.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool memory_can_be_judged = false;
#else
inline constexpr bool memory_can_be_judged = true;
#endif

/// Of a process that lives and is ours. \throws Error
[[nodiscard]] Vitals vitals_of(int pid);
/// Of the log beside this store; 0 when there is none.
[[nodiscard]] std::uint64_t log_bytes(const std::string& store_path);

}  // namespace skald::faults

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

/// Of a process that lives and is ours. \throws Error
[[nodiscard]] Vitals vitals_of(int pid);
/// Of the log beside this store; 0 when there is none.
[[nodiscard]] std::uint64_t log_bytes(const std::string& store_path);

}  // namespace skald::faults

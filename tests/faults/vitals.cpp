#include "vitals.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <system_error>

#include "skald/error.hpp"

namespace skald::faults {

Vitals vitals_of(int pid) {
  const std::string root = fmt::format("/proc/{}", pid);
  Vitals vitals;
  std::ifstream status(root + "/status");
  for (std::string field; status >> field;) {
    if (field == "RssAnon:") status >> vitals.memory_kib;
    if (field == "Threads:") status >> vitals.threads;
  }
  if (vitals.threads == 0) throw Error("there is no process " + std::to_string(pid));
  const std::filesystem::directory_iterator open_files(root + "/fd");
  vitals.descriptors =
      static_cast<std::uint64_t>(std::distance(begin(open_files), end(open_files)));
  return vitals;
}

std::uint64_t log_bytes(const std::string& store_path) {
  std::error_code missing;
  const std::uintmax_t size = std::filesystem::file_size(store_path + "-wal", missing);
  return missing ? 0 : size;
}

}  // namespace skald::faults

#include "scripts.hpp"

#include <fmt/format.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "skald/error.hpp"

namespace skald::test {

std::string make_scratch_directory() {
  const char* base = std::getenv("TMPDIR");
  std::string path = fmt::format("{}/skald-broker-XXXXXX", base != nullptr ? base : "/tmp");
  if (::mkdtemp(path.data()) == nullptr) throw ChannelError("cannot make " + path);
  return path;
}

std::string run_script_file(const std::string& script, const std::string& verb,
                            const std::string& directory, const std::string& arguments) {
  const std::string command = fmt::format("{} {} '{}' {} 2>&1", script, verb, directory, arguments);
  FILE* const pipe = ::popen(command.c_str(), "re");
  if (pipe == nullptr) throw ChannelError("cannot run " + command);
  std::string output;
  std::array<char, 4096> buffer;
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    output.append(buffer.data(), count);
  }
  const int status = ::pclose(pipe);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw ChannelError(fmt::format("{} failed: {}", command, output));
  }
  return output;
}

}  // namespace skald::test

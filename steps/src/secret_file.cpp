#include "skald/secret_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "skald/text.hpp"

namespace skald {
namespace {

constexpr std::size_t bytes_max = 4096;

struct Closer {
  int file;
  ~Closer() {
    if (file >= 0) ::close(file);
  }
};

std::string shown(const std::string& path) { return escape_controls(path); }

std::string cannot_read(const std::string& path, int error_number) {
  return fmt::format("cannot read '{}': {}; give the path of a file that user {} may read",
                     shown(path), std::generic_category().message(error_number), ::geteuid());
}

// Links are followed first: a mounted secret is a link into a folder of its version.
bool lies_in(const std::string& path, const CredentialsFolder& folder) {
  if (!folder || folder->empty()) return false;
  std::error_code error;
  const auto file = std::filesystem::canonical(path, error);
  if (error) return false;
  const auto within = std::filesystem::canonical(*folder, error);
  if (error) return false;
  return std::mismatch(within.begin(), within.end(), file.begin(), file.end()).first ==
         within.end();
}

std::optional<std::string> rights_problem(const std::string& path, const struct stat& info,
                                          const CredentialsFolder& credentials) {
  const std::string name = shown(path);
  const auto others = [&](const char* may) {
    return fmt::format(
        "others may {} '{}', which holds a password; make it yours alone: chmod 600 "
        "{} (0440 for a file of root's that this user's group may read; "
        "defaultMode: 0440 for a mounted secret)",
        may, name, name);
  };
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) return others("write to");
  if (lies_in(path, credentials)) return std::nullopt;
  if ((info.st_mode & S_IRWXO) != 0) return others("read");
  const bool owned = info.st_uid == 0 || info.st_uid == ::geteuid();
  if ((info.st_mode & S_IRGRP) == 0 || owned) return std::nullopt;
  return fmt::format(
      "'{}' holds a password, belongs to user {}, and its group may read it; give "
      "it to root or to user {}, or make it its owner's alone: chmod 600 {}",
      name, info.st_uid, ::geteuid(), name);
}

std::optional<std::string> kind_problem(const std::string& path, mode_t mode) {
  if (S_ISREG(mode)) return std::nullopt;
  if (S_ISDIR(mode)) {
    return fmt::format("'{}' is a folder; give the file in it that holds the address", shown(path));
  }
  if (S_ISFIFO(mode)) {
    return fmt::format(
        "'{}' is a pipe, which may never say anything; write the address into a "
        "file that is yours alone",
        shown(path));
  }
  return fmt::format("'{}' is a device or a socket; give a file that holds the address",
                     shown(path));
}

std::optional<std::string> text_problem(const std::string& path, std::string_view text) {
  if (text.size() > bytes_max) {
    return fmt::format("'{}' is longer than {} bytes; it must hold the address and nothing else",
                       shown(path), bytes_max);
  }
  if (text.starts_with("\xEF\xBB\xBF") || text.starts_with("\xFF\xFE") ||
      text.starts_with("\xFE\xFF")) {
    return fmt::format("'{}' begins with a byte order mark; save it as plain UTF-8 without one",
                       shown(path));
  }
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return fmt::format("'{}' is empty; write the address into it", shown(path));
  }
  return std::nullopt;
}

SecretFile unusable(std::string problem) { return {{}, std::move(problem)}; }

}  // namespace

SecretFile read_secret_file(const std::string& path, const CredentialsFolder& credentials) {
  if (path.find('\0') != std::string::npos) {
    return unusable(
        fmt::format("the path '{}' holds a zero byte; give the path of a file", shown(path)));
  }
  // A pipe is opened without waiting for whoever may write to it.
  const Closer opened{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat info {};
  if (opened.file < 0 || ::fstat(opened.file, &info) != 0) {
    return unusable(cannot_read(path, errno));
  }
  if (auto problem = kind_problem(path, info.st_mode)) return unusable(*std::move(problem));
  if (auto problem = rights_problem(path, info, credentials)) return unusable(*std::move(problem));
  std::array<char, bytes_max + 1> buffer{};
  const ssize_t length = ::read(opened.file, buffer.data(), buffer.size());
  if (length < 0) return unusable(cannot_read(path, errno));
  std::string text(buffer.data(), static_cast<std::size_t>(length));
  if (auto problem = text_problem(path, text)) return unusable(*std::move(problem));
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  return {std::move(text), {}};
}

std::optional<std::string> secret_rights_problem(const std::string& path,
                                                 const CredentialsFolder& credentials) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return cannot_read(path, errno);
  return rights_problem(path, info, credentials);
}

}  // namespace skald

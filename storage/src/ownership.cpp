#include "ownership.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <mutex>
#include <optional>
#include <set>
#include <string_view>
#include <thread>

#include "skald/crash_point.hpp"
#include "skald/error.hpp"

namespace skald {
namespace {

constexpr Duration poll_interval{10};
/// How long an owner may take between locking the file and writing into it what it is.
constexpr Duration introduction_max{1000};

/// What a process owns. It must exist once in a process, because locks do: opening and closing the
/// lock file of an owned store would drop the lock. The pid tells a forked child from its parent.
class OwnedStores {
 public:
  [[nodiscard]] bool add(const std::string& path) {
    const std::lock_guard guard(mutex_);
    return paths_.emplace(::getpid(), path).second;
  }
  // Called by destructors: a key to look for would have to be allocated.
  void remove(const std::string& path) {
    const std::lock_guard guard(mutex_);
    std::erase_if(paths_, [pid = ::getpid(), &path](const auto& owned) {
      return owned.first == pid && owned.second == path;
    });
  }

 private:
  std::mutex mutex_;
  std::set<std::pair<pid_t, std::string>> paths_;
};

OwnedStores& owned_stores() {
  static OwnedStores stores;
  return stores;
}

[[noreturn]] void throw_locked(const std::string& store_path, const std::string& owner) {
  throw StoreError(StoreError::Kind::locked,
                   fmt::format("{} is owned by {}; send your request to it, or stop it first",
                               store_path, owner));
}

struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

bool try_lock(int fd, const std::string& path) {
  struct flock lock = whole_file();
  if (::fcntl(fd, F_SETLK, &lock) == 0) return true;
  if (errno == EAGAIN || errno == EACCES || errno == EINTR) return false;
  throw_system_error(errno, "lock " + path);
}

/// The process that holds the lock at this moment; nothing when it has just been dropped.
std::optional<pid_t> holder(int fd) {
  struct flock lock = whole_file();
  if (::fcntl(fd, F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return std::nullopt;
  return lock.l_pid;
}

/// What the lock file says of its holder. Left by an earlier owner, it says nothing of this one.
enum class Introduced { not_yet, lasting, momentary };
Introduced introduced(int fd, pid_t pid) {
  std::array<char, 64> buffer{};
  const ssize_t length = ::pread(fd, buffer.data(), buffer.size(), 0);
  if (length <= 0) return Introduced::not_yet;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(length));
  if (text == fmt::format("{} momentary\n", pid)) return Introduced::momentary;
  if (text == fmt::format("{} lasting\n", pid)) return Introduced::lasting;
  return Introduced::not_yet;
}

void introduce_self(int fd, Ownership::Kind kind) {
  const std::string text = fmt::format(
      "{} {}\n", ::getpid(), kind == Ownership::Kind::momentary ? "momentary" : "lasting");
  // A full disk must not keep the owner out: unread, it merely is not waited for.
  if (::ftruncate(fd, 0) == 0) static_cast<void>(::pwrite(fd, text.data(), text.size(), 0) < 0);
}

void lock_patiently(int fd, const std::string& store_path, Duration patience) {
  const auto began = std::chrono::steady_clock::now();
  while (!try_lock(fd, store_path + ".lock")) {
    const auto pid = holder(fd);
    if (!pid) continue;
    const auto waited = std::chrono::steady_clock::now() - began;
    const Introduced kind = introduced(fd, *pid);
    const bool wait_on =
        waited < patience && (kind == Introduced::momentary ||
                              (kind == Introduced::not_yet && waited < introduction_max));
    if (!wait_on) throw_locked(store_path, fmt::format("process {}", *pid));
    // The kernel tells nobody with a time limit that a lock was dropped.
    std::this_thread::sleep_for(poll_interval);
  }
}

// Made by root for a store of another user's, it would keep that user out. In a namespace that does
// not know the user, root may not give it away, and the lock is good all the same.
void give_to_owner(int fd, const std::string& store_path) {
  struct stat store {};
  if (::geteuid() != 0 || ::stat(store_path.c_str(), &store) != 0) return;
  static_cast<void>(::fchown(fd, store.st_uid, store.st_gid) < 0);
}

FileDescriptor locked_file(const std::string& store_path, Ownership::Kind kind, Duration patience) {
  const std::string path = store_path + ".lock";
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) throw_path_error(errno, "open " + path, path);
  give_to_owner(file.get(), store_path);
  lock_patiently(file.get(), store_path, patience);
  crash_point(CrashPoint::store_locked);
  introduce_self(file.get(), kind);
  return file;
}

}  // namespace

Ownership::Ownership(const std::string& store_path, Kind kind, Duration patience)
    : store_path_(store_path), pid_(::getpid()) {
  if (!owned_stores().add(store_path)) {
    throw_locked(store_path, fmt::format("this process ({}) already", pid_));
  }
  struct Entry {
    const std::string& path;
    bool kept;
    ~Entry() {
      if (!kept) owned_stores().remove(path);
    }
  } entry{store_path, false};
  file_ = locked_file(store_path, kind, patience);
  entry.kept = true;
}

Ownership::~Ownership() {
  if (!mine()) return;
  // Closed before it leaves the register, or the next owner in this process could lose its lock to
  // this close.
  file_ = FileDescriptor();
  owned_stores().remove(store_path_);
}

bool Ownership::mine() const { return ::getpid() == pid_; }

}  // namespace skald

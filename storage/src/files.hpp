// What the standard library does not offer for files: private creation, durable renaming, and
// descriptors that close themselves.
#pragma once

#include <string>
#include <utility>

namespace skald {

/// Owns a file descriptor.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor();

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// Creates an empty file with mode 0600; false when there is one already. \throws StoreError
[[nodiscard]] bool create_private_file(const std::string& path);
/// Gives a finished file its name, which must be free, durably. \throws StoreError
void publish_file(const std::string& from, const std::string& to);
/// \throws StoreError (not_a_store) for an empty path, or one with a zero byte in it.
void require_path(const std::string& path);
/// Whether there is something at `path`, be it a link that leads nowhere. \throws StoreError that
/// names the right that is missing when this user cannot tell.
[[nodiscard]] bool is_there(const std::string& path);
/// Of a file or folder that is there; `right` is R_OK or W_OK. \throws StoreError that names the
/// path and the right that this user lacks.
void require_right(const std::string& path, int right);
/// Whether this user could create a file in the folder of `path`.
[[nodiscard]] bool may_create_beside(const std::string& path);
/// Absolute, without symbolic links, `.` and `..`: two ways to say a path come out the same. The
/// file itself need not exist. \throws StoreError when its folder does not.
[[nodiscard]] std::string canonical_path(const std::string& path);
/// \throws StoreError (failed, or full): "cannot <operation>: <text of errno>".
[[noreturn]] void throw_system_error(int error_number, const std::string& operation);
/// The same for an operation on this path; what was denied is said to whom, and by which folder.
[[noreturn]] void throw_path_error(int error_number, const std::string& operation,
                                   const std::string& path);

}  // namespace skald

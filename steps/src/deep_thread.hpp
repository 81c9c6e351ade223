// A thread with a stack that is large enough for whatever a peer sends.
//
// librabbitmq decodes nested header tables by recursion, and before 0.14 without a limit: a frame
// of 128 KiB can hold 26,000 levels, which take 4 MiB of stack. A thread of the standard library
// gets as much as `ulimit -s` says, which may be less.
#pragma once

#include <pthread.h>

#include <cstddef>
#include <functional>

namespace skald {

class DeepThread {
 public:
  /// Address space, of which only what is used takes memory.
  static constexpr std::size_t stack_bytes = 32UL * 1024 * 1024;

  /// Runs `work`, which must not throw. \throws std::system_error when there can be no thread.
  explicit DeepThread(std::function<void()> work);
  /// Joins.
  ~DeepThread();
  DeepThread(const DeepThread&) = delete;
  DeepThread& operator=(const DeepThread&) = delete;

 private:
  std::function<void()> work_;
  pthread_t thread_{};
};

}  // namespace skald

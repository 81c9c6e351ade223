// Memory that a process shares with the children it forks.
#pragma once

#include <sys/mman.h>

#include <new>

#include "skald/error.hpp"

namespace skald::faults {

template <typename T>
class SharedPage {
 public:
  SharedPage()
      : memory_(
            ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    if (memory_ == MAP_FAILED) throw Error("cannot map memory to share with a child");
    value_ = new (memory_) T;
  }
  ~SharedPage() { ::munmap(memory_, sizeof(T)); }
  SharedPage(const SharedPage&) = delete;
  SharedPage& operator=(const SharedPage&) = delete;
  T* operator->() { return value_; }
  T& operator*() { return *value_; }

 private:
  void* memory_;
  T* value_ = nullptr;
};

}  // namespace skald::faults

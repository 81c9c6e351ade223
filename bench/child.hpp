// Another process of this program, such as a participant; killed when it is no longer needed.
#pragma once

#include <string>
#include <vector>

namespace skald::bench {

class Child {
 public:
  /// Runs this program with these arguments and waits until it says `ready`. \throws Error
  explicit Child(const std::vector<std::string>& arguments);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

 private:
  void await_ready(int output);
  int pid_ = -1;
};

/// Called by the child: tells its parent that it may begin, and ends with it.
void say_ready();

}  // namespace skald::bench

// A forked child for tests of what processes do to each other.
#pragma once

#include <functional>
#include <string>

namespace skald::test {

/// Runs `work` in a child, which ends without running destructors. The child reports lines; the
/// parent reads them, lets the child go on, or kills it. It is killed at the latest here.
class ChildProcess {
 public:
  /// What a child can do besides its work.
  class Parent {
   public:
    Parent(int read_end, int write_end) : read_end_(read_end), write_end_(write_end) {}
    /// Sends the parent a line.
    void report(const std::string& line) const;
    /// Blocks until the parent says so, or is gone.
    void await() const;

   private:
    int read_end_;
    int write_end_;
  };

  explicit ChildProcess(const std::function<void(const Parent&)>& work);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// The next line the child reports; empty when it ended instead.
  [[nodiscard]] std::string line();
  void let_go_on();
  void kill();
  [[nodiscard]] int pid() const { return pid_; }

 private:
  int pid_ = -1;
  int from_child_ = -1;
  int to_child_ = -1;
};

}  // namespace skald::test

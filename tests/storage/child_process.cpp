#include "child_process.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <exception>
#include <stdexcept>

namespace skald::test {

void ChildProcess::Parent::report(const std::string& line) const {
  const std::string text = line + "\n";
  if (::write(write_end_, text.data(), text.size()) < 0) ::_exit(3);
}

void ChildProcess::Parent::await() const {
  char go = 0;
  if (::read(read_end_, &go, 1) < 0) ::_exit(3);
}

ChildProcess::ChildProcess(const std::function<void(const Parent&)>& work) {
  std::array<int, 2> up{};
  std::array<int, 2> down{};
  if (::pipe(up.data()) != 0 || ::pipe(down.data()) != 0) throw std::runtime_error("no pipes");
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("no child");
  if (pid_ == 0) {
    ::close(up[0]);
    ::close(down[1]);
    const Parent parent(down[0], up[1]);
    try {
      work(parent);
    } catch (const std::exception& error) {
      parent.report(error.what());
    }
    ::_exit(0);
  }
  ::close(up[1]);
  ::close(down[0]);
  from_child_ = up[0];
  to_child_ = down[1];
}

ChildProcess::~ChildProcess() {
  kill();
  ::close(from_child_);
  ::close(to_child_);
}

std::string ChildProcess::line() {
  std::string text;
  char c = 0;
  while (::read(from_child_, &c, 1) == 1 && c != '\n') text.push_back(c);
  return text;
}

void ChildProcess::let_go_on() {
  if (::write(to_child_, "!", 1) != 1) throw std::runtime_error("the child is gone");
}

void ChildProcess::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

}  // namespace skald::test

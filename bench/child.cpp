#include "child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "skald/error.hpp"

namespace skald::bench {

Child::Child(const std::vector<std::string>& arguments) {
  std::vector<std::string> words{"skald_bench"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw Error("cannot make a pipe");
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(pipe[1], STDOUT_FILENO);
    ::execv("/proc/self/exe", pointers.data());
    ::_exit(127);
  }
  ::close(pipe[1]);
  await_ready(pipe[0]);
}

Child::~Child() {
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void Child::await_ready(int output) {
  char first = 0;
  const bool ready = pid_ > 0 && ::read(output, &first, 1) == 1;
  ::close(output);
  if (ready) return;
  if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
  throw Error("a participant's process did not get ready");
}

void say_ready() {
  if (::write(STDOUT_FILENO, "\n", 1) != 1) throw Error("the benchmark is gone");
}

}  // namespace skald::bench

#include "process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace skald::faults {
namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

std::array<int, 2> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe");
  return ends;
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Between fork and exec only calls that are safe there.
[[noreturn]] void become(const char* program, char* const* arguments, char* const* environment,
                         int input, int output, int log) {
  ::dup2(input, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::execve(program, arguments, environment);
  ::_exit(127);
}

}  // namespace

Process::Process(const std::vector<std::string>& arguments, const std::string& log_path,
                 std::vector<std::string> environment, const std::string& program) {
  std::vector<std::string> words{program_invocation_short_name};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const std::vector<char*> pointers = pointers_to(words);
  // getenv() answers the first of a name.
  for (char** inherited = environ; *inherited != nullptr; ++inherited) {
    environment.emplace_back(*inherited);
  }
  const std::vector<char*> surroundings = pointers_to(environment);

  const int log = ::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0) fail("open the log of a process");
  const auto up = make_pipe();
  const auto down = make_pipe();
  pid_ = ::fork();
  if (pid_ == 0) become(program.c_str(), pointers.data(), surroundings.data(), down[0], up[1], log);
  for (const int unused : {log, up[1], down[0]}) ::close(unused);
  output_ = up[0];
  input_ = down[1];
  if (pid_ < 0) fail("fork");
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      output_(std::exchange(other.output_, -1)),
      input_(std::exchange(other.input_, -1)),
      silent_(other.silent_),
      buffer_(std::move(other.buffer_)) {}

Process::~Process() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    (void)reap();
  }
  if (output_ >= 0) ::close(output_);
  if (input_ >= 0) ::close(input_);
}

std::optional<std::string> Process::take_line() {
  const std::size_t end = buffer_.find('\n');
  if (end == std::string::npos) return std::nullopt;
  std::string text = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  return text;
}

bool Process::read_more(int timeout_ms) {
  pollfd waiting{output_, POLLIN, 0};
  if (::poll(&waiting, 1, timeout_ms) <= 0) return false;
  std::array<char, 4096> chunk{};
  const ssize_t count = ::read(output_, chunk.data(), chunk.size());
  if (count <= 0) {
    silent_ = true;
    return false;
  }
  buffer_.append(chunk.data(), static_cast<std::size_t>(count));
  return true;
}

std::optional<std::string> Process::line(Moment until) {
  while (true) {
    if (auto text = take_line()) return text;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (silent_ || left.count() <= 0) return std::nullopt;
    (void)read_more(static_cast<int>(left.count()));
  }
}

std::vector<std::string> Process::kill() {
  ::kill(pid_, SIGKILL);
  (void)reap();
  while (!silent_) (void)read_more(-1);
  std::vector<std::string> rest;
  while (auto text = take_line()) rest.push_back(*std::move(text));
  return rest;
}

int Process::finish() {
  ::close(std::exchange(input_, -1));
  return reap();
}

int Process::reap() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0) {
    if (errno != EINTR) fail("waitpid");
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace skald::faults

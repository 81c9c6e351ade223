// A process of one's own making that reports lines and can be killed at any moment.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace skald::faults {

/// Runs this very program, or another, with other arguments. Killed at the latest by the
/// destructor; it sees the end of its standard input when the harness dies. One thread at a time.
class Process {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  /// Its standard error is appended to `log_path`; `environment` (NAME=value) goes before what it
  /// would inherit. \throws std::system_error
  Process(const std::vector<std::string>& arguments, const std::string& log_path,
          std::vector<std::string> environment = {}, const std::string& program = "/proc/self/exe");
  ~Process();
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;

  /// The next line, or nothing when `until` has come or the process has closed its output.
  [[nodiscard]] std::optional<std::string> line(Moment until);
  /// True when it has closed its output: it has ended, or is about to.
  [[nodiscard]] bool is_silent() const { return silent_; }

  [[nodiscard]] int pid() const { return pid_; }

  /// Sends SIGKILL, waits for its end and answers the lines it had still written.
  std::vector<std::string> kill();
  /// Closes its standard input, waits for its end and answers its exit code; -1 when a signal ended
  /// it. \throws std::system_error
  int finish();

 private:
  [[nodiscard]] std::optional<std::string> take_line();
  bool read_more(int timeout_ms);
  int reap();

  int pid_ = -1;
  int output_ = -1;
  int input_ = -1;
  bool silent_ = false;
  std::string buffer_;
};

}  // namespace skald::faults

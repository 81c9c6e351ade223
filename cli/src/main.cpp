#include <fcntl.h>
#include <pwd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "app.hpp"
#include "context.hpp"
#include "stop_signals.hpp"

extern char** environ;

namespace {

// A stream that is closed would be the next file that is opened: the store, or its lock.
bool occupy_standard_streams() {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream) {
    if (::fcntl(stream, F_GETFD) >= 0) continue;
    // The lowest number that is free is this one.
    if (::open("/dev/null", O_RDWR) != stream) return false;
  }
  return true;
}

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const auto equals = text.find('=');
    if (equals != std::string::npos) variables[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return variables;
}

int terminal_width() {
  winsize size{};
  const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40;
  return known ? size.ws_col : 100;
}

std::string login_name() {
  const passwd* entry = getpwuid(geteuid());
  return entry != nullptr ? entry->pw_name : "uid " + std::to_string(geteuid());
}

}  // namespace

int main(int argc, char** argv) {
  if (!occupy_standard_streams()) {
    std::fputs("skald: a standard stream is closed and /dev/null cannot be opened for it\n",
               stderr);
    return 1;
  }
  std::ios::sync_with_stdio(false);
  const skald::SystemClock clock;
  skald::cli::Context context{.in = std::cin,
                              .out = std::cout,
                              .err = std::cerr,
                              .clock = clock,
                              .environment = environment(),
                              .in_is_terminal = isatty(STDIN_FILENO) == 1,
                              .out_is_terminal = isatty(STDOUT_FILENO) == 1,
                              .width = terminal_width(),
                              .login_name = login_name(),
                              .pause = skald::cli::wait_for_stop,
                              .global = {}};
  const int code = skald::cli::run_command_line({argv + 1, argv + argc}, context);
  std::cout.flush();
  if (!std::cout && code == 0 && !context.out_has_notices_only) {
    std::fputs("skald: the output could not be written\n", stderr);
    return 1;
  }
  return code;
}

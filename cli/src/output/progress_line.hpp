// How far a long piece of work is: one line on a terminal, overwritten now and then.
#pragma once

#include <chrono>
#include <string>

namespace skald::cli {

struct Context;

/// Shows nothing unless data goes to a terminal, nor with --quiet.
class ProgressLine {
 public:
  explicit ProgressLine(Context& context) : context_(context) {}
  /// At most twice a second.
  void show(const std::string& text);
  /// Leaves the line, if there is one.
  void end();

 private:
  using Clock = std::chrono::steady_clock;
  Context& context_;
  bool shown_ = false;
  Clock::time_point told_at_ = Clock::now();
};

}  // namespace skald::cli

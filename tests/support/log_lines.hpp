// What a channel or a participant logs, for tests that wait for it.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "skald/orchestrator.hpp"

namespace skald::test {

/// Thread-safe.
class LogLines {
 public:
  [[nodiscard]] Logger logger() {
    return [this](LogLevel level, std::string_view line) {
      const std::lock_guard lock(mutex_);
      lines_.push_back({level, std::string(line)});
      changed_.notify_all();
    };
  }
  /// Fails the test when no line with these words comes within half a minute.
  void await(std::string_view words) {
    std::unique_lock lock(mutex_);
    const bool came =
        changed_.wait_for(lock, std::chrono::seconds{30}, [&] { return count_in(words) > 0; });
    REQUIRE_MESSAGE(came, "waited in vain for the log to say: " << words << "\n" << text());
  }
  /// Lines with these words, from this level on.
  [[nodiscard]] int count(std::string_view words, LogLevel from = LogLevel::debug) const {
    const std::lock_guard lock(mutex_);
    return count_in(words, from);
  }

 private:
  struct Line {
    LogLevel level;
    std::string text;
  };
  [[nodiscard]] int count_in(std::string_view words, LogLevel from = LogLevel::debug) const {
    int count = 0;
    for (const Line& line : lines_) {
      if (line.level >= from && line.text.find(words) != std::string::npos) ++count;
    }
    return count;
  }
  [[nodiscard]] std::string text() const {
    std::string all;
    for (const Line& line : lines_) all += line.text + "\n";
    return all;
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Line> lines_;
};

}  // namespace skald::test

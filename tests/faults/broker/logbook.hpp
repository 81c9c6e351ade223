// What engine and participants log, with the time, for tests that wait for a word or measure by it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "skald/orchestrator.hpp"

namespace skald::faults {

/// Thread-safe.
class Logbook {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  /// Writes down every line, named by who says it.
  [[nodiscard]] Logger logger(std::string who) {
    return [this, who = std::move(who)](LogLevel, std::string_view text) {
      const std::lock_guard lock(mutex_);
      lines_.push_back({std::chrono::steady_clock::now(), who + ": " + std::string(text)});
      changed_.notify_all();
    };
  }

  /// When a line from `since` on first said `words`; nothing when none does within `limit`.
  [[nodiscard]] std::optional<Moment> await(std::string_view words, Moment since,
                                            std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    std::optional<Moment> found;
    changed_.wait_for(lock, limit, [&] {
      for (const Line& line : lines_) {
        if (line.at < since || line.text.find(words) == std::string::npos) continue;
        found = line.at;
        return true;
      }
      return false;
    });
    return found;
  }

  [[nodiscard]] std::size_t count(std::string_view words) const {
    const std::lock_guard lock(mutex_);
    std::size_t count = 0;
    for (const Line& line : lines_) count += line.text.find(words) != std::string::npos ? 1 : 0;
    return count;
  }

  /// The last lines, for a report of what went wrong.
  [[nodiscard]] std::vector<std::string> tail(std::size_t count) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> texts;
    const std::size_t first = lines_.size() > count ? lines_.size() - count : 0;
    for (std::size_t i = first; i < lines_.size(); ++i) texts.push_back(lines_[i].text);
    return texts;
  }

 private:
  struct Line {
    Moment at;
    std::string text;
  };
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Line> lines_;
};

}  // namespace skald::faults

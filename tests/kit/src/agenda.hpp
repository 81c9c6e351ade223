// Virtual time: what is to happen when, and the engine's clock beside the real one.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "skald/time.hpp"

namespace skald::testing {

/// Things to do, in order of time and then of entry. One thread.
class Agenda {
 public:
  [[nodiscard]] Time now() const { return now_; }
  /// What an engine that opened its clock with this offset would read.
  [[nodiscard]] Time engine_now() const { return now_ + offset_; }
  [[nodiscard]] Time to_real(Time engine_time) const { return engine_time - offset_; }
  /// The wall clock is set; engines see it when they open.
  void adjust(Duration by) { offset_ += by; }

  void after(Duration delay, std::function<void()> task) {
    tasks_.emplace(now_ + delay, std::move(task));
  }
  [[nodiscard]] std::optional<Time> next() const {
    return tasks_.empty() ? std::nullopt : std::optional{tasks_.begin()->first};
  }
  /// Moves on to `until` and does everything that is due by then.
  void run_until(Time until) {
    while (!tasks_.empty() && tasks_.begin()->first <= until) {
      auto task = tasks_.extract(tasks_.begin());
      now_ = std::max(now_, task.key());
      task.mapped()();
    }
    now_ = std::max(now_, until);
  }

 private:
  Time now_ = Time{std::chrono::hours{24 * 365 * 55}};
  Duration offset_{0};
  std::multimap<Time, std::function<void()>> tasks_;
};

/// What happened in a schedule, a line each; switched off, it costs nothing.
class Trace {
 public:
  explicit Trace(const Agenda& agenda) : agenda_(agenda), begin_(agenda.now()) {}
  void switch_on() { on_ = true; }
  /// `line` is a function that makes the line, so that nobody formats for nothing.
  template <typename Line>
  void note(Line line) {
    if (!on_) return;
    lines_.push_back(describe_duration(agenda_.now() - begin_) + "\t" + line());
  }
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

 private:
  const Agenda& agenda_;
  Time begin_;
  bool on_ = false;
  std::vector<std::string> lines_;
};

}  // namespace skald::testing

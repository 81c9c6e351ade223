// One backup at a time, made by a thread of its own while the engine goes on.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "skald/decide.hpp"
#include "skald/store.hpp"

namespace skald {

class BackupJob {
 public:
  struct Report {
    std::uint64_t number = 0;  ///< Of the job, from 1.
    BackupProgress progress;
    bool done = false;
  };

  explicit BackupJob(Store& store) : store_(store) {}
  /// Breaks off what is under way.
  ~BackupJob();
  BackupJob(const BackupJob&) = delete;
  BackupJob& operator=(const BackupJob&) = delete;

  /// Begins to copy the store to `target` and answers the job's number.
  /// \throws Refused (unavailable) while another job is under way.
  [[nodiscard]] std::uint64_t begin(const std::string& target);
  /// Waits for the end of this job, for at most `patience`. Its report can be had until the next
  /// job begins. \throws Refused: not_found for any other job; invalid or unavailable, saying why,
  /// when it has failed.
  [[nodiscard]] Report wait(std::uint64_t number, Duration patience);
  /// Breaks this job off, if it is still under way.
  void stop(std::uint64_t number);
  /// Breaks off what is under way, and begins nothing any more.
  void stop();

 private:
  void run(const std::string& target);
  [[nodiscard]] bool under_way() const { return report_.number > 0 && !report_.done && !problem_; }
  [[nodiscard]] bool stops() const;
  void require(std::uint64_t number) const;

  Store& store_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  bool broken_off_ = false;  // The job under way.
  std::string target_;
  Report report_;
  std::optional<Refusal> problem_;  // Why it failed.
  std::thread thread_;              // Joined by whoever begins the next, or ends them all.
};

}  // namespace skald

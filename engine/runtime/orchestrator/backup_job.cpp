#include "orchestrator/backup_job.hpp"

#include <fmt/format.h>

#include <new>

namespace skald {

BackupJob::~BackupJob() { stop(); }

std::uint64_t BackupJob::begin(const std::string& target) {
  const std::lock_guard lock{mutex_};
  if (stopping_) throw Refused(Refused::Code::unavailable, "the engine is stopping");
  if (under_way()) {
    throw Refused(Refused::Code::unavailable,
                  fmt::format("a backup to {} is being made; wait for its end", target_));
  }
  if (thread_.joinable()) thread_.join();  // It has told its end.
  // It tells nothing before this has returned; without a thread to be had nothing was begun.
  thread_ = std::thread([this, target] { run(target); });
  target_ = target;
  report_ = {report_.number + 1, {}, false};
  problem_.reset();
  broken_off_ = false;
  return report_.number;
}

void BackupJob::run(const std::string& target) {
  std::optional<Refusal> problem;
  try {
    store_.backup(target, [this](const BackupProgress& progress) {
      const std::lock_guard lock{mutex_};
      report_.progress = progress;
      return !stopping_ && !broken_off_;
    });
  } catch (const StoreError& error) {
    // A name that is taken, a folder that is not there or closed to us: another name mends it.
    const bool mends = error.kind() == StoreError::Kind::failed && !stops();
    problem = Refusal{mends ? Refused::Code::invalid : Refused::Code::unavailable, error.what()};
  } catch (const std::bad_alloc&) {
    problem = Refusal{Refused::Code::unavailable, "memory has run out"};
  }
  {
    const std::lock_guard lock{mutex_};
    report_.done = !problem;
    problem_ = std::move(problem);
  }
  changed_.notify_all();
}

bool BackupJob::stops() const {
  const std::lock_guard lock{mutex_};
  return stopping_ || broken_off_;
}

void BackupJob::require(std::uint64_t number) const {
  if (number > 0 && report_.number == number) return;
  throw Refused(Refused::Code::not_found, fmt::format("job: there is no backup {} now", number));
}

BackupJob::Report BackupJob::wait(std::uint64_t number, Duration patience) {
  std::unique_lock lock{mutex_};
  require(number);
  changed_.wait_for(lock, patience, [&] {
    return report_.number != number || report_.done || problem_.has_value();
  });
  require(number);
  if (problem_) throw Refused(problem_->code, problem_->message);
  return report_;
}

void BackupJob::stop(std::uint64_t number) {
  const std::lock_guard lock{mutex_};
  require(number);
  broken_off_ = true;
}

void BackupJob::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace skald

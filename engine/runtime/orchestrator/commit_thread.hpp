// The thread that commits while the coordinator's decides, and tidies the store up after each
// commit.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

#include "coordinator/committer.hpp"

namespace skald {

class CommitThread final : public Committer {
 public:
  /// `on_done` is called on the thread after each commit.
  CommitThread(Store& store, std::function<void()> on_done);
  ~CommitThread() override;

  [[nodiscard]] bool is_worth(const Batch& batch) override;
  void begin(const Batch& batch) override;
  [[nodiscard]] bool done() const override;
  Position finish() override;

 private:
  void run();

  Store& store_;
  const std::function<void()> on_done_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  const Batch* batch_ = nullptr;  // To be committed.
  bool done_ = false;
  bool stopping_ = false;
  Position first_ = 0;
  std::exception_ptr error_;
  std::thread thread_;
};

}  // namespace skald

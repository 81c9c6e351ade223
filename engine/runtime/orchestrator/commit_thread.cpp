#include "orchestrator/commit_thread.hpp"

#include <utility>

namespace skald {
namespace {

// Below, the two hand-overs cost more than there is to decide meanwhile.
constexpr std::size_t rows_worth_a_thread = 16;

}  // namespace

CommitThread::CommitThread(Store& store, std::function<void()> on_done)
    : store_(store), on_done_(std::move(on_done)), thread_([this] { run(); }) {}

CommitThread::~CommitThread() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

bool CommitThread::is_worth(const Batch& batch) {
  return batch.appends.size() >= rows_worth_a_thread;
}

void CommitThread::begin(const Batch& batch) {
  {
    const std::lock_guard lock{mutex_};
    batch_ = &batch;
    done_ = false;
  }
  changed_.notify_all();
}

bool CommitThread::done() const {
  const std::lock_guard lock{mutex_};
  return done_;
}

Position CommitThread::finish() {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return done_; });
  done_ = false;
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  return first_;
}

void CommitThread::run() {
  std::unique_lock lock{mutex_};
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || batch_ != nullptr; });
    if (batch_ == nullptr) return;
    const Batch& batch = *std::exchange(batch_, nullptr);
    lock.unlock();
    Position first = 0;
    std::exception_ptr error;
    try {
      first = store_.commit(batch);
    } catch (...) {  // Whatever it is, it is thrown again by the thread that decides.
      error = std::current_exception();
    }
    lock.lock();
    first_ = first;
    error_ = std::move(error);
    done_ = true;
    lock.unlock();
    changed_.notify_all();
    on_done_();
    store_.tidy();  // While what was committed is acted on.
    lock.lock();
  }
}

}  // namespace skald

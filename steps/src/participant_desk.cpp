#include "participant_desk.hpp"

#include <utility>

namespace skald {

ParticipantDesk::ParticipantDesk(std::function<void()> wake_publisher,
                                 std::function<void()> wake_consumer)
    : wake_publisher_(std::move(wake_publisher)), wake_consumer_(std::move(wake_consumer)) {}

void ParticipantDesk::put_task(Task task) {
  const std::lock_guard lock(mutex_);
  if (closing_) return;
  tasks_.push_back(std::move(task));
  tasks_come_.notify_one();
}

void ParticipantDesk::drop_tasks() {
  const std::lock_guard lock(mutex_);
  tasks_.clear();
}

std::vector<Task> ParticipantDesk::take_tasks(const std::function<bool(const Task&)>& stands_alone,
                                              std::stop_token stop) {
  std::vector<Task> taken;
  std::unique_lock lock(mutex_);
  if (!tasks_come_.wait(lock, stop, [&] { return !tasks_.empty(); })) return taken;
  while (!tasks_.empty()) {
    const bool alone = stands_alone(tasks_.front());
    if (alone && !taken.empty()) break;
    taken.push_back(std::move(tasks_.front()));
    tasks_.pop_front();
    if (alone) break;
  }
  begun_ += taken.size();
  return taken;
}

void ParticipantDesk::put_letters(std::vector<Letter> letters) {
  bool settled = false;
  {
    const std::lock_guard lock(mutex_);
    for (Letter& letter : letters) {
      if (letter.reply_to.empty()) {
        settled_.push_back(letter.delivery);
        settled = true;
      } else {
        letters_.push_back(std::move(letter));
      }
    }
  }
  wake_publisher_();
  if (settled) wake_consumer_();
}

void ParticipantDesk::put_letter(Letter letter) {
  {
    const std::lock_guard lock(mutex_);
    ++begun_;
  }
  std::vector<Letter> one;
  one.push_back(std::move(letter));
  put_letters(std::move(one));
}

std::deque<Letter> ParticipantDesk::take_letters() {
  const std::lock_guard lock(mutex_);
  return std::exchange(letters_, {});
}

void ParticipantDesk::settle(const std::vector<DeliveryRef>& deliveries) {
  {
    const std::lock_guard lock(mutex_);
    settled_.insert(settled_.end(), deliveries.begin(), deliveries.end());
  }
  wake_consumer_();
}

std::vector<DeliveryRef> ParticipantDesk::take_settled() {
  const std::lock_guard lock(mutex_);
  return std::exchange(settled_, {});
}

void ParticipantDesk::done(std::size_t deliveries) {
  const std::lock_guard lock(mutex_);
  begun_ -= deliveries;
  if (begun_ == 0) all_done_.notify_all();
}

void ParticipantDesk::close() {
  const std::lock_guard lock(mutex_);
  closing_ = true;
  tasks_.clear();
}

void ParticipantDesk::wait_until_done(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  all_done_.wait_until(lock, deadline, [&] { return begun_ == 0; });
}

}  // namespace skald

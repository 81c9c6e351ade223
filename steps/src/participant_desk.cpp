#include "participant_desk.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace skald {

ParticipantDesk::ParticipantDesk(StandsAlone stands_alone, std::function<void()> wake_publisher,
                                 std::function<void()> wake_consumer)
    : stands_alone_(std::move(stands_alone)),
      wake_publisher_(std::move(wake_publisher)),
      wake_consumer_(std::move(wake_consumer)) {}

void ParticipantDesk::put_tasks(std::vector<Task> tasks) {
  const std::lock_guard lock(mutex_);
  if (closing_) return;
  std::move(tasks.begin(), tasks.end(), std::back_inserter(tasks_));
  if (next_task() != tasks_.end()) tasks_come_.notify_one();
}

void ParticipantDesk::drop_tasks() {
  const std::lock_guard lock(mutex_);
  tasks_.clear();
}

std::deque<Task>::iterator ParticipantDesk::next_task() {
  if (!sharing_) return tasks_.begin();
  return std::find_if(tasks_.begin(), tasks_.end(), stands_alone_);
}

std::vector<Task> ParticipantDesk::take_tasks(const std::stop_token& stop) {
  std::vector<Task> taken;
  std::unique_lock lock(mutex_);
  const auto ready = [this] { return next_task() != tasks_.end(); };
  if (!tasks_come_.wait(lock, stop, ready)) return taken;
  const auto first = next_task();
  if (stands_alone_(*first)) {
    taken.push_back(std::move(*first));
    tasks_.erase(first);
  } else {
    sharing_ = true;
    const auto shared = std::stable_partition(tasks_.begin(), tasks_.end(), stands_alone_);
    std::move(shared, tasks_.end(), std::back_inserter(taken));
    tasks_.erase(shared, tasks_.end());
  }
  begun_ += taken.size();
  // Whoever put the tasks has woken one worker for all of them.
  if (ready()) tasks_come_.notify_one();
  return taken;
}

void ParticipantDesk::end_transaction(const std::vector<Task>& tasks) {
  if (stands_alone_(tasks.front())) return;
  const std::lock_guard lock(mutex_);
  sharing_ = false;
  if (!tasks_.empty()) tasks_come_.notify_one();
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

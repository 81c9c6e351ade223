// Commands that wait for a thread of the in-process pool, one queue per participant.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "skald/in_process_channel.hpp"

namespace skald {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>{}(text);
  }
};

/// A command on its way to a handler.
struct WaitingCommand {
  Command command;
  bool announced = false;  ///< sent() was reported: it had found its key running.
};

/// First in, first out, in one piece of memory that is kept.
class CommandQueue {
 public:
  [[nodiscard]] std::size_t size() const { return items_.size() - head_; }
  void push(WaitingCommand&& item) { items_.push_back(std::move(item)); }
  [[nodiscard]] WaitingCommand pop() {
    WaitingCommand item = std::move(items_[head_++]);
    if (head_ == items_.size()) {
      clear();
    } else if (head_ >= compact_at && head_ * 2 >= items_.size()) {
      items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(head_));
      head_ = 0;
    }
    return item;
  }
  /// For one that was taken and not begun.
  void push_front(WaitingCommand&& item) {
    if (head_ > 0) {
      items_[--head_] = std::move(item);
    } else {
      items_.insert(items_.begin(), std::move(item));
    }
  }
  /// Removes this attempt; false when it does not wait here.
  bool remove(const SagaId& saga, const AttemptRef& attempt) {
    for (auto item = items_.begin() + static_cast<std::ptrdiff_t>(head_); item != items_.end();
         ++item) {
      if (item->command.attempt != attempt || item->command.id.saga != saga) continue;
      items_.erase(item);
      if (size() == 0) clear();
      return true;
    }
    return false;
  }
  void clear() {
    items_.clear();
    head_ = 0;
  }

 private:
  static constexpr std::size_t compact_at = 64;
  std::vector<WaitingCommand> items_;
  std::size_t head_ = 0;
};

/// One participant: its name, handlers and share, fixed while the channel is open, and its queue
/// and counts, guarded by the pool's lock. Only `full` is read without it.
struct InProcessParticipant {
  std::string name;
  std::unordered_map<std::string, Handler, TextHash, std::equal_to<>> handlers;
  Handler others;         ///< Of actions that are not in `handlers`; may be empty.
  std::size_t share = 1;  ///< Threads that may hold commands of it at a time.

  CommandQueue queue;
  std::size_t threads = 0;  ///< That hold commands of it; at most `share`.
  bool in_turn = false;     ///< Stands in the pool's line of turns.
  std::size_t place = 0;    ///< From 1: among the participants that have commands.
  std::optional<std::chrono::steady_clock::time_point> warned_at;  ///< Of hung handlers.
  std::atomic<bool> full{false};

  [[nodiscard]] bool has_thread_left() const { return threads < share; }
  /// For the next time that the channel opens.
  void forget_commands() {
    queue.clear();
    threads = 0;
    in_turn = false;
    place = 0;
    full = false;
  }
};

/// The participants that have commands, in no order. Adding and removing take constant time.
class WaitingParticipants {
 public:
  void add(InProcessParticipant& participant) {
    if (participant.place != 0) return;
    all_.push_back(&participant);
    participant.place = all_.size();
  }
  void remove(InProcessParticipant& participant) {
    if (participant.place == 0) return;
    all_.back()->place = participant.place;
    all_[participant.place - 1] = all_.back();
    all_.pop_back();
    participant.place = 0;
  }
  void clear() { all_.clear(); }
  [[nodiscard]] const std::vector<InProcessParticipant*>& all() const { return all_; }

 private:
  std::vector<InProcessParticipant*> all_;
};

/// All participants by name, and one that stands for every name nobody registered.
class InProcessChannel::Registry {
 public:
  [[nodiscard]] InProcessParticipant& add(const std::string& name) {
    auto& known = participants_[name];
    if (!known) {
      known = std::make_unique<InProcessParticipant>();
      known->name = name;
    }
    return *known;
  }
  [[nodiscard]] InProcessParticipant& find(const std::string& name) {
    const auto known = participants_.find(name);
    return known == participants_.end() ? nobody_ : *known->second;
  }
  [[nodiscard]] std::size_t size() const { return participants_.size(); }
  [[nodiscard]] bool is_nobody(const InProcessParticipant& p) const { return &p == &nobody_; }
  template <typename Visit>
  void each(Visit visit) {
    for (auto& [name, participant] : participants_) visit(*participant);
    visit(nobody_);
  }

 private:
  std::unordered_map<std::string, std::unique_ptr<InProcessParticipant>> participants_;
  InProcessParticipant nobody_;
};

}  // namespace skald

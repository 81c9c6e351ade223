// Commands that wait for a thread of the in-process pool, one queue per participant.
#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
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
  /// Removes this attempt; false when it does not wait here.
  bool remove(const SagaId& saga, const AttemptRef& attempt) {
    for (auto item = items_.begin() + static_cast<std::ptrdiff_t>(head_); item != items_.end();
         ++item) {
      if (item->command.attempt != attempt || item->command.id.saga != saga) continue;
      items_.erase(item);
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

/// One participant: its handlers, fixed while the channel is open, and its queue, guarded by the
/// pool's lock. Only `full` is read without it.
struct InProcessParticipant {
  std::unordered_map<std::string, Handler, TextHash, std::equal_to<>> handlers;
  Handler others;  ///< Of actions that are not in `handlers`; may be empty.
  CommandQueue queue;
  std::atomic<bool> full{false};
};

/// All participants by name, and one that stands for every name nobody registered.
class InProcessChannel::Registry {
 public:
  [[nodiscard]] InProcessParticipant& add(const std::string& name) {
    auto& known = participants_[name];
    if (!known) known = std::make_unique<InProcessParticipant>();
    return *known;
  }
  [[nodiscard]] InProcessParticipant& find(const std::string& name) {
    const auto known = participants_.find(name);
    return known == participants_.end() ? nobody_ : *known->second;
  }
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

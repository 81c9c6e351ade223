// A proxy in front of the broker that takes the confirms of chosen channels away, or turns them
// into refusals, as RabbitMQ 3.10 does after a queue's leader died together with the client's node.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "frame_proxy.hpp"

namespace skald::test {

/// Channels with confirms are counted in the order in which they come, from 1. Thread-safe.
class ConfirmThief {
 public:
  enum class Mode : std::uint8_t { refuse, swallow };

  explicit ConfirmThief(std::uint16_t target_port) : proxy_(target_port) {
    proxy_.judge([this](faults::Way way, const faults::Frame& frame) { return judge(way, frame); });
  }

  [[nodiscard]] faults::FrameProxy& proxy() { return proxy_; }
  [[nodiscard]] std::uint16_t port() const { return proxy_.port(); }
  /// The channels from `first` to `last` are spoilt. Only one of them may be open at a time.
  void spoil(int first, int last, Mode mode) {
    mode_ = mode;
    last_ = last;
    first_ = first;
  }
  [[nodiscard]] int channels() const { return channels_; }
  [[nodiscard]] int spoilt() const { return spoilt_; }

 private:
  std::optional<std::string> judge(faults::Way way, const faults::Frame& frame) {
    const faults::Method method = frame.method();
    if (way == faults::Way::to_broker) {
      if (method == faults::Method::confirm_select) ++channels_;
      return std::nullopt;
    }
    const int channel = channels_;
    if (method != faults::Method::basic_ack || channel < first_ || channel > last_) {
      return std::nullopt;
    }
    ++spoilt_;
    return mode_ == Mode::refuse ? as_nack(frame) : std::string{};
  }

  std::atomic<Mode> mode_{Mode::refuse};
  std::atomic<int> first_{0};
  std::atomic<int> last_{-1};
  std::atomic<int> channels_{0};
  std::atomic<int> spoilt_{0};
  faults::FrameProxy proxy_;  // last: its thread uses all of the above
};

}  // namespace skald::test

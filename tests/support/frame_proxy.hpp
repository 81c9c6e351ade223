// A TCP proxy in front of the broker that understands AMQP frames, and does to them what networks
// and brokers do: cuts, silence, trickling, delay, and words that never arrive.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "frames.hpp"
#include "wake_signal.hpp"

namespace skald::faults {

enum class Way : std::uint8_t { to_broker, to_client };
inline constexpr std::array ways{Way::to_broker, Way::to_client};

/// Where a connection is to break.
struct CutPoint {
  Way way = Way::to_broker;
  std::uint64_t frame = 1;  ///< Counted over all connections since the cut was armed, from 1.
  /// How much of that frame still passes: 0 none, 1 all of it, between them a part.
  double passes = 0;
  bool reset = true;  ///< False: the connection is closed politely.
};

/// Says what goes on instead of a frame: nothing for the frame as it is, an empty text when it is
/// swallowed. Called on the proxy's thread.
using Judge = std::function<std::optional<std::string>(Way, const Frame&)>;

/// Passes bytes between its own port and a port of 127.0.0.1. Thread-safe.
class FrameProxy {
 public:
  explicit FrameProxy(std::uint16_t target_port);
  ~FrameProxy();
  FrameProxy(const FrameProxy&) = delete;
  FrameProxy& operator=(const FrameProxy&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }

  /// Resets every connection; returns once that is done. Answers how many there were.
  std::size_t cut();
  /// Breaks one connection when its time has come; frames are counted anew.
  void arm(const CutPoint& point);
  /// True when the armed cut has happened within `limit`.
  [[nodiscard]] bool await_cut(std::chrono::milliseconds limit);
  /// Gives an armed cut up.
  void disarm();

  /// One direction carries nothing any more, connections stay open: the sender's buffers fill up.
  void silence(Way way, bool on);
  /// At most so many bytes a second in each direction of each connection; 0: no limit.
  void trickle(int bytes_per_second);
  void delay(std::chrono::milliseconds delay);
  /// New connections are closed at once.
  void refuse(bool on);
  void judge(Judge judge);
  /// No more silence, trickling, delay, refusals or judging.
  void heal();

  /// Frames that were read in this direction since the last arm().
  [[nodiscard]] std::uint64_t frames(Way way) const;
  /// Connections that broke by cut() and arm() so far.
  [[nodiscard]] std::uint64_t cuts() const;

 private:
  using Moment = std::chrono::steady_clock::time_point;
  struct Chunk {
    Moment due;
    std::string bytes;
  };
  struct Lane {
    Way way;
    int from = -1;
    int to = -1;
    FrameReader reader;
    std::list<Chunk> chunks{};
    std::size_t bytes = 0;  // in the chunks
    bool breaks = false;    // once the chunks are out
    bool resets = false;    // and how
    Moment next_byte{};     // while trickling
  };
  struct Link {
    Lane up;
    Lane down;
    bool dead = false;
  };
  struct Settings {
    std::array<bool, 2> silent{};
    int bytes_per_second = 0;
    std::chrono::milliseconds delay{0};
    bool refusing = false;
    std::shared_ptr<Judge> judge;  // shared: it may keep count, and these settings are copied
  };

  void run(const std::stop_token& stop);
  void accept_one(const Settings& settings);
  void read(Lane& lane, Link& link, const Settings& settings);
  void take(Lane& lane, Frame frame, const Settings& settings);
  void write(Lane& lane, Link& link, const Settings& settings);
  [[nodiscard]] bool may_read(const Lane& lane, const Settings& settings) const;
  [[nodiscard]] Moment write_due(const Lane& lane, const Settings& settings) const;
  void close_link(Link& link, bool reset);
  void change(const std::function<void(Settings&)>& change);

  const std::uint16_t target_port_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  WakeSignal wake_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Settings settings_;
  std::optional<CutPoint> armed_;
  bool cutting_ = false;
  std::size_t cut_now_ = 0;
  std::uint64_t cuts_ = 0;
  std::array<std::uint64_t, 2> frames_{};

  std::list<Link> links_;  // the proxy's thread only
  std::jthread thread_;
};

}  // namespace skald::faults

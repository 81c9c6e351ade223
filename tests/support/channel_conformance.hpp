// What every channel must do, as one suite over an abstract channel with participants behind it.
//
//   TEST_CASE("the in-process channel is a channel") {
//     skald::test::check_channel_conformance([] { return std::make_unique<InProcessFixture>(); });
//   }
//
// Each case makes a fixture of its own, adds handlers, opens it, and closes it.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "skald/channel.hpp"
#include "skald/participant_call.hpp"

namespace skald::test {

/// Writes down what a channel reports, receipts it, and lets a test wait for it. Thread-safe.
class RecordingListener final : public ChannelListener {
 public:
  enum class Kind { sent, confirmed, replied, unusable, room };
  struct Entry {
    Kind kind{};
    SagaId saga;
    AttemptRef attempt;
    Position position = 0;
    Outcome outcome;
    std::uint64_t receipt = 0;
  };

  void sent(const SagaId& saga, const AttemptRef& attempt) override;
  void confirmed(Position position, const SagaId& saga, const AttemptRef& attempt) override;
  void replied(Reply reply) override;
  void unusable(QuarantinedMessage message, std::uint64_t receipt) override;
  void room() override;

  [[nodiscard]] std::vector<Entry> entries() const;
  [[nodiscard]] std::size_t count(Kind kind) const;
  [[nodiscard]] std::vector<Entry> of(const Command& command) const;
  /// The first reply to this command; fails the test when none comes within `patience`.
  [[nodiscard]] Outcome reply_to(const Command& command);
  /// True once so many of this kind have come; false when they do not come within `patience`.
  [[nodiscard]] bool wait_for(Kind kind, std::size_t count);

  static constexpr std::chrono::seconds patience{30};

 private:
  void record(Entry entry);
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Entry> entries_;
  std::array<std::size_t, 5> counts_{};  ///< By Kind.
};

/// A channel and the participants at its other end.
class ChannelFixture {
 public:
  virtual ~ChannelFixture() = default;
  [[nodiscard]] virtual Channel& channel() = 0;
  /// Before open().
  virtual void handle(const std::string& participant, const std::string& action,
                      Handler handler) = 0;
  /// Opens the channel, with its participants at work.
  virtual void open(ChannelListener& listener) = 0;
  /// Opens the channel in such a way that nothing it is given is sent before release().
  virtual void open_held(ChannelListener& listener) = 0;
  virtual void release() = 0;
  /// So many commands for one participant, held up, must make has_room() false.
  [[nodiscard]] virtual std::size_t queue_limit() const = 0;
  /// False when one limit holds for all participants together.
  [[nodiscard]] virtual bool has_room_per_participant() const { return true; }
  /// False when a quick reply may overtake the news that its command was sent.
  [[nodiscard]] virtual bool reports_sent_first() const { return true; }
};

using MakeChannelFixture = std::function<std::unique_ptr<ChannelFixture>()>;

/// Attempt `attempt` of step `step` of a saga that `number` stands for.
[[nodiscard]] Command make_command(std::uint64_t number, const std::string& participant,
                                   const std::string& action, std::uint32_t attempt = 1,
                                   Direction direction = Direction::action);

/// To be called from a TEST_CASE; its cases are subcases of that.
void check_channel_conformance(const MakeChannelFixture& make);

}  // namespace skald::test

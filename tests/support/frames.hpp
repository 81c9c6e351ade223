// AMQP 0-9-1 frames, as far as one who stands between client and broker has to know them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace skald::faults {

/// Methods by class and number, as they stand in a frame.
enum class Method : std::uint32_t {
  none = 0,
  basic_publish = 0x003C0028,
  basic_return = 0x003C0032,
  basic_deliver = 0x003C003C,
  basic_ack = 0x003C0050,
  basic_nack = 0x003C0078,
  confirm_select = 0x0055000A,
};

/// One frame, or the greeting with which a client begins.
struct Frame {
  std::string bytes;  ///< Whole, with its head of seven bytes and its end of one.
  [[nodiscard]] Method method() const;
};

/// A confirm turned into a refusal: `basic.ack` and `basic.nack` are laid out alike.
[[nodiscard]] std::string as_nack(const Frame& ack);

/// Cuts a stream of one direction into frames.
class FrameReader {
 public:
  /// `greeting`: the stream begins with the eight bytes of a client.
  explicit FrameReader(bool greeting) : greeting_(greeting) {}
  void feed(const char* bytes, std::size_t count) { rest_.append(bytes, count); }
  /// The next whole frame, if there is one.
  [[nodiscard]] std::optional<Frame> next();
  [[nodiscard]] std::size_t waiting() const { return rest_.size(); }

 private:
  bool greeting_;
  std::string rest_;
};

}  // namespace skald::faults

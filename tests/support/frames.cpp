#include "frames.hpp"

namespace skald::faults {
namespace {

constexpr std::size_t greeting_bytes = 8;
constexpr std::size_t head_bytes = 7;
constexpr std::size_t end_bytes = 1;
constexpr unsigned char method_frame = 1;

std::uint32_t big_endian(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    value = (value << 8U) | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

}  // namespace

Method Frame::method() const {
  const bool whole = bytes.size() >= head_bytes + 4 + end_bytes;
  if (!whole || static_cast<unsigned char>(bytes[0]) != method_frame) return Method::none;
  return static_cast<Method>(big_endian(bytes, head_bytes));
}

std::string as_nack(const Frame& ack) {
  std::string bytes = ack.bytes;
  bytes[head_bytes + 3] = static_cast<char>(static_cast<std::uint32_t>(Method::basic_nack) & 0xFFU);
  return bytes;
}

std::optional<Frame> FrameReader::next() {
  std::size_t size = greeting_bytes;
  if (!greeting_) {
    if (rest_.size() < head_bytes) return std::nullopt;
    size = head_bytes + big_endian(rest_, 3) + end_bytes;
  }
  if (rest_.size() < size) return std::nullopt;
  greeting_ = false;
  Frame frame{rest_.substr(0, size)};
  rest_.erase(0, size);
  return frame;
}

}  // namespace skald::faults

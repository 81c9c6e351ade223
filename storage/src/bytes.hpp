// Reading and writing the small pieces that stored records are made of.
//
// Integers are varints (seven bits per byte, low bits first), signed ones zigzag first, texts carry
// their length. The reader trusts nothing: whatever the bytes are, it either answers or throws.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "skald/error.hpp"

namespace skald {

/// Appends to a buffer that the caller keeps and reuses.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  void byte(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) byte(static_cast<std::uint8_t>(value | 0x80));
    byte(static_cast<std::uint8_t>(value));
  }
  void zigzag(std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    varint((bits << 1) ^ (value < 0 ? ~std::uint64_t{0} : 0));
  }
  void text(std::string_view value) {
    varint(value.size());
    out_.append(value);
  }
  template <class Array>
  void raw(const Array& bytes) {
    static_assert(sizeof(*bytes.data()) == 1);
    out_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());  // NOLINT: bytes
  }
  /// Writes the length of what was appended since `start` in front of it.
  void prefix_length(std::size_t start) {
    std::size_t length = out_.size() - start;
    char prefix[10];
    std::size_t count = 0;
    for (; length >= 0x80; length >>= 7) prefix[count++] = static_cast<char>(length | 0x80);
    prefix[count++] = static_cast<char>(length);
    out_.insert(start, prefix, count);
  }
  [[nodiscard]] std::size_t size() const { return out_.size(); }

 private:
  std::string& out_;
};

/// Reads from bytes that outlive it. Every function throws StoreError (corrupt) past the end.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] std::uint8_t byte() {
    if (rest_.empty()) damaged();
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  [[nodiscard]] std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint8_t part = byte();
      const std::uint64_t bits = part & 0x7FU;
      if (shift == 63 && bits > 1) damaged();
      value |= bits << shift;
      if (part < 0x80) return value;
    }
    damaged();
  }
  [[nodiscard]] std::int64_t zigzag() {
    const std::uint64_t bits = varint();
    return static_cast<std::int64_t>((bits >> 1) ^ ((bits & 1) != 0 ? ~std::uint64_t{0} : 0));
  }
  [[nodiscard]] std::string_view text() { return take(varint()); }
  template <class Array>
  void raw(Array& bytes) {
    const std::string_view from = take(bytes.size());
    std::memcpy(bytes.data(), from.data(), from.size());
  }
  [[nodiscard]] std::string_view take(std::uint64_t length) {
    if (length > rest_.size()) damaged();
    const std::string_view piece = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return piece;
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] std::size_t size() const { return rest_.size(); }

  [[noreturn]] static void damaged() {
    throw StoreError(StoreError::Kind::corrupt,
                     "a stored record is damaged; restore the store from a backup");
  }

 private:
  std::string_view rest_;
};

}  // namespace skald

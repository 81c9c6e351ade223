#include "skald/ids.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "support/sha256.hpp"

namespace skald {

namespace {

constexpr std::size_t uuid_length = 36;

bool is_dash_position(std::size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The byte that two hexadecimal digits stand for, or -1.
int hex_byte(char high, char low) {
  const int h = hex_value(high);
  const int l = hex_value(low);
  return h < 0 || l < 0 ? -1 : 16 * h + l;
}

void append_hex(std::string& out, std::uint8_t byte) {
  constexpr const char* digits = "0123456789abcdef";
  out += digits[byte >> 4U];
  out += digits[byte & 0x0FU];
}

template <std::size_t Size>
std::size_t last_eight(const std::array<std::uint8_t, Size>& bytes) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data() + Size - sizeof value, sizeof value);
  return value;
}

// The part of `text` before the next slash, which is removed with it.
std::optional<std::string_view> take_part(std::string_view& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view part = text.substr(0, slash);
  text.remove_prefix(slash + 1);
  return part;
}

}  // namespace

SagaId SagaId::make(Time now, std::uint64_t random_high, std::uint64_t random_low) {
  const auto count = std::max<Duration::rep>(now.time_since_epoch().count(), 0);
  const std::uint64_t high =
      static_cast<std::uint64_t>(count) << 16U | 0x7000U | (random_high & 0x0FFFU);
  const std::uint64_t low = (random_low & ~(std::uint64_t{3} << 62U)) | std::uint64_t{2} << 62U;
  std::array<std::uint8_t, 16> bytes{};
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<std::uint8_t>(high >> (56 - 8 * i));
    bytes[8 + i] = static_cast<std::uint8_t>(low >> (56 - 8 * i));
  }
  return SagaId(bytes);
}

std::optional<SagaId> SagaId::parse(std::string_view text) {
  if (text.size() != uuid_length) return std::nullopt;
  std::array<std::uint8_t, 16> bytes{};
  std::size_t filled = 0;
  for (std::size_t i = 0; i < uuid_length;) {
    if (is_dash_position(i)) {
      if (text[i++] != '-') return std::nullopt;
      continue;
    }
    const int byte = hex_byte(text[i], text[i + 1]);
    if (byte < 0) return std::nullopt;
    bytes[filled++] = static_cast<std::uint8_t>(byte);
    i += 2;
  }
  return SagaId(bytes);
}

std::string SagaId::to_string() const {
  std::string text;
  text.reserve(uuid_length);
  for (const std::uint8_t byte : bytes_) {
    if (is_dash_position(text.size())) text += '-';
    append_hex(text, byte);
  }
  return text;
}

Time SagaId::created_at() const {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < 6; ++i) count = count << 8U | bytes_[i];
  return Time(Duration(static_cast<Duration::rep>(count)));
}

const char* to_string(Direction direction) {
  switch (direction) {
    case Direction::action: return "action";
    case Direction::compensate: return "compensate";
    case Direction::resolve: return "resolve";
  }
  return "action";
}

std::optional<Direction> parse_direction(std::string_view text) {
  for (const Direction direction : {Direction::action, Direction::compensate, Direction::resolve}) {
    if (text == to_string(direction)) return direction;
  }
  return std::nullopt;
}

std::optional<CommandId> CommandId::parse(std::string_view text) {
  const auto saga_text = take_part(text);
  const auto step = take_part(text);
  const auto direction_text = take_part(text);
  if (!saga_text || !step || !direction_text || step->empty()) return std::nullopt;
  const auto saga_id = SagaId::parse(*saga_text);
  const auto direction = parse_direction(*direction_text);
  std::uint32_t attempt = 0;
  const char* const end = text.data() + text.size();
  const auto number = std::from_chars(text.data(), end, attempt);
  if (!saga_id || !direction || number.ec != std::errc{} || number.ptr != end) return std::nullopt;
  // One attempt has one spelling: no leading zeros, and 0 is no attempt.
  if (text.front() == '0') return std::nullopt;
  return CommandId{*saga_id, std::string(*step), *direction, attempt};
}

std::string CommandId::to_string() const {
  return idempotency_key() + '/' + std::to_string(attempt);
}

std::string CommandId::idempotency_key() const {
  // Put together by hand: every message carries it several times.
  std::string key;
  const std::string_view way = skald::to_string(direction);
  constexpr std::size_t attempt_room = 11;
  key.reserve(uuid_length + step.size() + way.size() + attempt_room + 2);
  key += saga.to_string();
  key += '/';
  key += step;
  key += '/';
  key += way;
  return key;
}

Digest Digest::of(std::string_view text) { return Digest(sha256(text)); }

std::optional<Digest> Digest::parse(std::string_view hex) {
  std::array<std::uint8_t, 32> bytes{};
  if (hex.size() != 2 * bytes.size()) return std::nullopt;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int byte = hex_byte(hex[2 * i], hex[2 * i + 1]);
    if (byte < 0) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(byte);
  }
  return Digest(bytes);
}

std::string Digest::to_string() const {
  std::string text;
  text.reserve(2 * bytes_.size());
  for (const std::uint8_t byte : bytes_) append_hex(text, byte);
  return text;
}

}  // namespace skald

std::size_t std::hash<skald::SagaId>::operator()(const skald::SagaId& id) const noexcept {
  return skald::last_eight(id.bytes());
}

std::size_t std::hash<skald::Digest>::operator()(const skald::Digest& digest) const noexcept {
  return skald::last_eight(digest.bytes());
}

// Identities: sagas, steps, directions, commands.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "skald/time.hpp"

namespace skald {

/// A UUIDv7 (RFC 9562): sorts by creation time. Value type; the default is all zeros, meaning
/// "none".
class SagaId {
 public:
  SagaId() = default;
  explicit SagaId(const std::array<std::uint8_t, 16>& bytes) : bytes_(bytes) {}

  /// 48 bits of `now`, then version, variant and the given 74 random bits (the rest is ignored).
  [[nodiscard]] static SagaId make(Time now, std::uint64_t random_high, std::uint64_t random_low);
  /// Reads the 36-character form, any case. Nothing on any other text.
  [[nodiscard]] static std::optional<SagaId> parse(std::string_view text);

  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  [[nodiscard]] Time created_at() const;
  [[nodiscard]] bool empty() const { return bytes_ == std::array<std::uint8_t, 16>{}; }

  friend auto operator<=>(const SagaId&, const SagaId&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

/// Position of a step in its definition, from 0.
using StepIndex = std::uint32_t;
/// Stands where no step is meant, e.g. a cancel that names no cause.
inline constexpr StepIndex no_step = UINT32_MAX;

/// What a command asks of the participant.
enum class Direction : std::uint8_t { action, compensate, resolve };
inline constexpr std::size_t direction_count = 3;

[[nodiscard]] const char* to_string(Direction direction);
[[nodiscard]] std::optional<Direction> parse_direction(std::string_view text);

/// One attempt, inside its saga.
struct AttemptRef {
  StepIndex step = no_step;
  Direction direction = Direction::action;
  std::uint32_t attempt = 0;  ///< From 1, counting on across rounds.
  friend auto operator<=>(const AttemptRef&, const AttemptRef&) = default;
};

/// One attempt, anywhere: `<saga id>/<step>/<direction>/<attempt>` on the wire.
struct CommandId {
  SagaId saga;
  std::string step;
  Direction direction = Direction::action;
  std::uint32_t attempt = 0;

  [[nodiscard]] static std::optional<CommandId> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;
  /// `<saga id>/<step>/<direction>`: the same for every attempt.
  [[nodiscard]] std::string idempotency_key() const;
  friend bool operator==(const CommandId&, const CommandId&) = default;
};

/// SHA-256 of a definition's normal form.
class Digest {
 public:
  Digest() = default;
  explicit Digest(const std::array<std::uint8_t, 32>& bytes) : bytes_(bytes) {}
  [[nodiscard]] static Digest of(std::string_view text);
  [[nodiscard]] static std::optional<Digest> parse(std::string_view hex);
  [[nodiscard]] std::string to_string() const;  ///< 64 lower-case hexadecimal digits.
  [[nodiscard]] const std::array<std::uint8_t, 32>& bytes() const { return bytes_; }
  friend auto operator<=>(const Digest&, const Digest&) = default;

 private:
  std::array<std::uint8_t, 32> bytes_{};
};

}  // namespace skald

template <>
struct std::hash<skald::SagaId> {
  std::size_t operator()(const skald::SagaId& id) const noexcept;
};
template <>
struct std::hash<skald::Digest> {
  std::size_t operator()(const skald::Digest& digest) const noexcept;
};

// Writing and reading the fields of stored records, one value after the other.
//
// FieldWriter and FieldReader answer the same calls, so one list of a record's fields serves both.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bytes.hpp"
#include "event_fields.hpp"
#include "skald/error.hpp"
#include "skald/saga.hpp"

namespace skald {

[[noreturn]] inline void throw_newer_record() {
  throw StoreError(StoreError::Kind::newer,
                   "a stored record holds something that this version of Skald does not know; use "
                   "the version that wrote it, or a newer one");
}

/// Writes fields. The counterpart of FieldReader, call for call.
class FieldWriter {
 public:
  explicit FieldWriter(std::string& out) : out_(out) {}

  void operator()(bool value) { out_.byte(value ? 1 : 0); }
  void operator()(std::uint8_t value) { out_.byte(value); }
  void operator()(std::uint32_t value) { out_.varint(value); }
  void operator()(std::uint64_t value) { out_.varint(value); }
  void operator()(std::int64_t value) { out_.zigzag(value); }
  void operator()(const std::string& value) { out_.text(value); }
  void operator()(const SagaId& value) { out_.raw(value.bytes()); }
  void operator()(const Digest& value) { out_.raw(value.bytes()); }
  void operator()(const Time& value) { out_.zigzag(value.time_since_epoch().count()); }
  void operator()(Direction value) { out_.byte(static_cast<std::uint8_t>(value)); }
  void operator()(Status value) { out_.byte(static_cast<std::uint8_t>(value)); }
  void operator()(OutcomeKind value) { out_.byte(static_cast<std::uint8_t>(value)); }
  void operator()(StepStatus value) { out_.byte(static_cast<std::uint8_t>(value)); }
  void operator()(CompensationStatus value) { out_.byte(static_cast<std::uint8_t>(value)); }
  // No JSON text is empty, so the empty text can stand for the most frequent value.
  void operator()(const JsonText& value) { out_.text(value.is_null() ? "" : value.text()); }
  template <class T>
  void operator()(const std::optional<T>& value) {
    out_.byte(value ? 1 : 0);
    if (value) (*this)(*value);
  }
  template <class T>
  void operator()(const Rare<T>& value) {
    out_.byte(value ? 1 : 0);
    if (value) (*this)(*value);
  }
  template <class T>
  void operator()(const std::vector<T>& values) {
    out_.varint(values.size());
    for (const T& value : values) (*this)(value);
  }
  template <class Record>
  void operator()(const Record& record) {
    fields(*this, record);
  }
  // One more, so that no_step takes one byte.
  void step(StepIndex value) { out_.varint(value == no_step ? 0 : std::uint64_t{value} + 1); }
  void steps(const std::vector<StepIndex>& values) {
    out_.varint(values.size());
    for (const StepIndex value : values) step(value);
  }
  template <class T>
  void later(const T& value) {
    (*this)(value);
  }
  // The last field of a record, which takes no byte when there is none.
  template <class T>
  void last(const std::optional<T>& value) {
    if (value) (*this)(*value);
  }
  ByteWriter& bytes() { return out_; }

 private:
  ByteWriter out_;
};

/// Reads fields from the bytes of one event.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : in_(bytes) {}

  void operator()(bool& value) { value = choice(2) != 0; }
  void operator()(std::uint8_t& value) { value = in_.byte(); }
  void operator()(std::uint32_t& value) { value = narrow(in_.varint()); }
  void operator()(std::uint64_t& value) { value = in_.varint(); }
  void operator()(std::int64_t& value) { value = in_.zigzag(); }
  void operator()(std::string& value) { value = in_.text(); }
  void operator()(SagaId& value) {
    std::array<std::uint8_t, 16> bytes{};
    in_.raw(bytes);
    value = SagaId(bytes);
  }
  void operator()(Digest& value) {
    std::array<std::uint8_t, 32> bytes{};
    in_.raw(bytes);
    value = Digest(bytes);
  }
  void operator()(Time& value) { value = Time(Duration(in_.zigzag())); }
  void operator()(Direction& value) { value = static_cast<Direction>(choice(direction_count)); }
  void operator()(Status& value) { value = static_cast<Status>(choice(status_count)); }
  void operator()(OutcomeKind& value) { value = static_cast<OutcomeKind>(choice(5)); }
  void operator()(StepStatus& value) { value = static_cast<StepStatus>(choice(step_status_count)); }
  void operator()(CompensationStatus& value) { value = static_cast<CompensationStatus>(choice(7)); }
  void operator()(JsonText& value) {
    const std::string_view text = in_.text();
    value = text.empty() ? JsonText() : JsonText::trusted(std::string(text));
  }
  template <class T>
  void operator()(std::optional<T>& value) {
    value.reset();
    if (choice(2) != 0) (*this)(value.emplace());
  }
  template <class T>
  void operator()(Rare<T>& value) {
    std::optional<T> plain;
    (*this)(plain);
    value = std::move(plain);
  }
  template <class T>
  void operator()(std::vector<T>& values) {
    values.resize(count());
    for (T& value : values) (*this)(value);
  }
  template <class Record>
  void operator()(Record& record) {
    fields(*this, record);
  }
  void step(StepIndex& value) {
    const std::uint64_t stored = in_.varint();
    value = stored == 0 ? no_step : narrow(stored - 1);
  }
  void steps(std::vector<StepIndex>& values) {
    values.resize(count());
    for (StepIndex& value : values) step(value);
  }
  template <class T>
  void later(T& value) {
    if (!in_.at_end()) (*this)(value);
  }
  template <class T>
  void last(std::optional<T>& value) {
    value.reset();
    if (!in_.at_end()) (*this)(value.emplace());
  }
  [[nodiscard]] bool at_end() const { return in_.at_end(); }

 private:
  std::size_t choice(std::size_t choices) {
    const std::uint8_t value = in_.byte();
    if (value >= choices) throw_newer_record();
    return value;
  }
  std::size_t count() {
    const std::uint64_t value = in_.varint();
    // Every element takes a byte or more: a damaged count must not become a huge allocation.
    if (value > in_.size()) ByteReader::damaged();
    return value;
  }
  static std::uint32_t narrow(std::uint64_t value) {
    if (value > UINT32_MAX) ByteReader::damaged();
    return static_cast<std::uint32_t>(value);
  }

  ByteReader in_;
};

inline constexpr std::size_t checksum_bytes = 4;

/// At the end of a record, low byte first.
inline void append_checksum(std::string& record, std::uint32_t checksum) {
  for (unsigned i = 0; i < checksum_bytes; ++i) {
    record.push_back(static_cast<char>(checksum >> (8 * i)));
  }
}
/// A record without its checksum, and the checksum. \throws StoreError (corrupt) when it has none.
[[nodiscard]] inline std::pair<std::string_view, std::uint32_t> split_checksum(
    std::string_view record) {
  if (record.size() < checksum_bytes) ByteReader::damaged();
  const std::string_view rest = record.substr(0, record.size() - checksum_bytes);
  std::uint32_t stored = 0;
  for (unsigned i = 0; i < checksum_bytes; ++i) {
    const auto part = static_cast<std::uint8_t>(record[rest.size() + i]);
    stored |= std::uint32_t{part} << (8 * i);
  }
  return {rest, stored};
}

}  // namespace skald

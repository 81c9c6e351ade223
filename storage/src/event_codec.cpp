#include "event_codec.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <variant>

#include "bytes.hpp"
#include "checksum.hpp"
#include "event_fields.hpp"

namespace skald {
namespace {

constexpr std::uint8_t body_format = 1;
constexpr std::size_t checksum_bytes = 4;

[[noreturn]] void throw_newer() {
  throw StoreError(StoreError::Kind::newer,
                   "a stored record holds something that this version of Skald does not know; use "
                   "the version that wrote it, or a newer one");
}

/// Writes fields. The counterpart of FieldReader, call for call.
class FieldWriter {
 public:
  explicit FieldWriter(std::string& out) : out_(out) {}

  void operator()(bool value) { out_.byte(value ? 1 : 0); }
  void operator()(std::uint32_t value) { out_.varint(value); }
  void operator()(const std::string& value) { out_.text(value); }
  void operator()(const SagaId& value) { out_.raw(value.bytes()); }
  void operator()(const Digest& value) { out_.raw(value.bytes()); }
  void operator()(const Time& value) { out_.zigzag(value.time_since_epoch().count()); }
  void operator()(Direction value) { out_.byte(static_cast<std::uint8_t>(value)); }
  void operator()(Status value) { out_.byte(static_cast<std::uint8_t>(value)); }
  void operator()(OutcomeKind value) { out_.byte(static_cast<std::uint8_t>(value)); }
  // No JSON text is empty, so the empty text can stand for the most frequent value.
  void operator()(const JsonText& value) { out_.text(value.is_null() ? "" : value.text()); }
  template <class T>
  void operator()(const std::optional<T>& value) {
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
  ByteWriter& bytes() { return out_; }

 private:
  ByteWriter out_;
};

/// Reads fields from the bytes of one event.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : in_(bytes) {}

  void operator()(bool& value) { value = choice(2) != 0; }
  void operator()(std::uint32_t& value) { value = narrow(in_.varint()); }
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

 private:
  std::size_t choice(std::size_t choices) {
    const std::uint8_t value = in_.byte();
    if (value >= choices) throw_newer();
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

template <class E>
Event read_event(std::string_view bytes) {
  FieldReader reader(bytes);
  E event{};
  reader(event);
  return event;
}

using EventReader = Event (*)(std::string_view);

template <class... Es>
constexpr std::array<EventReader, last_event_tag + 1> make_readers(std::variant<Es...>*) {
  std::array<EventReader, last_event_tag + 1> readers{};
  ((readers[EventTag<Es>::value] = &read_event<Es>), ...);
  return readers;
}

constexpr auto readers = make_readers(static_cast<Event*>(nullptr));

std::uint32_t row_checksum(const SagaId& saga, std::uint64_t version, Time at,
                           std::string_view events) {
  std::array<char, 32> whose{};
  for (std::size_t i = 0; i < 16; ++i) whose[i] = static_cast<char>(saga.bytes()[i]);
  const auto time = static_cast<std::uint64_t>(at.time_since_epoch().count());
  for (unsigned i = 0; i < 8; ++i) {
    whose[16 + i] = static_cast<char>(version >> (8 * i));
    whose[24 + i] = static_cast<char>(time >> (8 * i));
  }
  return crc32c(events, crc32c(std::string_view(whose.data(), whose.size())));
}

}  // namespace

void encode_events(const std::vector<Event>& events, std::string& out) {
  FieldWriter writer(out);
  writer.bytes().byte(body_format);
  writer.bytes().varint(events.size());
  for (const Event& event : events) {
    std::visit(
        [&writer]<class E>(const E& e) {
          writer.bytes().byte(EventTag<E>::value);
          const std::size_t start = writer.bytes().size();
          writer(e);
          writer.bytes().prefix_length(start);
        },
        event);
  }
}

std::vector<Event> decode_events(std::string_view bytes) {
  ByteReader reader(bytes);
  if (reader.byte() != body_format) throw_newer();
  const std::uint64_t count = reader.varint();
  if (count > reader.size()) ByteReader::damaged();
  std::vector<Event> events;
  events.reserve(std::min<std::uint64_t>(count, 64));  // a damaged count must not allocate much
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t tag = reader.varint();
    const std::string_view fields_of_event = reader.text();
    if (tag >= readers.size() || readers[tag] == nullptr) throw_newer();
    events.push_back(readers[tag](fields_of_event));
  }
  if (!reader.at_end()) ByteReader::damaged();
  return events;
}

void encode_body(const SagaId& saga, std::uint64_t version, Time at,
                 const std::vector<Event>& events, std::string& out) {
  out.clear();
  encode_events(events, out);
  const std::uint32_t checksum = row_checksum(saga, version, at, out);
  for (unsigned i = 0; i < checksum_bytes; ++i) {
    out.push_back(static_cast<char>(checksum >> (8 * i)));
  }
}

std::vector<Event> decode_body(const SagaId& saga, std::uint64_t version, Time at,
                               std::string_view body) {
  if (body.size() < checksum_bytes) ByteReader::damaged();
  const std::string_view events = body.substr(0, body.size() - checksum_bytes);
  std::uint32_t stored = 0;
  for (unsigned i = 0; i < checksum_bytes; ++i) {
    const auto part = static_cast<std::uint8_t>(body[events.size() + i]);
    stored |= std::uint32_t{part} << (8 * i);
  }
  if (stored != row_checksum(saga, version, at, events)) ByteReader::damaged();
  return decode_events(events);
}

}  // namespace skald

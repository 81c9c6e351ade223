#include "event_codec.hpp"

#include <algorithm>
#include <array>
#include <variant>

#include "bytes.hpp"
#include "checksum.hpp"
#include "event_fields.hpp"
#include "field_codec.hpp"

namespace skald {
namespace {

constexpr std::uint8_t body_format = 1;

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
  if (reader.byte() != body_format) throw_newer_record();
  const std::uint64_t count = reader.varint();
  if (count > reader.size()) ByteReader::damaged();
  std::vector<Event> events;
  events.reserve(std::min<std::uint64_t>(count, 64));  // a damaged count must not allocate much
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t tag = reader.varint();
    const std::string_view fields_of_event = reader.text();
    if (tag >= readers.size() || readers[tag] == nullptr) throw_newer_record();
    events.push_back(readers[tag](fields_of_event));
  }
  if (!reader.at_end()) ByteReader::damaged();
  return events;
}

void encode_body(const SagaId& saga, std::uint64_t version, Time at,
                 const std::vector<Event>& events, std::string& out) {
  out.clear();
  encode_events(events, out);
  append_checksum(out, row_checksum(saga, version, at, out));
}

std::vector<Event> decode_body(const SagaId& saga, std::uint64_t version, Time at,
                               std::string_view body) {
  const auto [events, stored] = split_checksum(body);
  if (stored != row_checksum(saga, version, at, events)) ByteReader::damaged();
  return decode_events(events);
}

}  // namespace skald

#include "amqp_bytes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "skald/text.hpp"

namespace skald::amqp {

namespace {

HeaderValue header_value(const amqp_field_value_t& field) {
  switch (field.kind) {
    case AMQP_FIELD_KIND_BOOLEAN: return field.value.boolean != 0;
    case AMQP_FIELD_KIND_I8: return std::int64_t{field.value.i8};
    case AMQP_FIELD_KIND_U8: return std::int64_t{field.value.u8};
    case AMQP_FIELD_KIND_I16: return std::int64_t{field.value.i16};
    case AMQP_FIELD_KIND_U16: return std::int64_t{field.value.u16};
    case AMQP_FIELD_KIND_I32: return std::int64_t{field.value.i32};
    case AMQP_FIELD_KIND_U32: return std::int64_t{field.value.u32};
    case AMQP_FIELD_KIND_I64: return field.value.i64;
    case AMQP_FIELD_KIND_F32: return double{field.value.f32};
    case AMQP_FIELD_KIND_F64: return field.value.f64;
    case AMQP_FIELD_KIND_UTF8:
    case AMQP_FIELD_KIND_BYTES: return text(field.value.bytes);
    default: return std::monostate{};
  }
}

// What the AMQP 0-9-1 frames hold besides the message: the frame's own 8 bytes; in a header frame
// the class, weight, body size, flags and delivery mode; the timestamp; a table's length.
constexpr std::size_t frame_overhead = 8;
constexpr std::size_t header_frame_fixed = 12 + 2 + 1;
constexpr std::size_t timestamp_bytes = 8;
constexpr std::size_t table_length_bytes = 4;
// A header besides its name and value: the length of the name, the kind of the value.
constexpr std::size_t header_fixed = 2;
constexpr std::size_t short_text_max = 255;
constexpr std::size_t shown_bytes = 80;

std::size_t encoded_bytes(const HeaderValue& value) {
  if (const auto* words = std::get_if<std::string>(&value)) return 4 + words->size();
  return std::holds_alternative<bool>(value) ? 1 : 8;
}

// Bytes of the name and value as they are kept.
std::size_t kept_bytes(const amqp_table_entry_t& header) {
  const bool words =
      header.value.kind == AMQP_FIELD_KIND_UTF8 || header.value.kind == AMQP_FIELD_KIND_BYTES;
  return header.key.len + (words ? header.value.value.bytes.len : sizeof(std::int64_t));
}

void read_headers(const amqp_table_t& table, WireMessage& message) {
  const auto count = static_cast<std::size_t>(table.num_entries);
  message.headers.reserve(std::min(count, header_count_max));
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const amqp_table_entry_t& header = table.entries[i];
    bytes += kept_bytes(header);
    if (i >= header_count_max || bytes > header_table_bytes_max) {
      message.headers_left_out = count - i;
      return;
    }
    message.headers[view(header.key)] = header_value(header.value);
  }
}

amqp_table_entry_t entry_of(std::string_view key, std::uint8_t kind) {
  amqp_table_entry_t made{};
  made.key = bytes(key);
  made.value.kind = kind;
  return made;
}

}  // namespace

amqp_bytes_t bytes(std::string_view text) {
  // librabbitmq takes a plain pointer and does not write through it.
  return {text.size(), const_cast<char*>(text.data())};
}

std::string_view view(const amqp_bytes_t& bytes) {
  if (bytes.len == 0) return {};
  return {static_cast<const char*>(bytes.bytes), bytes.len};
}

std::string text(const amqp_bytes_t& bytes) { return std::string(view(bytes)); }

amqp_table_entry_t entry(std::string_view key, std::string_view value) {
  amqp_table_entry_t made = entry_of(key, AMQP_FIELD_KIND_UTF8);
  made.value.value.bytes = bytes(value);
  return made;
}

amqp_table_entry_t entry(std::string_view key, std::int64_t value) {
  amqp_table_entry_t made = entry_of(key, AMQP_FIELD_KIND_I64);
  made.value.value.i64 = value;
  return made;
}

amqp_table_entry_t entry(std::string_view key, bool value) {
  amqp_table_entry_t made = entry_of(key, AMQP_FIELD_KIND_BOOLEAN);
  made.value.value.boolean = value ? 1 : 0;
  return made;
}

amqp_table_t table(std::vector<amqp_table_entry_t>& entries) {
  return {static_cast<int>(entries.size()), entries.data()};
}

amqp_basic_properties_t properties_of(const WireMessage& message,
                                      std::vector<amqp_table_entry_t>& entries) {
  entries.clear();
  for (const auto& [name, value] : message.headers) {
    if (const auto* words = std::get_if<std::string>(&value)) {
      entries.push_back(entry(name, std::string_view(*words)));
    } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
      entries.push_back(entry(name, *number));
    } else if (const auto* truth = std::get_if<bool>(&value)) {
      entries.push_back(entry(name, *truth));
    } else if (const auto* real = std::get_if<double>(&value)) {
      entries.push_back(entry_of(name, AMQP_FIELD_KIND_F64));
      entries.back().value.value.f64 = *real;
    }
  }
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_HEADERS_FLAG;
  properties.delivery_mode = AMQP_DELIVERY_PERSISTENT;
  properties.headers = table(entries);
  const auto put = [&](amqp_flags_t flag, amqp_bytes_t& field, const std::string& value) {
    if (value.empty()) return;
    properties._flags |= flag;
    field = bytes(value);
  };
  const WireProperties& from = message.properties;
  put(AMQP_BASIC_CONTENT_TYPE_FLAG, properties.content_type, from.content_type);
  put(AMQP_BASIC_APP_ID_FLAG, properties.app_id, from.app_id);
  put(AMQP_BASIC_MESSAGE_ID_FLAG, properties.message_id, from.message_id);
  put(AMQP_BASIC_CORRELATION_ID_FLAG, properties.correlation_id, from.correlation_id);
  put(AMQP_BASIC_TYPE_FLAG, properties.type, from.type);
  put(AMQP_BASIC_REPLY_TO_FLAG, properties.reply_to, from.reply_to);
  if (from.timestamp > 0) {
    properties._flags |= AMQP_BASIC_TIMESTAMP_FLAG;
    properties.timestamp = static_cast<std::uint64_t>(from.timestamp);
  }
  return properties;
}

void read_properties(const amqp_basic_properties_t& properties, WireMessage& message) {
  const auto take = [&](amqp_flags_t flag, const amqp_bytes_t& field, std::string& into) {
    if ((properties._flags & flag) != 0) into = view(field);
  };
  WireProperties& to = message.properties;
  take(AMQP_BASIC_CONTENT_TYPE_FLAG, properties.content_type, to.content_type);
  take(AMQP_BASIC_APP_ID_FLAG, properties.app_id, to.app_id);
  take(AMQP_BASIC_MESSAGE_ID_FLAG, properties.message_id, to.message_id);
  take(AMQP_BASIC_CORRELATION_ID_FLAG, properties.correlation_id, to.correlation_id);
  take(AMQP_BASIC_TYPE_FLAG, properties.type, to.type);
  take(AMQP_BASIC_REPLY_TO_FLAG, properties.reply_to, to.reply_to);
  if ((properties._flags & AMQP_BASIC_TIMESTAMP_FLAG) != 0) {
    to.timestamp = static_cast<std::int64_t>(properties.timestamp);
  }
  if ((properties._flags & AMQP_BASIC_HEADERS_FLAG) == 0) return;
  read_headers(properties.headers, message);
}

std::optional<std::string> publish_problem(std::string_view exchange, std::string_view routing_key,
                                           const WireMessage& message,
                                           std::size_t frame_bytes_max) {
  std::size_t bytes = frame_overhead + header_frame_fixed + table_length_bytes;
  if (message.properties.timestamp > 0) bytes += timestamp_bytes;
  const WireProperties& properties = message.properties;
  const std::pair<std::string_view, std::string_view> texts[] = {
      {"exchange", exchange},
      {"routing key", routing_key},
      {"content_type", properties.content_type},
      {"app_id", properties.app_id},
      {"message_id", properties.message_id},
      {"correlation_id", properties.correlation_id},
      {"type", properties.type},
      {"reply_to", properties.reply_to}};
  const auto too_long = [](std::string_view what, std::string_view text) {
    return fmt::format("{} '{}' has {} bytes; the protocol allows {}", what,
                       escape_controls(clean_text(text, shown_bytes)), text.size(), short_text_max);
  };
  for (const auto& [what, text] : texts) {
    if (text.size() > short_text_max) return too_long(what, text);
    if (!text.empty()) bytes += 1 + text.size();
  }
  for (const auto& [name, value] : message.headers) {
    if (name.size() > short_text_max) return too_long("the header's name", name);
    if (!std::holds_alternative<std::monostate>(value)) {
      bytes += header_fixed + name.size() + encoded_bytes(value);
    }
  }
  if (bytes <= frame_bytes_max) return std::nullopt;
  return fmt::format(
      "its {} headers and properties take {} bytes; one frame of this connection has {}",
      message.headers.size(), bytes, frame_bytes_max);
}

}  // namespace skald::amqp

#include "quarantine_limits.hpp"

#include <fmt/format.h>

#include <charconv>

namespace skald {
namespace {

constexpr std::string_view count_prefix = R"({"not_kept":)";

}  // namespace

std::uint64_t bytes_of(const QuarantinedMessage& message) {
  return message.channel.size() + message.reason.size() + message.detail.size() +
         message.saga.size() + message.headers.size() + message.body.size();
}

Keep keep(const QuarantineTotals& totals, const QuarantinedMessage& message) {
  if (totals.messages >= quarantine_messages_max) return Keep::counted;
  const std::uint64_t bytes = bytes_of(message);
  if (totals.bytes + bytes <= quarantine_bytes_max) return Keep::whole;
  const bool fits = totals.bytes + bytes - message.body.size() <= quarantine_bytes_max;
  return fits && !message.body.empty() ? Keep::without_body : Keep::counted;
}

QuarantinedMessage without_body(QuarantinedMessage message) {
  message.detail += fmt::format(
      "; its body of {} bytes was not kept: the quarantine is full ({} bytes); drop "
      "what has been looked at",
      message.body.size(), quarantine_bytes_max);
  message.body.clear();
  return message;
}

QuarantinedMessage counting_message(std::uint64_t not_kept, const QuarantinedMessage& last) {
  QuarantinedMessage message;
  message.at = last.at;
  message.channel = last.channel;
  message.reason = quarantine_full;
  message.detail = fmt::format(
      "{} messages were not kept, the last one for {}: the quarantine holds {} "
      "messages and {} bytes at most; drop what has been looked at",
      not_kept, last.reason, quarantine_messages_max, quarantine_bytes_max);
  message.headers = fmt::format("{}{}}}", count_prefix, not_kept);
  return message;
}

std::uint64_t count_in(const std::string& headers) {
  std::uint64_t count = 0;
  if (headers.compare(0, count_prefix.size(), count_prefix) != 0) return 0;
  const char* begin = headers.data() + count_prefix.size();
  return std::from_chars(begin, headers.data() + headers.size(), count).ec == std::errc() ? count
                                                                                          : 0;
}

}  // namespace skald

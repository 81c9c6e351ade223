// Between the types of librabbitmq and those of the wire format.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "librabbitmq.hpp"
#include "skald/wire.hpp"

namespace skald::amqp {

/// Borrows the text.
[[nodiscard]] amqp_bytes_t bytes(std::string_view text);
[[nodiscard]] std::string_view view(const amqp_bytes_t& bytes);
[[nodiscard]] std::string text(const amqp_bytes_t& bytes);

[[nodiscard]] amqp_table_entry_t entry(std::string_view key, std::string_view value);
[[nodiscard]] amqp_table_entry_t entry(std::string_view key, std::int64_t value);
[[nodiscard]] amqp_table_entry_t entry(std::string_view key, bool value);
/// Borrows the entries.
[[nodiscard]] amqp_table_t table(std::vector<amqp_table_entry_t>& entries);

/// The properties of a persistent message; they borrow from `message` and `entries`.
[[nodiscard]] amqp_basic_properties_t properties_of(const WireMessage& message,
                                                    std::vector<amqp_table_entry_t>& entries);
/// Why this message cannot be published to `exchange` with `routing_key` over a connection with
/// frames of `frame_bytes_max`: a name over 255 bytes, or headers that do not fit into one frame.
/// Nothing when it can. The protocol cannot split either.
[[nodiscard]] std::optional<std::string> publish_problem(std::string_view exchange,
                                                         std::string_view routing_key,
                                                         const WireMessage& message,
                                                         std::size_t frame_bytes_max);
/// Copies what Skald uses of the properties into `message`; headers beyond header_count_max and
/// header_table_bytes_max are only counted.
void read_properties(const amqp_basic_properties_t& properties, WireMessage& message);

}  // namespace skald::amqp

// Between the types of librabbitmq and those of the wire format.
#pragma once

#include <amqp.h>
#include <amqp_framing.h>

#include <string>
#include <string_view>
#include <vector>

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
/// Copies what Skald uses of the properties into `message`.
void read_properties(const amqp_basic_properties_t& properties, WireMessage& message);

}  // namespace skald::amqp

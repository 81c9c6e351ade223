// An AMQP message as text, so that corpus files can be read and mutations stay near the point:
//
//   .correlation_id: 01a…/reserve/action     a property
//   skald_attempt: #3                        a header; # is an integer, ? a truth value, % a double
//
//   {"output": 7}                            after an empty line, the body
#pragma once

#include <string_view>

#include "skald/wire.hpp"

namespace skald::fuzz {

/// Total: what is not in this form is taken as well as it goes.
[[nodiscard]] WireMessage message_from(std::string_view text);

}  // namespace skald::fuzz

// What to do about a right that the broker's user lacks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace skald {

/// The method over which the broker closed a channel, as it names it.
struct AmqpMethodRef {
  std::uint16_t class_id = 0;
  std::uint16_t method_id = 0;
};

/// How a refusal goes on, from `; `: which right is missing on what, and the command that grants
/// it. `words` are the broker's own, such as `ACCESS_REFUSED - access to queue 'q' in vhost '/'
/// refused for user 'u'`; newer brokers say which access. What cannot be read from them is left
/// out.
[[nodiscard]] std::string rights_advice(AmqpMethodRef method, std::string_view words);

}  // namespace skald

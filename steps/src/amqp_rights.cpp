#include "amqp_rights.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "librabbitmq.hpp"

namespace skald {

namespace {

// The texts between quotation marks: the name, the vhost, the user.
std::optional<std::array<std::string_view, 3>> quoted(std::string_view words) {
  std::array<std::string_view, 3> found;
  for (std::string_view& text : found) {
    const std::size_t from = words.find('\'');
    if (from == std::string_view::npos) return std::nullopt;
    const std::size_t to = words.find('\'', from + 1);
    if (to == std::string_view::npos) return std::nullopt;
    text = words.substr(from + 1, to - from - 1);
    words.remove_prefix(to + 1);
  }
  return found;
}

constexpr std::uint32_t id(AmqpMethodRef method) {
  return static_cast<std::uint32_t>(method.class_id) << 16U | method.method_id;
}

// Which of the three expressions of a user lacks the name.
const char* expression(AmqpMethodRef method, std::string_view words) {
  const bool exchange = words.find("access to exchange ") != std::string_view::npos;
  if (words.find("configure access to ") != std::string_view::npos) return "CONFIGURE";
  if (words.find("write access to ") != std::string_view::npos) return "WRITE";
  if (words.find("read access to ") != std::string_view::npos) return "READ";
  switch (id(method)) {
    case AMQP_EXCHANGE_DECLARE_METHOD: return "CONFIGURE";
    // The exchange is the one for dead letters.
    case AMQP_QUEUE_DECLARE_METHOD: return exchange ? "WRITE" : "CONFIGURE";
    case AMQP_QUEUE_BIND_METHOD: return exchange ? "READ" : "WRITE";
    case AMQP_BASIC_CONSUME_METHOD: return "READ";
    case AMQP_BASIC_PUBLISH_METHOD: return "WRITE";
    default: return nullptr;
  }
}

}  // namespace

std::string rights_advice(AmqpMethodRef method, std::string_view words) {
  const char* const lacks = expression(method, words);
  const auto names = quoted(words);
  if (lacks == nullptr || !names) {
    return "; give the user the rights it needs, by rabbitmqctl set_permissions (docs/wire.md, "
           "\"Rights\")";
  }
  const auto& [name, vhost, user] = *names;
  return fmt::format(
      "; give the user the rights it needs: {} must match '{}' in rabbitmqctl set_permissions "
      "-p '{}' '{}' CONFIGURE WRITE READ (docs/wire.md, \"Rights\")",
      lacks, name, vhost, user);
}

}  // namespace skald

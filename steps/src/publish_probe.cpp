#include "publish_probe.hpp"

#include <fmt/format.h>

namespace skald {

namespace {

constexpr std::chrono::milliseconds answer_limit{2'000};

}  // namespace

void PublishProbe::check(AmqpConnection& connection, const std::string& peer) {
  if (!answered_ || std::exchange(skip_next_, false)) return;
  switch (connection.check_may_publish(exchange_, answer_limit)) {
    case ProbeAnswer::allowed: break;
    case ProbeAnswer::none: answered_ = false; break;
    case ProbeAnswer::blocked:
      skip_next_ = true;
      throw ConnectionLost(fmt::format("{} takes no messages for now", peer));
  }
}

}  // namespace skald

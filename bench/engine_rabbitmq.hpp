// The engine with a participant in another process, over RabbitMQ.
#pragma once

#include "raw_link.hpp"
#include "setting.hpp"

namespace skald::bench {

/// Who answers the commands.
enum class Answerer : std::uint8_t {
  bare,  ///< bare_participant(): shows what the engine costs.
  kit,   ///< The participant kit with its barrier in SQLite: what a service gets.
};

/// Six-step sagas in a closed loop.
[[nodiscard]] Row engine_rabbitmq(const Setting& setting, Answerer answerer, int in_flight);
/// One six-step saga at a time, with the bare participant.
[[nodiscard]] Row engine_rabbitmq_alone(const Setting& setting);
/// Serves the kit's participant until killed.
void kit_participant(const std::string& url, const std::string& prefix,
                     const std::string& directory);

}  // namespace skald::bench

// What the order service's command line says.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "skald/time.hpp"

namespace order_service {

struct Options {
  std::string store;
  std::string data;  ///< Folder of the participants' databases, when they run in this process.
  std::string definition;           ///< File; by default place-order.json beside the program.
  bool rabbitmq = false;            ///< Participants are other programs, reached over RabbitMQ.
  bool serve = false;               ///< Go on until SIGTERM.
  std::vector<std::string> orders;  ///< JSON texts.
  std::string orders_file;          ///< One JSON text a line; `-` is standard input.
  skald::Duration wait{30'000};     ///< For each order, without `serve`.
};

/// Reads the command line. When there is nothing to run (help, a mistake) it has printed why and
/// writes the exit code to `exit_code`.
[[nodiscard]] std::optional<Options> parse_options(int argc, char** argv, int& exit_code);

}  // namespace order_service

#include "broker_config.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "skald/error.hpp"
#include "skald/json.hpp"

namespace skald::cli {
namespace {

[[noreturn]] void refuse(const std::string& what) { throw Refused(Refused::Code::invalid, what); }

void check_private(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) refuse("cannot read the file " + path);
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    refuse(
        fmt::format("{} holds the broker's address with its password, but others may read it; "
                    "chmod 600 it",
                    path));
  }
}

AmqpOptions from_file(const std::string& path) {
  check_private(path);
  std::string url = read_file(path);
  url.erase(url.find_last_not_of(" \t\r\n") + 1);
  return AmqpOptions::parse(url);
}

// Nothing when the configuration names no broker.
std::optional<AmqpOptions> from_config(const EngineConfig& config) {
  const Json& amqp = config.amqp;
  const std::string& path = config.path;
  if (amqp.is_null()) return std::nullopt;
  if (!amqp.is_object()) refuse(path + R"(: amqp: must be like {"url_file": "broker.url"})");
  for (const auto& [name, value] : amqp.items()) {
    if (name != "url" && name != "url_file") {
      refuse(fmt::format("{}: amqp.{}: unknown; give url or url_file", path, name));
    }
    if (!value.is_string()) refuse(fmt::format("{}: amqp.{}: must be a text", path, name));
  }
  if (amqp.size() != 1) refuse(path + ": amqp: give either url or url_file");
  if (amqp.contains("url_file")) return from_file(amqp.at("url_file").get<std::string>());
  check_private(path);
  return AmqpOptions::parse(amqp.at("url").get<std::string>());
}

}  // namespace

std::optional<AmqpOptions> find_broker(const EngineConfig& config, const Context& context) {
  if (auto options = from_config(config)) return options;
  if (const auto url = context.variable("SKALD_AMQP_URL")) return AmqpOptions::parse(*url);
  if (const auto file = context.variable("SKALD_AMQP_URL_FILE")) return from_file(*file);
  return std::nullopt;
}

AmqpOptions broker_options(const EngineConfig& config, const Context& context) {
  if (auto options = find_broker(config, context)) return *std::move(options);
  refuse(
      "which broker? name it with --config FILE, $SKALD_AMQP_URL or $SKALD_AMQP_URL_FILE, e.g. "
      "amqp://guest@localhost:5672/");
}

}  // namespace skald::cli

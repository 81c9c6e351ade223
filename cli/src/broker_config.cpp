#include "broker_config.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "skald/error.hpp"
#include "skald/json.hpp"
#include "skald/secret_file.hpp"

namespace skald::cli {
namespace {

[[noreturn]] void refuse(const std::string& what) { throw Refused(Refused::Code::invalid, what); }

// `where`: what the address stands in.
AmqpOptions parsed(const std::string& where, const std::string& address) {
  try {
    return AmqpOptions::parse(address);
  } catch (const ChannelError& error) {
    refuse(where + ": " + error.what());
  }
}

// `where`: what names the file.
AmqpOptions from_file(const std::string& where, const std::string& path, const Context& context) {
  const SecretFile file = read_secret_file(path, context.variable("CREDENTIALS_DIRECTORY"));
  if (!file.problem.empty()) refuse(where + ": " + file.problem);
  return parsed(path, file.text);
}

// A path in a configuration means the same from wherever the engine is started.
std::string beside(const std::string& config, const std::string& path) {
  return std::filesystem::path(config).parent_path() / path;
}

// Nothing when the configuration names no broker.
std::optional<AmqpOptions> from_config(const EngineConfig& config, const Context& context) {
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
  if (amqp.contains("url_file")) {
    return from_file(path + ": amqp.url_file", beside(path, amqp.at("url_file").get<std::string>()),
                     context);
  }
  if (const auto problem = secret_rights_problem(path, context.variable("CREDENTIALS_DIRECTORY"))) {
    refuse(*problem);
  }
  return parsed(path + ": amqp.url", amqp.at("url").get<std::string>());
}

}  // namespace

std::optional<AmqpOptions> find_broker(const EngineConfig& config, const Context& context) {
  if (auto options = from_config(config, context)) return options;
  if (const auto url = context.variable("SKALD_AMQP_URL")) return parsed("SKALD_AMQP_URL", *url);
  if (const auto file = context.variable("SKALD_AMQP_URL_FILE")) {
    return from_file("SKALD_AMQP_URL_FILE", *file, context);
  }
  return std::nullopt;
}

AmqpOptions broker_options(const EngineConfig& config, const Context& context) {
  if (auto options = find_broker(config, context)) return *std::move(options);
  refuse(
      "which broker? name it with --config FILE, $SKALD_AMQP_URL or $SKALD_AMQP_URL_FILE, e.g. "
      "amqp://guest@localhost:5672/");
}

}  // namespace skald::cli

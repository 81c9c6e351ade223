#include "engine_config.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <system_error>

#include "skald/error.hpp"
#include "skald/json.hpp"

namespace skald::cli {
namespace {

Json parse_file(const std::string& path) {
  try {
    return parse_json(read_file(path));
  } catch (const JsonError& error) {
    throw JsonError(fmt::format("{}: {}", path, error.what()));
  }
}

}  // namespace

std::string read_file(const std::string& path) {
  std::error_code none;
  if (std::filesystem::is_directory(path, none)) {
    throw Refused(Refused::Code::invalid, path + " is a folder; give the file in it");
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw Refused(Refused::Code::invalid,
                  fmt::format("cannot read the file {}: {}; give one that this user may read", path,
                              std::generic_category().message(errno)));
  }
  // A device may have no end.
  std::string text;
  std::istreambuf_iterator<char> at(file);
  for (; at != std::istreambuf_iterator<char>() && text.size() <= JsonLimits{}.bytes; ++at) {
    text += *at;
  }
  if (text.size() > JsonLimits{}.bytes) {
    throw Refused(Refused::Code::invalid,
                  fmt::format("{} holds more than {} bytes; no file that is read here may", path,
                              JsonLimits{}.bytes));
  }
  return text;
}

EngineConfig read_config(const std::string& path) {
  EngineConfig config;
  if (path.empty()) return config;
  config.path = path;
  const Json file = parse_file(path);
  if (!file.is_object()) {
    throw Refused(Refused::Code::invalid,
                  path + R"(: must be like {"amqp": {"url_file": "broker.url"}})");
  }
  for (const auto& [name, value] : file.items()) {
    if (name == "amqp" || name == "participants") continue;
    throw Refused(Refused::Code::invalid,
                  fmt::format("{}: {}: unknown; give amqp or participants", path, name));
  }
  if (file.contains("amqp")) config.amqp = file.at("amqp");
  if (!file.contains("participants")) return config;
  try {
    config.participants = parse_policies(file.at("participants"), "participants");
  } catch (const DefinitionError& error) {
    throw DefinitionError(path, error.what());
  }
  return config;
}

}  // namespace skald::cli

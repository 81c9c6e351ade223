#include "engine_config.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "skald/error.hpp"

namespace skald::cli {
namespace {

[[noreturn]] void refuse(const std::string& what) { throw Refused(Refused::Code::invalid, what); }

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) refuse("cannot read the file " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

Json read_config(const std::string& path) {
  if (path.empty()) return Json::object();
  Json config;
  try {
    config = parse_json(read_file(path));
  } catch (const JsonError& error) {
    throw JsonError(fmt::format("{}: {}", path, error.what()));
  }
  if (!config.is_object()) refuse(path + R"(: must be like {"amqp": {"url_file": "broker.url"}})");
  for (const auto& [name, value] : config.items()) {
    if (name == "amqp" || name == "participants") continue;
    refuse(fmt::format("{}: {}: unknown; give amqp or participants", path, name));
  }
  return config;
}

PoliciesByName configured_policies(const std::string& path) {
  const Json config = read_config(path);
  if (!config.contains("participants")) return {};
  try {
    return parse_policies(config.at("participants"), "participants");
  } catch (const DefinitionError& error) {
    throw DefinitionError(path, error.what());
  }
}

}  // namespace skald::cli

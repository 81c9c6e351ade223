// Definitions in files: the core itself opens none.
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "skald/definition.hpp"
#include "skald/definition_faults.hpp"
#include "skald/error.hpp"

namespace skald {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

[[noreturn]] void refuse_file(const std::string& path, int error) {
  throw DefinitionError(path, fmt::format("cannot be read: {}", std::strerror(error)));
}

// At most one byte more than a definition may have, which is then refused as too long.
std::string read_file(const std::string& path) {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rb"));
  if (!file) refuse_file(path, errno);
  std::string text(JsonLimits{}.bytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) refuse_file(path, errno);
  return text;
}

DefinitionError in_file(const std::string& path, const DefinitionError& error) {
  const std::string place = error.where().empty() ? path : path + ": " + error.where();
  const std::size_t prefix = error.where().empty() ? 0 : error.where().size() + 2;
  return {place, std::string(error.what()).substr(prefix)};
}

}  // namespace

Definition load_definition(const std::string& path) {
  const std::string text = read_file(path);
  try {
    return parse_definition(text);
  } catch (const DefinitionError& error) {
    throw in_file(path, error);
  }
}

std::vector<DefinitionError> faults_of_file(const std::string& path) {
  std::string text;
  try {
    text = read_file(path);
  } catch (const DefinitionError& error) {
    return {error};
  }
  std::vector<DefinitionError> faults;
  for (const DefinitionError& fault : faults_of_text(text)) {
    faults.push_back(in_file(path, fault));
  }
  return faults;
}

}  // namespace skald

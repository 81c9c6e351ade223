#include "corpus.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "event_codec.hpp"
#include "samples.hpp"
#include "skald/participant_state.hpp"

namespace skald::fuzz {

std::vector<std::string> corpus_of(const Target& target, const std::string& folder) {
  std::vector<std::string> inputs = target.seeds;
  const std::string_view name = target.name;
  if (name == "journal") {
    for (const Event& event : test::one_of_each_event()) {
      encode_events({event}, inputs.emplace_back());
    }
  }
  if (name == "state") inputs.push_back(encode_state({}));
  const std::filesystem::path files = std::filesystem::path(folder) / target.name;
  if (folder.empty() || !std::filesystem::is_directory(files)) return inputs;
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(files)) {
    paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());  // The order is part of what a seed means.
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return inputs;
}

}  // namespace skald::fuzz

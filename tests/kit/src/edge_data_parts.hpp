// What hostile definitions are put together from.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "skald/json.hpp"

namespace skald::testing::edge_parts {

inline Json call(const std::string& name) {
  return {{"name", name}, {"participant", "edge-1"}, {"action", "a"}, {"compensation", "u"}};
}

inline Json frame(const std::string& type, Json steps) {
  return {{"saga", type}, {"version", 1}, {"steps", std::move(steps)}};
}

inline Json from(std::string pointer) { return {{"$from", std::move(pointer)}}; }

inline Json child_step(const std::string& name, const char* type) {
  return {{"name", name}, {"saga", {{"type", type}}}};
}

// Attempts end soon, so that a saga gets to the end of its way.
inline void be_quick(Json& definition) {
  Json& defaults = definition["defaults"];
  defaults["timeout"] = "1s";
  defaults["retry"] = {{"max_attempts", 2}, {"initial_delay", "100ms"}, {"jitter", "none"}};
  defaults["compensation_retry"] = defaults["retry"];
}

}  // namespace skald::testing::edge_parts

// The types that hostile definitions name as children.
#include "edge_data_parts.hpp"
#include "skald/edge_data.hpp"

namespace skald::testing {

using namespace edge_parts;

// Nothing is ever there: its step is left out, and it has ended with the turn that started it.
Json EdgeData::child_definition() {
  Json step = call("never");
  step["when"] = {{"$from", "/input/never"}, {"exists", true}};
  return frame("edge-child", Json::array({std::move(step)}));
}

Json EdgeData::brood_definition() {
  Json each{{"in", "/input/items"}, {"step", {{"saga", {{"type", "edge-child"}}}}}};
  return frame("edge-brood", Json::array({{{"name", "each"}, {"for_each", std::move(each)}}}));
}

}  // namespace skald::testing

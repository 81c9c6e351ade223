// Inputs, patches and operators' requests.
#include <algorithm>

#include "skald/edge_data.hpp"
#include "skald/text.hpp"

namespace skald::testing {
namespace {

// True when some text of the definition holds `part`.
bool mentions(const Json& definition, std::string_view part) {
  if (definition.is_string()) {
    return definition.get_ref<const std::string&>().find(part) != std::string::npos;
  }
  if (!definition.is_structured()) return false;
  return std::any_of(definition.begin(), definition.end(),
                     [part](const Json& inner) { return mentions(inner, part); });
}

bool has_list(const Json& definition) {
  if (!definition.is_object() || !definition.contains("steps")) return false;
  const Json& steps = definition.at("steps");
  return steps.is_array() && std::any_of(steps.begin(), steps.end(), [](const Json& step) {
           return step.is_object() && step.contains("for_each");
         });
}

std::string step_name(EdgeData& edge, const Json& definition) {
  if (!edge.chance(85) || !definition.is_object() || !definition.contains("steps")) {
    return edge.text();
  }
  const Json& steps = definition.at("steps");
  if (!steps.is_array() || steps.empty()) return edge.text();
  const Json& step = steps[edge.below(std::min<std::size_t>(steps.size(), 4))];
  if (!step.is_object() || !step.contains("name") || !step.at("name").is_string()) return "s1";
  std::string name = step.at("name").get<std::string>();
  if (step.contains("for_each") && edge.chance(60)) name += ".0";
  return name;
}

void add_requester(EdgeData& edge, Json& request) {
  if (edge.chance(30)) request["by"] = edge.text();
  if (edge.chance(30)) request["reason"] = edge.text();
}

}  // namespace

Json EdgeData::input_for(const Json& definition) {
  if (chance(8)) {
    note(Edge::input_anything);
    return value();
  }
  Json input = document();
  if (chance(20)) {
    note(Edge::input_large);
    const bool halves = chance(60);  // Two of which are too much.
    input.update(
        large(halves ? JsonLimits{}.bytes / 2 + below(80'000) : size_around(JsonLimits{}.bytes)));
  }
  const bool complete = chance(85);
  note(complete ? Edge::input_fits : Edge::input_lacks_something);
  if (!complete && chance(50)) return input;
  const bool lists = has_list(definition);
  if (lists || chance(60)) {
    Json items = Json::array();
    // As many as a saga may have steps, now and then; most of the time a few.
    const std::size_t most = bytes_max_ < 100'000 ? 8 : chance(30) ? 997 : 60;
    const std::size_t count = lists ? count_around(most) : 1 + below(3);
    const std::size_t each =
        lists && chance(20) ? std::min<std::size_t>(1'000, bytes_max_ / 64) : 0;
    for (std::size_t i = 0; i < count; ++i) {
      Json item{{"sku", i}};
      if (each > 0) item["text"] = std::string(each, 'z');
      items.push_back(chance(95) ? std::move(item) : value());
    }
    input["items"] = std::move(items);
  }
  if (mentions(definition, "/input/at")) input["at"] = chance(70) ? time_text() : duration_text();
  if (mentions(definition, "/input/number")) input["number"] = value();
  if (mentions(definition, "/input/card")) input["card"] = "4111-secret-" + text_of(4);
  if (!complete && input.is_object() && !input.empty()) input.erase(input.begin());
  return input;
}

Json EdgeData::patch(std::size_t taken) {
  if (chance(60)) {
    note(Edge::patch_small);
    return chance(50) ? document() : value();
  }
  note(Edge::patch_large);
  Json patch = large(size_around(JsonLimits{}.bytes, taken));
  if (chance(50)) patch = Json{{"z", std::move(patch)}};
  return patch;
}

Json EdgeData::request(const SagaId& saga, const Json& definition) {
  Json request{{"id", saga.to_string()}};
  switch (below(12)) {
    case 0:
    case 1:
      note(Edge::request_resume);
      request["verb"] = "resume";
      if (chance(70)) {
        request["step"] = step_name(*this, definition);
        request["input_patch"] = patch(chance(50) ? JsonLimits{}.bytes / 2 : 0);
      }
      break;
    case 2:
    case 3:
      note(Edge::request_skip);
      request["verb"] = "skip";
      request["step"] = step_name(*this, definition);
      if (chance(60)) {
        request["as"] = pick(std::array{"succeeded", "rejected", "compensated"});
        request["output"] = chance(30) ? large(size_around(JsonLimits{}.bytes)) : value();
      }
      break;
    case 4:
    case 5:
      note(Edge::request_signal);
      request["verb"] = "signal";
      request["name"] = chance(75) ? std::string("go") : text();
      request["data"] = chance(20) ? large(size_around(JsonLimits{}.bytes)) : value();
      if (chance(40)) request["signal_id"] = chance(60) ? std::string("again") : text();
      break;
    case 6:
    case 7:
      note(Edge::request_replay);
      request["verb"] = "replay";
      if (chance(50)) request["input_patch"] = patch(chance(50) ? JsonLimits{}.bytes / 2 : 0);
      if (chance(40)) request["from_step"] = step_name(*this, definition);
      if (chance(30)) request["force"] = true;
      break;
    case 8:
      note(Edge::request_damaged);
      request["verb"] = chance(50) ? Json(text()) : value();
      request[text()] = value();
      break;
    default:
      note(Edge::request_other);
      request["verb"] = pick(std::array{"retry", "cancel", "pause", "resume", "abandon"});
      break;
  }
  if (chance(8)) request["step"] = text();
  add_requester(*this, request);
  return request;
}

}  // namespace skald::testing

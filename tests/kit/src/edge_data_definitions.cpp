// Definitions at their worst, each shape for one way in which a definition can be too much.
#include <algorithm>

#include "edge_data_parts.hpp"
#include "skald/definition.hpp"
#include "skald/edge_data.hpp"

namespace skald::testing {

using namespace edge_parts;

namespace {

/// Draws one definition. Its functions are the shapes.
class DefinitionDraw {
 public:
  DefinitionDraw(EdgeData& edge, const std::string& type, std::size_t bytes_max)
      : edge_(edge), type_(type), bytes_max_(bytes_max) {}

  using Shape = Json (DefinitionDraw::*)();

  Json plain() {
    edge_.note(Edge::definition_plain);
    Json steps = Json::array();
    for (std::uint64_t i = 1 + edge_.below(4); i > 0; --i) {
      Json step = call("s" + std::to_string(i));
      if (edge_.chance(40)) step["input"] = {{"constant", edge_.value()}};
      if (edge_.chance(20)) step["on_failure"] = "stuck";
      steps.push_back(std::move(step));
    }
    if (edge_.chance(30)) {
      steps.push_back(
          {{"name", "pivot"}, {"participant", "edge-2"}, {"action", "p"}, {"kind", "pivot"}});
    }
    Json definition = frame(type_, std::move(steps));
    if (edge_.chance(20)) definition["description"] = edge_.utf8_text();
    return definition;
  }

  // Wherever a definition may point into a saga.
  Json pointers() {
    edge_.note(Edge::definition_pointers);
    Json first = call("s1");
    Json second = call("s2");
    first["input"] = {{"x", input_pointer()}, {"key", from("/key")}};
    if (edge_.chance(50)) first["input"]["x"]["default"] = edge_.value();
    if (edge_.chance(60)) second["when"] = condition();
    second["input"] = from(edge_.pointer("/steps/s1/output"));
    second["compensation"] = {{"action", "u"}, {"input", from(edge_.pointer("/steps/s2/output"))}};
    Json definition = frame(type_, {std::move(first), std::move(second)});
    if (edge_.chance(60)) definition["output"] = {{"o", from(edge_.pointer("/steps/s1/output"))}};
    if (edge_.chance(30)) {
      definition["steps"][0]["for_each"] = {{"in", edge_.pointer("/input")}, {"step", call("")}};
      for (const char* key : {"participant", "action", "compensation", "input"}) {
        definition["steps"][0].erase(key);
      }
      definition["steps"][0]["for_each"]["step"].erase("name");
    }
    return definition;
  }

  // What is written once is stated at every step.
  Json long_normal_form() {
    edge_.note(Edge::definition_long_normal_form);
    const std::size_t count = std::min<std::size_t>(990, 1 + bytes_max_ / 1'500);
    Json steps = Json::array();
    for (std::size_t i = 0; i < count; ++i) {
      steps.push_back({{"name", "s" + std::to_string(i)},
                       {"participant", "p"},
                       {"action", "a"},
                       {"compensation", "none"}});
    }
    Json definition = frame(type_, std::move(steps));
    Json& codes = definition["defaults"]["retry"]["retry_on"] = Json::array();
    const std::size_t all = edge_.size_around(JsonLimits{}.bytes, edge_.below(200'000));
    const std::size_t each = std::max<std::size_t>(all / count, 400) - 400;
    for (std::size_t used = 0; used < each; used += 13) {
      codes.push_back("C" + std::to_string(100'000'000 + codes.size()));
    }
    return definition;
  }

  Json deep_normal_form() {
    edge_.note(Edge::definition_deep_normal_form);
    Json definition = frame(type_, {call("s1"), call("s2")});
    const std::size_t levels = 56 + edge_.below(9);
    if (edge_.chance(50)) {
      definition["defaults"]["on_failure"]["fallback"] = edge_.deep(levels);
    } else if (edge_.chance(50)) {
      definition["steps"][0]["input"] = edge_.deep(levels);
    } else {
      Json condition = {{"$from", "/input/x"}, {"equals", 1}};
      for (std::size_t i = 0; i < levels / 2; ++i) condition = {{"not", std::move(condition)}};
      definition["steps"][0]["when"] = std::move(condition);
    }
    return definition;
  }

  Json wide_list() {
    edge_.note(Edge::definition_wide_list);
    Json step{{"participant", "edge-1"}, {"action", "a"}, {"compensation", "u"}};
    if (edge_.chance(50)) step["input"] = {{"sku", from("/item/sku")}, {"x", input_pointer()}};
    Json each{{"in", "/input/items"}, {"step", std::move(step)}};
    each["concurrency"] = 1 + edge_.below(edge_.chance(50) ? 1'000 : 10);
    Json list{{"name", "each"}, {"for_each", std::move(each)}};
    if (edge_.chance(50)) return frame(type_, {std::move(list)});
    return frame(type_, {call("s1"), std::move(list)});
  }

  // A step of some kilobytes, once for each element.
  Json heavy_list() {
    edge_.note(Edge::definition_heavy_list);
    Json references = Json::array();
    const std::size_t count = std::min<std::size_t>(1'100, 1 + bytes_max_ / 20);
    for (std::size_t i = 0; i < count; ++i) references.push_back(from("/item"));
    Json step{{"participant", "edge-1"}, {"action", "a"}, {"compensation", "none"}};
    step["input"] = std::move(references);
    return frame(type_, {{{"name", "each"},
                          {"for_each", {{"in", "/input/items"}, {"step", std::move(step)}}}}});
  }

  // Children that end at once, in one turn; or whole broods of them.
  Json family() {
    edge_.note(Edge::definition_family);
    const char* type = edge_.chance(50) ? "edge-child" : "edge-brood";
    Json each{{"in", "/input/items"}, {"step", {{"saga", {{"type", type}}}}}};
    each["step"]["saga"]["input"] = from("/input");
    each["concurrency"] = edge_.chance(60) ? 1 : 1 + edge_.below(1'000);
    Json steps = Json::array({{{"name", "each"}, {"for_each", std::move(each)}}});
    if (edge_.chance(30)) steps.push_back(child_step("one", "edge-child"));
    if (edge_.chance(20)) steps.push_back(child_step("none", "edge-missing"));
    if (edge_.chance(40)) steps.push_back(call("last"));
    return frame(type_, std::move(steps));
  }

  Json sleeps() {
    edge_.note(Edge::definition_sleep);
    const Json until = edge_.chance(70)
                           ? from("/input/at")
                           : Json(edge_.chance(50) ? edge_.time_text() : edge_.duration_text());
    Json steps = Json::array({{{"name", "s1"}, {"sleep", until}}});
    if (edge_.chance(50)) steps.push_back(call("s2"));
    Json definition = frame(type_, std::move(steps));
    if (edge_.chance(30)) definition["deadline"] = edge_.duration_text();
    return definition;
  }

  Json signals() {
    edge_.note(Edge::definition_signal);
    Json wait{{"signal", "go"}};
    if (edge_.chance(50)) wait["timeout"] = edge_.duration_text();
    Json second = call("s2");
    second["input"] = from(edge_.pointer("/steps/s1/output"));
    Json definition =
        frame(type_, {{{"name", "s1"}, {"wait_for", std::move(wait)}}, std::move(second)});
    definition["output"] = from("/steps/s1/output");
    return definition;
  }

  Json secrets() {
    edge_.note(Edge::definition_secrets);
    Json definition = edge_.chance(50) ? plain() : wide_list();
    Json& secrets = definition["secrets"] = Json::array({"/input/card"});
    for (std::uint64_t i = edge_.below(4); i > 0; --i) secrets.push_back(edge_.pointer("/input"));
    if (edge_.chance(40)) secrets.push_back(edge_.pointer("/output"));
    definition["output"] = {{"out", from("/input/items")}};
    definition["output"]["out"]["default"] = nullptr;
    return definition;
  }

  Json locks() {
    edge_.note(Edge::definition_locks);
    Json definition = plain();
    Json& locks = definition["locks"] = Json::array();
    for (std::uint64_t i = 1 + edge_.below(3); i > 0; --i) {
      locks.push_back(edge_.utf8_text() + "/{" + edge_.pointer("/input") + "}");
    }
    if (edge_.chance(30)) locks.push_back("{/key}");
    if (edge_.chance(20)) locks.push_back("{/input/number}");
    return definition;
  }

  Json many_conditions() {
    edge_.note(Edge::definition_many_conditions);
    Json steps = Json::array();
    const std::size_t count = edge_.chance(30) ? 400 : 2 + edge_.below(40);
    for (std::size_t i = 0; i < count; ++i) {
      Json step = call("s" + std::to_string(i));
      step["when"] =
          edge_.chance(80) ? Json{{"$from", "/input/never"}, {"exists", true}} : condition();
      steps.push_back(std::move(step));
    }
    return frame(type_, std::move(steps));
  }

  Json heavy_templates() {
    edge_.note(Edge::definition_heavy_templates);
    Json references = Json::array();
    for (std::size_t i = edge_.count_around(edge_.chance(20) ? 400 : 4); i > 0; --i) {
      references.push_back(from("/input"));
    }
    Json step = call("s1");
    step["input"] = std::move(references);
    Json definition = frame(type_, {std::move(step)});
    if (edge_.chance(30)) definition["output"] = Json::array({from("/input"), from("/input")});
    return definition;
  }

  // A compensation is sent the input, the output and the reason.
  Json compensation() {
    edge_.note(Edge::definition_compensation);
    Json first = call("s1");
    if (edge_.chance(30)) {
      first["compensation"] = {{"action", "u"}, {"input", from(edge_.pointer("/input"))}};
    }
    if (edge_.chance(30)) first["resolve"] = "r";
    Json definition = frame(type_, {std::move(first), call("s2")});
    definition["steps"][1]["on_failure"] = edge_.chance(50) ? "stuck" : "compensate";
    return definition;
  }

  Json policies() {
    edge_.note(Edge::definition_policies);
    Json definition = plain();
    Json& policies = definition["participants"]["edge-1"];
    if (edge_.chance(50)) policies["bulkhead"] = {{"max_in_flight", 1 + edge_.below(1'000'000)}};
    if (edge_.chance(50)) policies["rate_limit"] = {{"rate", edge_.chance(50) ? "1000/s" : "1/d"}};
    if (edge_.chance(50))
      policies["breaker"] = {{"failures", 1 + edge_.below(3)}, {"delay", edge_.duration_text()}};
    policies["timeout"] = edge_.duration_text();
    return definition;
  }

  // What may be said of the saga as a whole, beside whatever steps.
  Json rules() {
    edge_.note(Edge::definition_rules);
    Json definition = edge_.chance(40) ? wide_list() : edge_.chance(50) ? family() : compensation();
    if (edge_.chance(60)) definition["undo"] = "parallel";
    if (edge_.chance(60)) definition["on_sibling_failure"] = "finish";
    if (edge_.chance(60)) definition["key_reuse"] = "after_end";
    for (Json& step : definition["steps"]) {
      if (edge_.chance(50)) step["after"] = Json::array();
      if (!step.contains("for_each") || edge_.chance(30)) continue;
      step["for_each"]["page"] = edge_.count_around(edge_.chance(30) ? 100'000 : 10);
      if (edge_.chance(50)) step["for_each"]["gather"] = "none";
    }
    return definition;
  }

  Json input_schema() {
    edge_.note(Edge::definition_input_schema);
    Json definition = edge_.chance(50) ? plain() : wide_list();
    Json& schema = definition["input_schema"] =
        edge_.schema(edge_.chance(10) ? 70 : 1 + edge_.below(6));
    if (edge_.chance(30) && schema.is_object()) {
      schema["definitions"]["d"] = edge_.schema(2);
    }
    return definition;
  }

  // One place of a sound definition is something else.
  Json damaged() {
    edge_.note(Edge::definition_damaged);
    Json definition = edge_.chance(50) ? plain() : pointers();
    Json* place = &definition;
    while (place->is_structured() && !place->empty() && edge_.chance(75)) {
      auto member = place->begin();
      std::advance(member, edge_.below(place->size()));
      place = &*member;
    }
    *place = edge_.chance(30) ? Json(edge_.utf8_text()) : edge_.value();
    if (edge_.chance(20) && definition.is_object()) definition[edge_.utf8_text()] = edge_.value();
    return definition;
  }

 private:
  Json input_pointer() { return from(edge_.pointer("/input")); }

  Json condition() {
    Json condition = input_pointer();
    switch (edge_.below(4)) {
      case 0: condition["exists"] = edge_.chance(50); break;
      case 1: condition["equals"] = edge_.value(); break;
      case 2: condition["in"] = Json::array({edge_.value(), edge_.value()}); break;
      default: condition["at_least"] = edge_.value(); break;
    }
    if (edge_.chance(20)) return {{"not", std::move(condition)}};
    if (edge_.chance(20)) return {{"any", Json::array({condition, condition})}};
    return condition;
  }

  EdgeData& edge_;
  const std::string& type_;
  std::size_t bytes_max_;
};

constexpr std::array<DefinitionDraw::Shape, 19> shapes{&DefinitionDraw::plain,
                                                       &DefinitionDraw::pointers,
                                                       &DefinitionDraw::pointers,
                                                       &DefinitionDraw::long_normal_form,
                                                       &DefinitionDraw::deep_normal_form,
                                                       &DefinitionDraw::wide_list,
                                                       &DefinitionDraw::heavy_list,
                                                       &DefinitionDraw::family,
                                                       &DefinitionDraw::sleeps,
                                                       &DefinitionDraw::signals,
                                                       &DefinitionDraw::secrets,
                                                       &DefinitionDraw::locks,
                                                       &DefinitionDraw::many_conditions,
                                                       &DefinitionDraw::heavy_templates,
                                                       &DefinitionDraw::compensation,
                                                       &DefinitionDraw::policies,
                                                       &DefinitionDraw::rules,
                                                       &DefinitionDraw::rules,
                                                       &DefinitionDraw::input_schema};

}  // namespace

Json EdgeData::definition(const std::string& type) {
  DefinitionDraw draw{*this, type, bytes_max_};
  if (chance(8)) return draw.damaged();
  const auto shape = pick(shapes);
  Json definition = (draw.*shape)();
  if (shape != &DefinitionDraw::long_normal_form && chance(80)) be_quick(definition);
  if (chance(5)) definition["priority"] = below(11);
  return definition;
}

}  // namespace skald::testing

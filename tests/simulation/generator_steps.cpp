#include "generator_steps.hpp"

#include <fmt/format.h>

#include <string>

namespace skald::simulation {

std::string ms(std::uint64_t value) { return fmt::format("{}ms", value); }

namespace {

Json retry_policy(Random& random) {
  Json retry{{"max_attempts", 1 + random.below(4)}, {"initial_delay", ms(1 + random.below(120))}};
  if (random.chance(30)) retry["jitter"] = random.chance(50) ? "none" : "equal";
  if (random.chance(20)) retry["multiplier"] = 1 + random.below(3);
  if (random.chance(10)) retry["max_elapsed"] = ms(100 + random.below(800));
  if (random.chance(10)) retry["abort_on"] = Json::array({"GATEWAY"});
  return retry;
}

Json on_failure(Random& random, const std::string& kind) {
  switch (random.below(kind == "retriable" ? 3 : 4)) {
    case 0: return "stuck";
    case 1: return "skip";
    case 2: return {{"fallback", {{"instead", true}}}};
    default: return "compensate";
  }
}

Json compensation(Random& random, const std::string& name) {
  if (random.chance(12)) return "none";
  if (random.chance(70)) return "undo-" + name;
  Json object{{"action", "undo-" + name}};
  if (random.chance(50)) object["timeout"] = ms(20 + random.below(300));
  if (random.chance(50)) object["retry"] = retry_policy(random);
  if (random.chance(50)) {
    object["input"] = {{"back", {{"$from", "/steps/" + name + "/output"}, {"default", nullptr}}}};
  }
  return object;
}

}  // namespace

Json draw_step(Random& random, std::size_t number, const std::string& kind, const Json& before) {
  const std::string name = std::string(1, static_cast<char>('a' + number));
  Json s{{"name", name},
         {"participant", fmt::format("p{}", random.below(3))},
         {"action", "do-" + name}};
  if (kind != "compensatable") s["kind"] = kind;
  if (kind == "compensatable") s["compensation"] = compensation(random, name);
  const bool undoable = kind == "compensatable" && s["compensation"] != "none";
  if (random.chance(25)) s["resolve"] = "ask-" + name;
  if (random.chance(40)) s["on_failure"] = on_failure(random, kind);
  if (random.chance(40)) s["retry"] = retry_policy(random);
  if (random.chance(30)) s["timeout"] = ms(20 + random.below(400));
  if (random.chance(10)) s["deadline"] = ms(100 + random.below(900));
  if (undoable && random.chance(20)) s["compensation_retry"] = retry_policy(random);
  if (!before.empty() && random.chance(25)) {
    const std::string other = before[random.below(before.size())]["name"];
    s["input"] = {{"n", {{"$from", "/input/n"}}},
                  {"other", {{"$from", "/steps/" + other + "/output/from"}, {"default", 0}}}};
  }
  return s;
}

namespace {

// A step that waits: for time, or for the signal that operators may give.
Json waiting_step(Random& random, const std::string& name) {
  Json s{{"name", name}};
  if (random.chance(50)) {
    s["sleep"] = ms(1 + random.below(400));
  } else {
    s["wait_for"] = {{"signal", "go"}, {"timeout", ms(50 + random.below(600))}};
    if (random.chance(50)) s["on_failure"] = random.chance(50) ? "skip" : "stuck";
  }
  return s;
}

// The step runs for each of the elements that every input has.
Json repeated(Random& random, Json s) {
  Json outer{{"name", s["name"]}};
  s.erase("name");
  s.erase("input");  // It is given the element.
  if (s.contains("compensation") && s["compensation"].is_object()) {
    s["compensation"].erase("input");
  }
  outer["for_each"] = {{"in", "/input/items"}, {"concurrency", 1 + random.below(2)}, {"step", s}};
  return outer;
}

Json condition(Random& random) {
  if (random.chance(50)) {
    return {{"$from", "/input/n"}, {"in", Json::array({random.below(3), random.below(3)})}};
  }
  return {{"$from", "/input/n"}, {"at_least", random.below(3)}};
}

// Names of the steps of this kind.
Json names_of(const Json& steps, const std::string& kind) {
  Json names = Json::array();
  for (const Json& s : steps) {
    if (s.value("kind", "compensatable") == kind) names.push_back(s["name"]);
  }
  return names;
}

// Makes a graph of the steps before the pivot, and lets those after it run beside each other.
void link(Random& random, Json& steps) {
  Json before = Json::array();
  for (Json& s : steps) {
    const std::string kind = s.value("kind", "compensatable");
    if (kind == "compensatable") {
      s["after"] = Json::array();
      for (const Json& name : before) {
        if (random.chance(50)) s["after"].push_back(name);
      }
      before.push_back(s["name"]);
    } else if (kind == "pivot") {
      s["after"] = before;
    } else {
      const Json pivot = names_of(steps, "pivot");
      s["after"] = pivot.empty() ? before : pivot;
    }
    s.erase("input");  // May point to a step that is not before it any more.
  }
}

// Turns a sequence of commands into something that waits, repeats, branches or is left out.
void reshape(Random& random, Json& steps) {
  for (Json& s : steps) {
    const bool plain = !s.contains("kind");
    if (plain && random.chance(15)) {
      s = waiting_step(random, s["name"]);
    } else if (plain && random.chance(12)) {
      s = repeated(random, s);
    }
    if (s.value("kind", "") != "pivot" && random.chance(15)) s["when"] = condition(random);
  }
  if (random.chance(60)) link(random, steps);
}

}  // namespace

Json draw_definition(Random& random, const std::string& type) {
  Json d{{"saga", type}, {"version", 1}};
  d["defaults"] = {
      {"timeout", ms(40 + random.below(300))},
      {"retry", retry_policy(random)},
      {"compensation_retry",
       {{"max_attempts", 2 + random.below(4)}, {"initial_delay", ms(1 + random.below(100))}}}};
  if (random.chance(20)) d["deadline"] = ms(200 + random.below(2'000));
  if (random.chance(15)) d["locks"] = Json::array({"shop"});
  if (random.chance(15)) d["priority"] = random.below(10);
  if (random.chance(25)) d["on_sibling_failure"] = "finish";
  if (random.chance(25)) d["undo"] = "parallel";
  if (random.chance(15)) d["key_reuse"] = "after_end";
  const std::size_t compensatable = random.below(4);
  const bool pivot = random.chance(50);
  const std::size_t retriable = pivot || compensatable == 0 ? random.below(2) : random.below(3) / 2;
  Json steps = Json::array();
  for (std::size_t i = 0; i < compensatable; ++i) {
    steps.push_back(draw_step(random, steps.size(), "compensatable", steps));
  }
  if (pivot) steps.push_back(draw_step(random, steps.size(), "pivot", steps));
  for (std::size_t i = 0; i < retriable || steps.empty(); ++i) {
    steps.push_back(draw_step(random, steps.size(), "retriable", steps));
  }
  if (random.chance(40)) reshape(random, steps);
  if (random.chance(30)) {
    const std::string last = steps.back()["name"];
    d["output"] = {{"last", {{"$from", "/steps/" + last + "/output"}, {"default", nullptr}}}};
  }
  d["steps"] = std::move(steps);
  return d;
}

}  // namespace skald::simulation

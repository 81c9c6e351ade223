#include "definition/waits.hpp"

#include <fmt/format.h>

#include <array>

#include "json/pointer.hpp"

namespace skald {

namespace {

constexpr std::uint32_t concurrency_max = 1000;
constexpr std::uint32_t page_max = elements_max;

Sleep read_sleep(const Place& place) {
  Template until = Template::parse(place.value(), place.where());
  if (until.pointers().empty()) {
    const bool text = place.value().is_string();
    const auto value = text ? place.text() : std::string{};
    if (!text || (!parse_duration(value) && !parse_time(value))) {
      place.refuse_value(
          "a duration such as \"5m\", a time such as \"2026-03-01T09:30:00Z\", or {\"$from\": …} "
          "that leads to one");
    }
  }
  return {std::move(until)};
}

WaitFor read_wait_for(const Place& place) {
  place.allow_keys({"signal", "timeout"});
  WaitFor wait{place.require("signal", "the signal's name").name(), std::nullopt};
  if (const auto p = place.find("timeout")) wait.timeout = p->duration();
  return wait;
}

ChildSaga read_child(const Place& place) {
  place.allow_keys({"type", "version", "input"});
  ChildSaga child{place.require("type", "the child's saga type").name(), std::nullopt,
                  std::nullopt};
  if (const auto p = place.find("version")) child.version = p->whole_number(1, UINT32_MAX);
  if (const auto p = place.find("input")) child.input = Template::parse(p->value(), p->where());
  return child;
}

std::string read_gather(const Place& place) {
  const std::string text = place.value().is_string() ? place.text() : std::string{};
  if (text == "none") return {};
  const auto tokens = split_pointer(text);
  if (!tokens || tokens->empty() || tokens->front() != "output") {
    place.refuse_value(
        "a JSON Pointer into an element's output, such as \"/output/id\", or \"none\"");
  }
  return text;
}

ForEach read_for_each(const Place& place) {
  place.allow_keys({"in", "as", "step", "concurrency", "page", "gather"});
  ForEach each;
  const Place in = place.require("in", "a JSON Pointer to a list, such as \"/input/items\"");
  const auto tokens = in.value().is_string() ? split_pointer(in.text()) : std::nullopt;
  if (!tokens || tokens->empty() || tokens->front() != "input") {
    in.refuse_value("a JSON Pointer into the saga's input, such as \"/input/items\"");
  }
  each.in = in.text();
  if (const auto p = place.find("as")) {
    each.as = p->name();
    for (const char* taken : {"input", "key", "id", "steps"}) {
      if (each.as == taken) p->refuse(fmt::format("\"{}\" means something else already", taken));
    }
  }
  if (const auto p = place.find("concurrency")) {
    each.concurrency = p->whole_number(1, concurrency_max);
  }
  if (const auto p = place.find("page")) each.page = p->whole_number(1, page_max);
  if (const auto p = place.find("gather")) each.gather = read_gather(*p);
  (void)place.require("step", "the step to run for each element");
  return each;
}

}  // namespace

Work read_work(const Place& place) {
  constexpr std::array keys{"participant", "sleep", "wait_for", "saga", "for_each"};
  const char* chosen = nullptr;
  for (const char* key : keys) {
    const auto found = place.find(key);
    if (!found) continue;
    if (chosen) {
      found->refuse(fmt::format("the step has \"{}\" already; a step does one thing", chosen));
    }
    chosen = key;
  }
  if (const auto p = place.find("sleep")) return read_sleep(*p);
  if (const auto p = place.find("wait_for")) return read_wait_for(*p);
  if (const auto p = place.find("saga")) return read_child(*p);
  if (const auto p = place.find("for_each")) return read_for_each(*p);
  return Call{};
}

Json work_json(const Work& work) {
  if (const auto* sleep = std::get_if<Sleep>(&work))
    return {{"sleep", sleep->until.text().value()}};
  if (const auto* wait = std::get_if<WaitFor>(&work)) {
    Json json{{"signal", wait->signal}};
    if (wait->timeout) json["timeout"] = format_duration(*wait->timeout);
    return {{"wait_for", std::move(json)}};
  }
  if (const auto* child = std::get_if<ChildSaga>(&work)) {
    Json json{{"type", child->type}};
    if (child->version) json["version"] = *child->version;
    if (child->input) json["input"] = child->input->text().value();
    return {{"saga", std::move(json)}};
  }
  return nullptr;
}

}  // namespace skald

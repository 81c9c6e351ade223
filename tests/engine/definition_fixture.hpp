// A small definition for tests to bend: two compensatable steps, a pivot and a retriable step.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "skald/definition.hpp"

namespace skald::test {

[[nodiscard]] inline Json order_document() {
  return Json::parse(R"({
    "saga": "place-order", "version": 1,
    "steps": [
      {"name": "reserve-stock", "participant": "inventory", "action": "reserve",
       "compensation": "release"},
      {"name": "charge-payment", "participant": "payment", "action": "charge",
       "compensation": "refund"},
      {"name": "arrange-shipping", "participant": "shipping", "action": "schedule",
       "kind": "pivot"},
      {"name": "notify-customer", "participant": "notification", "action": "send",
       "kind": "retriable"}]})");
}

/// The order document with `patch` put at the JSON Pointer `at`.
[[nodiscard]] inline Json order_with(const std::string& at, const Json& patch) {
  Json document = order_document();
  document[Json::json_pointer(at)] = patch;
  return document;
}

/// The message with which a document is refused; empty when it is taken.
[[nodiscard]] inline std::string refusal_of(const Json& document) {
  try {
    (void)make_definition(document);
  } catch (const DefinitionError& error) {
    return error.what();
  }
  return {};
}

}  // namespace skald::test

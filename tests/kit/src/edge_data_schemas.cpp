// Schemas of inputs: each keyword, with values that suit it and values that do not.
#include "skald/edge_data.hpp"

namespace skald::testing {
namespace {

constexpr std::array types{"object", "array", "string", "number", "integer", "boolean", "null"};
constexpr std::array groups{"allOf", "anyOf", "oneOf"};
constexpr std::array bounds{"minimum",   "maximum",  "exclusiveMinimum", "multipleOf",
                            "minLength", "maxItems", "maxProperties",    "pattern",
                            "format",    "$id"};
constexpr std::array below_lists{"items", "contains", "additionalItems"};
constexpr std::array below_objects{"additionalProperties", "propertyNames", "not", "if"};
constexpr std::array references{"#/definitions/d", "#", "#/definitions/none", "other.json"};

}  // namespace

Json EdgeData::schema(std::size_t levels) {
  if (levels == 0) return chance(80);
  Json schema = Json::object();
  switch (below(9)) {
    case 0: schema["type"] = chance(90) ? Json(pick(types)) : value(); break;
    case 1:
      schema["enum"] = Json::array({value(), value(), chance(5) ? large(200'000) : value()});
      break;
    case 2:
      schema["properties"] = {{"items", this->schema(levels - 1)},
                              {utf8_text(), this->schema(levels / 2)}};
      if (chance(40)) schema["required"] = Json::array({utf8_text(), "items"});
      break;
    case 3:
      schema[pick(below_lists)] = this->schema(levels - 1);
      if (chance(50)) schema["uniqueItems"] = true;
      break;
    case 4:
      schema[pick(groups)] = Json::array({this->schema(levels - 1), this->schema(levels / 2)});
      break;
    case 5: schema[pick(below_objects)] = this->schema(levels - 1); break;
    case 6: schema["$ref"] = pick(references); break;
    case 7: schema[pick(bounds)] = chance(50) ? Json(below(100)) : value(); break;
    default: schema["const"] = chance(5) ? large(200'000) : document(); break;
  }
  return schema;
}

}  // namespace skald::testing

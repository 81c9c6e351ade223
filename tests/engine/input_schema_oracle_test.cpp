// Our reading of JSON Schema beside another one's: random schemas and inputs, the same verdict.
//
// Valijson is for tests alone. With hostile data it copies all names above a value for each one
// that it looks at, and it takes numbers and names otherwise than the standard where this test
// draws none: whole numbers as 1.0 or beyond 2^53, NUL in names, multiples of whole numbers.
#include <doctest/doctest.h>

#include <array>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "definition_fixture.hpp"
#include "schema/input_schema.hpp"

using namespace skald;

namespace {

constexpr int rounds = 20'000;
constexpr int schema_levels = 3;
constexpr int input_levels = 3;

bool valijson_fits(const Json& schema, const Json& input) {
  valijson::Schema compiled;
  valijson::SchemaParser().populateSchema(valijson::adapters::NlohmannJsonAdapter(schema),
                                          compiled);
  return valijson::Validator().validate(compiled, valijson::adapters::NlohmannJsonAdapter(input),
                                        nullptr);
}

// A seed gives the same schemas and inputs on every machine.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : state_(seed) {}

  Json schema(int levels = schema_levels, bool names = true) {
    if (chance(6)) return chance(50);
    Json schema = Json::object();
    for (std::uint64_t i = 1 + below(3); i > 0; --i) value_keyword(schema);
    if (levels == 0) return schema;
    for (std::uint64_t i = 1 + below(2); i > 0; --i) keyword_with_schema(schema, levels - 1, names);
    return schema;
  }

  // With references, and the type of most inputs.
  Json root() {
    Json root = schema();
    if (!root.is_object()) root = Json::object();
    // A reference and "propertyNames" where it leads to share a name in valijson's cache.
    root["definitions"] = {{"d", schema(1, false)}};
    return root;
  }

  Json input(int levels = input_levels) {
    switch (below(levels > 0 ? 9 : 5)) {
      case 0: return nullptr;
      case 1: return chance(50);
      case 2: return number();
      case 3: return number();
      case 4: return name();
      case 5:
      case 6: {
        Json list = Json::array();
        for (std::uint64_t i = below(4); i > 0; --i) list.push_back(input(levels - 1));
        return list;
      }
      default: {
        Json object = Json::object();
        for (std::uint64_t i = below(4); i > 0; --i) object[name()] = input(levels - 1);
        return object;
      }
    }
  }

 private:
  std::uint64_t below(std::uint64_t limit) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return (state_ >> 33U) % limit;
  }
  bool chance(unsigned percent) { return below(100) < percent; }
  template <std::size_t N>
  const char* pick(const std::array<const char*, N>& among) {
    return among[below(N)];
  }
  std::string name() { return pick(std::array{"", "a", "b", "ab", "abc", "\xc3\xa4", "~/"}); }
  Json number() {
    const auto whole = static_cast<std::int64_t>(below(7)) - 3;
    return chance(25) ? Json(static_cast<double>(whole) + 0.5) : Json(whole);
  }
  Json names() {
    Json list = Json::array();
    for (std::uint64_t i = below(3); i > 0; --i) list.push_back(name());
    return list;
  }

  void value_keyword(Json& schema) {
    switch (below(12)) {
      case 0:
      case 1:
        schema["type"] =
            pick(std::array{"null", "boolean", "integer", "number", "string", "array", "object"});
        break;
      case 2: schema["type"] = {"object", "array", "integer"}; break;
      case 3: schema[pick(std::array{"minimum", "exclusiveMinimum"})] = number(); break;
      case 4: schema[pick(std::array{"maximum", "exclusiveMaximum"})] = number(); break;
      case 5: schema["multipleOf"] = 0.5; break;
      case 6: schema[pick(std::array{"minLength", "minItems", "minProperties"})] = below(3); break;
      case 7: schema[pick(std::array{"maxLength", "maxItems", "maxProperties"})] = below(4); break;
      case 8: schema["required"] = names(); break;
      case 9: schema["uniqueItems"] = chance(80); break;
      case 10: schema["enum"] = {input(1), input(1), input(1), input(1), number(), name()}; break;
      default: schema["dependencies"][name()] = names(); break;
    }
  }

  Json below_here(int levels, bool names) {
    return chance(15) ? Json{{"$ref", "#/definitions/d"}} : schema(levels, names);
  }
  Json list_of_schemas(int levels, bool names) {
    Json list = Json::array();
    for (std::uint64_t i = 1 + below(3); i > 0; --i) list.push_back(below_here(levels, names));
    return list;
  }

  void keyword_with_schema(Json& schema, int levels, bool names) {
    // Inside of "d" no reference leads back to it.
    const auto one = [&] {
      return names ? below_here(levels, names) : this->schema(levels, names);
    };
    switch (below(13)) {
      case 0:
      case 1:
      case 2: schema["properties"][name()] = one(); break;
      case 3: schema["additionalProperties"] = one(); break;
      case 4:
        if (names) schema["propertyNames"] = this->schema(0);
        break;
      case 5: schema["items"] = one(); break;
      case 6:
        schema["items"] = names ? list_of_schemas(levels, names) : Json::array({one()});
        schema["additionalItems"] = one();
        break;
      case 7: schema["contains"] = one(); break;
      case 8: schema["not"] = one(); break;
      case 9: schema["if"] = one(), schema["then"] = one(), schema["else"] = one(); break;
      case 10: schema["dependencies"][name()] = one(); break;
      default:
        schema[pick(std::array{"allOf", "anyOf", "oneOf"})] =
            names ? list_of_schemas(levels, names) : Json::array({one(), one()});
        break;
    }
    if (schema.contains("additionalItems") && !schema["items"].is_array()) {
      schema.erase("additionalItems");
    }
  }

  std::uint64_t state_;
};

}  // namespace

TEST_CASE("valijson comes to the same verdict, whatever the schema and the input") {
  int fitting = 0;
  for (int seed = 0; seed < rounds; ++seed) {
    Draw draw{static_cast<std::uint64_t>(seed)};
    const Json schema = draw.root();
    const Json input = draw.input();
    const bool fits = !InputSchema(JsonText::of(schema)).problem_of(input);
    fitting += fits ? 1 : 0;
    if (fits == valijson_fits(schema, input)) continue;
    FAIL_CHECK("seed " << seed << ": we say " << fits << " of " << input.dump() << " under "
                       << schema.dump());
  }
  // Both verdicts were really met.
  CHECK(fitting > rounds / 10);
  CHECK(fitting < rounds * 9 / 10);
}

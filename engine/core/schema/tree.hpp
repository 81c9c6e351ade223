// A schema as it is used: checked, references replaced, what does not matter left out.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "json/strict_reader.hpp"
#include "skald/json.hpp"

namespace skald {

using SchemaIndex = std::uint32_t;
inline constexpr SchemaIndex no_schema = UINT32_MAX;

/// The types of JSON, as bits: a value may have several.
enum SchemaType : std::uint8_t {
  type_null = 1,
  type_boolean = 2,
  type_integer = 4,
  type_number = 8,
  type_string = 16,
  type_array = 32,
  type_object = 64,
  type_any = 127,
};
/// The bit of a type's name; nothing when there is no such type.
[[nodiscard]] std::optional<SchemaType> schema_type(std::string_view name);
/// `an integer`.
[[nodiscard]] const char* with_article(SchemaType type);

struct CountRange {
  std::uint64_t min = 0;
  std::uint64_t max = UINT64_MAX;
};

/// One schema. Pointers lead into the document of the tree, null: not demanded.
struct SchemaNode {
  bool never = false;  ///< The schema `false`.
  std::uint8_t types = type_any;
  bool unique_items = false;
  const Json* one_of_values = nullptr;  ///< `enum`
  const Json* constant = nullptr;       ///< `const`
  const Json* minimum = nullptr;
  const Json* maximum = nullptr;
  const Json* above = nullptr;  ///< `exclusiveMinimum`
  const Json* below = nullptr;  ///< `exclusiveMaximum`
  const Json* multiple_of = nullptr;
  const Json* required = nullptr;
  CountRange length;  ///< Characters of a text.
  CountRange items;
  CountRange members;

  using Named = std::vector<std::pair<const std::string*, SchemaIndex>>;  // Sorted by name.
  Named properties;
  Named dependent_schemas;
  std::vector<std::pair<const std::string*, const Json*>> dependent_names;
  SchemaIndex additional_properties = no_schema;
  SchemaIndex property_names = no_schema;
  SchemaIndex each_item = no_schema;
  std::vector<SchemaIndex> first_items;
  SchemaIndex additional_items = no_schema;
  SchemaIndex contains = no_schema;

  SchemaIndex condition = no_schema;  ///< `if`
  SchemaIndex then = no_schema;
  SchemaIndex otherwise = no_schema;
  SchemaIndex negated = no_schema;
  std::vector<SchemaIndex> all_of;
  std::vector<SchemaIndex> any_of;
  std::vector<SchemaIndex> one_of;
  bool combines = false;  ///< One of the last seven is there.
};

/// The root is the first. No node is below itself, and none deeper than `payload_depth_max`.
struct SchemaTree {
  std::vector<SchemaNode> nodes;
  std::uint64_t size = 0;  ///< See InputSchema::size().
};

/// How much each schema of a document weighs, see InputSchema::size(); by its place in memory.
using SchemaWeights = std::unordered_map<const Json*, std::uint64_t>;

/// Checks each keyword of the document, and of all `definitions`, and answers how much each schema
/// in it weighs. \throws DefinitionError, unless `place` collects
[[nodiscard]] SchemaWeights check_schema_keywords(const Place& place);

/// Puts the tree of a document together that check_schema_keywords() found nothing wrong with, and
/// that must outlive it. `weights`: what that answered.
/// \throws DefinitionError when it is too large or goes round in a circle
[[nodiscard]] SchemaTree schema_tree_of(const Json& document, const std::string& where,
                                        const SchemaWeights& weights);

/// What a `$ref` points to inside the document; null when that is no local pointer or leads
/// nowhere.
[[nodiscard]] const Json* schema_reference(const Json& document, const std::string& reference);
/// The place of a key below another place.
[[nodiscard]] std::string schema_place(const std::string& where, std::string_view key);

}  // namespace skald

#include "schema/tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "json/pointer.hpp"
#include "schema/input_schema.hpp"
#include "skald/limits.hpp"
#include "skald/text.hpp"

namespace skald {
namespace {

struct TypeName {
  SchemaType type;
  std::string_view name;
  const char* with_article;
};
constexpr std::array<TypeName, 7> type_names{{{type_null, "null", "null"},
                                              {type_boolean, "boolean", "true or false"},
                                              {type_integer, "integer", "an integer"},
                                              {type_number, "number", "a number"},
                                              {type_string, "string", "a string"},
                                              {type_array, "array", "an array"},
                                              {type_object, "object", "an object"}}};

std::uint64_t count_of(const Json& value) {
  if (!value.is_number_float()) return value.get<std::uint64_t>();
  const auto count = value.get<double>();
  return count < 0x1p64 ? static_cast<std::uint64_t>(count) : UINT64_MAX;
}

class TreeBuilder {
 public:
  TreeBuilder(const Json& document, const std::string& where, const SchemaWeights& weights)
      : document_(document), where_(where), weights_(weights) {}

  SchemaTree build() {
    (void)add(document_, where_);
    return std::move(tree_);
  }

 private:
  // Also keeps the recursion short.
  SchemaIndex add(const Json& given, const std::string& where) {
    if (tree_.nodes.size() == schema_nodes_max) {
      throw DefinitionError(where_,
                            fmt::format("has more than {} schemas in it once every \"$ref\" is "
                                        "replaced by what it points to; demand less, or check the "
                                        "input in a step",
                                        schema_nodes_max));
    }
    const std::size_t opened = open_.size();
    const Json* schema = &given;
    enter(schema, where);
    while (schema->is_object() && schema->contains("$ref")) {
      schema = schema_reference(document_, (*schema)["$ref"].get_ref<const std::string&>());
      enter(schema, where);
    }
    const auto index = static_cast<SchemaIndex>(tree_.nodes.size());
    tree_.nodes.emplace_back();
    tree_.size += weights_.at(schema);
    if (schema->is_boolean()) {
      tree_.nodes[index].never = !schema->get<bool>();
    } else {
      SchemaNode node = demands_of(*schema);
      add_below(node, *schema, where);
      tree_.nodes[index] = std::move(node);
    }
    open_.resize(opened);
    return index;
  }

  void enter(const Json* schema, const std::string& where) {
    if (std::find(open_.begin(), open_.end(), schema) != open_.end()) {
      throw DefinitionError(where,
                            "leads back into itself by \"$ref\"; a schema that has no end is "
                            "refused, so state as many levels as inputs may have");
    }
    if (open_.size() >= payload_depth_max) {
      throw DefinitionError(where,
                            fmt::format("is more than {} schemas deep once every \"$ref\" is "
                                        "replaced by what it points to",
                                        payload_depth_max));
    }
    open_.push_back(schema);
  }

  static const Json* member(const Json& schema, const char* key) {
    const auto found = schema.find(key);
    return found == schema.end() ? nullptr : &*found;
  }

  static CountRange range(const Json& schema, const char* min, const char* max) {
    CountRange range;
    if (const Json* least = member(schema, min)) range.min = count_of(*least);
    if (const Json* most = member(schema, max)) range.max = count_of(*most);
    return range;
  }

  static std::uint8_t types_of(const Json& type) {
    std::uint8_t types = 0;
    for (const Json& name : type.is_array() ? type : Json::array({type})) {
      types |= schema_type(name.get_ref<const std::string&>()).value();
    }
    return types;
  }

  // What the value itself must be.
  static SchemaNode demands_of(const Json& schema) {
    SchemaNode node;
    if (const Json* type = member(schema, "type")) node.types = types_of(*type);
    node.one_of_values = member(schema, "enum");
    node.constant = member(schema, "const");
    node.minimum = member(schema, "minimum");
    node.maximum = member(schema, "maximum");
    node.above = member(schema, "exclusiveMinimum");
    node.below = member(schema, "exclusiveMaximum");
    node.multiple_of = member(schema, "multipleOf");
    node.required = member(schema, "required");
    node.length = range(schema, "minLength", "maxLength");
    node.items = range(schema, "minItems", "maxItems");
    node.members = range(schema, "minProperties", "maxProperties");
    const Json* unique = member(schema, "uniqueItems");
    node.unique_items = unique && unique->get<bool>();
    return node;
  }

  SchemaIndex add_if(const Json& schema, const char* key, const std::string& where) {
    const Json* found = member(schema, key);
    return found ? add(*found, schema_place(where, key)) : no_schema;
  }

  std::vector<SchemaIndex> add_list(const Json& schema, const char* key, const std::string& where) {
    std::vector<SchemaIndex> list;
    const Json* found = member(schema, key);
    if (!found || !found->is_array()) return list;
    const std::string place = schema_place(where, key);
    for (const Json& one : *found) {
      list.push_back(add(one, schema_place(place, std::to_string(list.size()))));
    }
    return list;
  }

  // In the order of names, which is that of the document.
  void add_named(SchemaNode::Named& named, const Json& object, const std::string& where) {
    for (auto one = object.begin(); one != object.end(); ++one) {
      if (!one->is_array())
        named.emplace_back(&one.key(), add(*one, schema_place(where, one.key())));
    }
  }

  void add_below(SchemaNode& node, const Json& schema, const std::string& where) {
    if (const Json* found = member(schema, "properties")) {
      add_named(node.properties, *found, schema_place(where, "properties"));
    }
    if (const Json* found = member(schema, "dependencies")) {
      add_named(node.dependent_schemas, *found, schema_place(where, "dependencies"));
      for (auto one = found->begin(); one != found->end(); ++one) {
        if (one->is_array()) node.dependent_names.emplace_back(&one.key(), &*one);
      }
    }
    node.additional_properties = add_if(schema, "additionalProperties", where);
    node.property_names = add_if(schema, "propertyNames", where);
    node.first_items = add_list(schema, "items", where);
    if (node.first_items.empty()) node.each_item = add_if(schema, "items", where);
    node.additional_items = add_if(schema, "additionalItems", where);
    node.contains = add_if(schema, "contains", where);
    node.condition = add_if(schema, "if", where);
    node.then = add_if(schema, "then", where);
    node.otherwise = add_if(schema, "else", where);
    node.negated = add_if(schema, "not", where);
    node.all_of = add_list(schema, "allOf", where);
    node.any_of = add_list(schema, "anyOf", where);
    node.one_of = add_list(schema, "oneOf", where);
    node.combines = node.condition != no_schema || node.negated != no_schema ||
                    !node.all_of.empty() || !node.any_of.empty() || !node.one_of.empty();
  }

  const Json& document_;
  const std::string& where_;
  const SchemaWeights& weights_;
  std::vector<const Json*> open_;  // From the root to what is added now, references included.
  SchemaTree tree_;
};

}  // namespace

std::optional<SchemaType> schema_type(std::string_view name) {
  for (const TypeName& known : type_names) {
    if (known.name == name) return known.type;
  }
  return std::nullopt;
}

const char* with_article(SchemaType type) {
  for (const TypeName& known : type_names) {
    if (known.type == type) return known.with_article;
  }
  return "anything";
}

const Json* schema_reference(const Json& document, const std::string& reference) {
  if (reference.empty() || reference.front() != '#') return nullptr;
  const auto tokens = split_pointer(std::string_view(reference).substr(1));
  return tokens ? value_at(document, *tokens, 0) : nullptr;
}

std::string schema_place(const std::string& where, std::string_view key) {
  std::string place = where + "/";
  for (const char c : clean_text(key, name_bytes_max)) {
    place += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  }
  return place;
}

SchemaTree schema_tree_of(const Json& document, const std::string& where,
                          const SchemaWeights& weights) {
  return TreeBuilder(document, where, weights).build();
}

}  // namespace skald

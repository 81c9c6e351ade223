#include "schema/input_schema.hpp"

#include <fmt/format.h>

#include "schema/check.hpp"
#include "schema/memory.hpp"
#include "schema/tree.hpp"

namespace skald {

struct CompiledSchema {
  explicit CompiledSchema(const JsonText& schema) : document(schema.value()) {
    const std::string where = "input_schema";
    tree = schema_tree_of(document, where, check_schema_keywords(Place(document, where)));
  }
  Json document;
  SchemaTree tree;
};

std::uint64_t schema_size_of(const Json& value) {
  std::uint64_t size = 1;
  if (value.is_string()) return size + value.get_ref<const std::string&>().size() / 64;
  if (!value.is_structured()) return size;
  for (auto member = value.begin(); member != value.end(); ++member) {
    if (value.is_object()) size += member.key().size() / 64;
    size += schema_size_of(*member);
  }
  return size;
}

void check_input_schema(const Place& place) {
  const std::size_t faults = place.faults();
  const SchemaWeights weights = check_schema_keywords(place);
  if (place.faults() == faults) (void)schema_tree_of(place.value(), place.where(), weights);
}

InputSchema::InputSchema(const JsonText& schema)
    : compiled_(std::make_shared<const CompiledSchema>(schema)) {}

InputSchema InputSchema::of(const JsonText& schema) {
  static SchemaMemory memory;
  return memory.of(schema);
}

std::uint64_t InputSchema::size() const { return compiled_->tree.size; }

std::optional<std::string> InputSchema::problem_of(const Json& input) const {
  const std::uint64_t input_size = schema_size_of(input);
  // A JSON text of a MiB holds fewer values than that many bytes, so this does not overflow.
  if (size() * input_size > schema_comparisons_max) {
    return fmt::format(
        "the input is too large for its definition's schema: its size {} times that "
        "of the schema, {}, is over the limit of {} comparisons; give a smaller "
        "input, or let the definition demand less",
        input_size, size(), schema_comparisons_max);
  }
  const auto problems = schema_problems(compiled_->tree, input);
  if (problems.empty()) return std::nullopt;
  std::string sentence = "the input does not match the definition's schema: ";
  for (std::size_t i = 0; i < problems.size(); ++i) {
    if (i > 0) sentence += "; ";
    sentence += i < schema_problems_max ? problems[i] : "and more";
  }
  return sentence;
}

}  // namespace skald

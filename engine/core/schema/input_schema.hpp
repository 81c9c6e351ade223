// What a definition demands of its sagas' inputs: JSON Schema, draft 7.
//
// Definitions and inputs come from outside, so whatever is accepted must be cheap to use: a schema
// has no regular expressions and no circles, its size is limited, and so is the work of holding an
// input against it. What goes beyond is refused, never left out. Numbers are compared exactly.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "json/strict_reader.hpp"
#include "skald/json.hpp"

namespace skald {

/// Schemas within one schema, references replaced by what they point to.
inline constexpr std::size_t schema_nodes_max = 1'000;
/// Size of the schema times size of the input.
inline constexpr std::uint64_t schema_comparisons_max = 2'000'000;
/// Problems that one refusal names.
inline constexpr std::size_t schema_problems_max = 5;

/// Refuses what is here when it is no schema that can be used. \throws DefinitionError, unless the
/// place collects
void check_input_schema(const Place& place);

struct CompiledSchema;

/// Ready for use; never changes, so that threads may share it. Cheap to copy.
class InputSchema {
 public:
  /// `schema` has passed check_input_schema(). \throws DefinitionError otherwise
  explicit InputSchema(const JsonText& schema);
  /// The same, from a bounded memory of those used last. Any thread.
  [[nodiscard]] static InputSchema of(const JsonText& schema);

  /// Why `input` does not fit, as a sentence that names places and demands but no value of it.
  [[nodiscard]] std::optional<std::string> problem_of(const Json& input) const;

  /// Schemas, names that are demanded, entries of `enum`, and one for each 64 bytes of their texts;
  /// `uniqueItems` counts as 20, because it sorts.
  [[nodiscard]] std::uint64_t size() const;

 private:
  std::shared_ptr<const CompiledSchema> compiled_;
};

/// Values, and one for each 64 bytes of their texts and names.
[[nodiscard]] std::uint64_t schema_size_of(const Json& value);

}  // namespace skald

// The `-o` option: how a verb writes its data.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "skald/json.hpp"

namespace CLI {
class App;
}

namespace skald::cli {

enum class Format { table, wide, json, jsonl, ids };

struct FormatOption {
  std::string name = "table";
  [[nodiscard]] Format format() const;
};

/// Adds `-o`, for a verb that offers these formats.
void add_to(CLI::App& app, FormatOption& option, const std::vector<std::string>& names);
/// Adds `-o` with all five.
void add_to(CLI::App& app, FormatOption& option);

/// Writes a JSON array bit by bit, so that long answers need no memory; or one value a line.
/// `[]` when nothing was added.
class JsonWriter {
 public:
  JsonWriter(std::ostream& out, Format format) : out_(out), lines_(format == Format::jsonl) {}
  void add(const Json& value);
  /// To be called once, after the last add().
  void finish();

 private:
  std::ostream& out_;
  bool lines_;
  bool first_ = true;
};

/// Writes one value: indented for json, on one line for jsonl.
void print_json(std::ostream& out, Format format, const Json& value);

}  // namespace skald::cli

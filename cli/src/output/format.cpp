#include "output/format.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <ostream>

#include "output/text.hpp"

namespace skald::cli {
namespace {

// As json_text(…, 2), moved in by two columns.
std::string element_text(const Json& value) {
  std::string out = "  ";
  for (const char c : json_text(value, 2)) {
    out += c;
    if (c == '\n') out += "  ";
  }
  return out;
}

}  // namespace

Format FormatOption::format() const {
  if (name == "wide") return Format::wide;
  if (name == "json") return Format::json;
  if (name == "jsonl") return Format::jsonl;
  if (name == "ids") return Format::ids;
  return Format::table;
}

void add_to(CLI::App& app, FormatOption& option, const std::vector<std::string>& names) {
  std::string help = "How to write it: ";
  for (const auto& name : names) help += (&name == &names.front() ? "" : ", ") + name;
  app.add_option("-o,--output-format", option.name, help)
      ->check(CLI::IsMember(names))
      ->type_name("FORMAT");
}

void add_to(CLI::App& app, FormatOption& option) {
  add_to(app, option, {"table", "wide", "json", "jsonl", "ids"});
}

void JsonWriter::add(const Json& value) {
  if (lines_) {
    out_ << json_text(value) << '\n';
    return;
  }
  out_ << (first_ ? "[\n" : ",\n") << element_text(value);
  first_ = false;
}

void JsonWriter::finish() {
  if (lines_) return;
  out_ << (first_ ? "[]\n" : "\n]\n");
}

void print_json(std::ostream& out, Format format, const Json& value) {
  out << json_text(value, format == Format::jsonl ? -1 : 2) << '\n';
}

}  // namespace skald::cli

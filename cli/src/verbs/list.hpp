// `skald list`: sagas by filter, newest first.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "filter_options.hpp"
#include "output/format.hpp"

namespace CLI {
class App;
}

namespace skald::cli {

struct Context;

struct ListOptions {
  FilterOptions filter;
  FormatOption format;
  std::optional<std::size_t> limit;  ///< Absent: 50 for tables, none for ids and jsonl. 0: none.
  std::string after;                 ///< Id of the last saga of the page before.
};

void add_to(CLI::App& app, ListOptions& options);
[[nodiscard]] int run(const ListOptions& options, Context& context);

}  // namespace skald::cli

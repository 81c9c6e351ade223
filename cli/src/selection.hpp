// Which sagas a verb is to work on: ids, ids on standard input, or a filter.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "context.hpp"
#include "filter_options.hpp"
#include "saga_pages.hpp"
#include "skald/decide.hpp"

namespace skald::cli {

struct SelectionOptions {
  std::vector<std::string> ids;  ///< `-` stands for those on standard input.
  FilterOptions filter;
  std::size_t limit = 0;  ///< 0: all.
};

/// `with_step` as for FilterOptions.
void add_to(CLI::App& app, SelectionOptions& options, bool with_step = true);

/// One saga that was asked for.
struct Selected {
  std::string text;          ///< As it was given.
  std::optional<SagaId> id;  ///< Nothing when it stands for no saga; then `problem` says why.
  std::optional<Refusal> problem;
};

struct Selection {
  std::vector<Selected> sagas;
  bool named_one = false;  ///< One id was given, and nothing else.
};

/// \throws Refused (invalid) when neither ids nor a filter are given, or both.
[[nodiscard]] Selection select_sagas(const SelectionOptions& options, SagaPages& pages,
                                     const Context& context);

}  // namespace skald::cli

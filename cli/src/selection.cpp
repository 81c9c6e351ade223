#include "selection.hpp"

#include <CLI/CLI.hpp>
#include <iomanip>
#include <istream>

#include "skald/error.hpp"
#include "text_options.hpp"

namespace skald::cli {
namespace {

constexpr std::size_t ids_limit = 1'000'000;
constexpr int word_bytes_max = 1'024;  // What is longer is no id, and may have no end.

std::vector<std::string> given_ids(const SelectionOptions& options, const Context& context) {
  std::vector<std::string> ids;
  for (const auto& text : options.ids) {
    if (text != "-") {
      ids.push_back(text);
      continue;
    }
    for (std::string word; context.in >> std::setw(word_bytes_max) >> word;) {
      if (ids.size() == ids_limit) {
        throw Refused(Refused::Code::invalid, "more than a million ids on standard input");
      }
      ids.push_back(word);
    }
  }
  return ids;
}

Selected find(const std::string& text, SagaPages& pages) {
  const auto found = pages.find(text);
  if (const auto* problem = std::get_if<Refusal>(&found)) return {text, std::nullopt, *problem};
  return {text, std::get<SagaId>(found), std::nullopt};
}

}  // namespace

void add_to(CLI::App& app, SelectionOptions& options, bool with_step) {
  app.add_option("id", options.ids, "Saga ids, or beginnings of them; - reads them from stdin")
      ->type_name("ID");
  add_to(app, options.filter, with_step);
  app.add_option("--limit", options.limit, "At most N sagas of the filter")
      ->check(valid_count(0))
      ->type_name("N")
      ->group("Filter");
}

Selection select_sagas(const SelectionOptions& options, SagaPages& pages, const Context& context) {
  const SagaFilter filter = options.filter.filter(context.clock.now());
  if (options.ids.empty() == filter.empty()) {
    throw Refused(Refused::Code::invalid, options.ids.empty()
                                              ? "name sagas by id, or choose them by a filter"
                                              : "give ids or a filter, not both");
  }
  Selection selection;
  if (!options.ids.empty()) {
    for (const auto& text : given_ids(options, context)) {
      selection.sagas.push_back(find(text, pages));
    }
    selection.named_one = options.ids.size() == 1 && options.ids.front() != "-";
    return selection;
  }
  pages.each(filter, {}, [&](const SagaSummary& summary) {
    selection.sagas.push_back({summary.id.to_string(), summary.id, std::nullopt});
    return options.limit == 0 || selection.sagas.size() < options.limit;
  });
  return selection;
}

}  // namespace skald::cli

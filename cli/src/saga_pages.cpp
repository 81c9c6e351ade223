#include "saga_pages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "output/text.hpp"
#include "skald/error.hpp"
#include "skald/expansion.hpp"

namespace skald::cli {
namespace {

constexpr std::size_t page_size = 500;
constexpr std::size_t candidates_named = 4;
constexpr std::size_t id_length = 36;

// In lower case, as ids are stored; nothing for what begins no id.
std::optional<std::string> prefix_of(std::string_view text) {
  std::string prefix(text);
  std::transform(prefix.begin(), prefix.end(), prefix.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const bool fits = !prefix.empty() && prefix.size() <= id_length &&
                    prefix.find_first_not_of("0123456789abcdef-") == std::string::npos;
  return fits ? std::optional(prefix) : std::nullopt;
}

}  // namespace

std::variant<SagaId, Refusal> SagaPages::find(std::string_view text) {
  const auto prefix = prefix_of(text);
  if (!prefix) {
    return Refusal{Refused::Code::invalid,
                   fmt::format("'{}' is not a saga id: give its 36 characters or the first few",
                               printable(text))};
  }
  const auto found = reader_.find_by_prefix(*prefix, candidates_named + 1);
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    return Refusal{Refused::Code::not_found, fmt::format("no saga has the id {}", *prefix)};
  }
  std::string names;
  for (std::size_t i = 0; i < std::min(found.size(), candidates_named); ++i) {
    names += (i > 0 ? ", " : "") + found[i].to_string();
  }
  if (found.size() > candidates_named) names += ", …";
  return Refusal{Refused::Code::invalid,
                 fmt::format("{} begins several ids, give more of it: {}", *prefix, names)};
}

SagaId SagaPages::resolve(std::string_view text) {
  const auto found = find(text);
  if (const auto* problem = std::get_if<Refusal>(&found)) {
    throw Refused(problem->code, problem->message);
  }
  return std::get<SagaId>(found);
}

FoldedSaga SagaPages::load(const SagaId& id) {
  FoldedSaga folded;
  folded.rows = reader_.journal(id);
  if (folded.rows.empty()) {
    throw Refused(Refused::Code::not_found, "no saga has the id " + id.to_string());
  }
  folded.saga = fold(folded.rows);
  DefinitionPtr& definition = definitions_[folded.saga.definition];
  if (!definition) definition = reader_.definition(folded.saga.definition);
  if (!definition) {
    throw StoreError(StoreError::Kind::corrupt,
                     fmt::format("saga {}: the store lacks its definition {} v{}", id.to_string(),
                                 folded.saga.type, folded.saga.definition_version));
  }
  auto effective = effective_definition(definition, folded.saga.input);
  if (const auto* problem = std::get_if<std::string>(&effective)) {
    throw StoreError(
        StoreError::Kind::corrupt,
        fmt::format("saga {} does not fit its definition: its input {}", id.to_string(), *problem));
  }
  folded.definition = std::get<DefinitionPtr>(std::move(effective));
  return folded;
}

bool SagaPages::matches_whole(const SagaFilter& filter, const SagaId& id) {
  if (filter.by_summary_only()) return true;
  const FoldedSaga folded = load(id);
  return matches(filter, *folded.definition, folded.saga);
}

void SagaPages::each(const SagaFilter& filter, const SagaId& after,
                     const std::function<bool(const SagaSummary&)>& visit) {
  Cursor cursor{after};
  for (;;) {
    const auto page = reader_.list(filter, cursor, page_size);
    for (const SagaSummary& summary : page) {
      if (matches_whole(filter, summary.id) && !visit(summary)) return;
    }
    if (page.size() < page_size) return;
    cursor.after = page.back().id;
  }
}

std::uint64_t SagaPages::count(const SagaFilter& filter) {
  if (filter.by_summary_only()) return reader_.count(filter);
  std::uint64_t count = 0;
  each(filter, {}, [&](const SagaSummary&) {
    ++count;
    return true;
  });
  return count;
}

}  // namespace skald::cli

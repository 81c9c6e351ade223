#include "saga_pages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <exception>
#include <new>

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

std::vector<SagaSummary> SagaPages::with_key(std::string_view key) const {
  SagaFilter filter;
  filter.keys = {std::string(key)};
  auto found = reader_.list(filter, {}, page_size);
  std::stable_partition(found.begin(), found.end(),
                        [](const SagaSummary& saga) { return saga.holds_key; });
  return found;
}

std::variant<SagaId, Refusal> SagaPages::find_key(std::string_view key) const {
  const auto found = with_key(key);
  if (found.empty()) {
    return Refusal{Refused::Code::not_found, fmt::format("no saga has the business key '{}'", key)};
  }
  // A key is unique within a type; those that a replay took it from are not meant.
  std::size_t holders = 0;
  while (holders < found.size() && found[holders].holds_key) ++holders;
  if (holders == 1 || found.size() == 1) return found.front().id;
  const std::size_t count = std::min(holders > 0 ? holders : found.size(), candidates_named);
  std::string names;
  for (std::size_t i = 0; i < count; ++i) {
    names += fmt::format("{}{} ({})", i > 0 ? ", " : "", found[i].id.to_string(), found[i].type);
  }
  return Refusal{
      Refused::Code::invalid,
      fmt::format("several sagas have the business key '{}', give an id: {}", key, names)};
}

std::string SagaPages::key_hint(std::string_view text) const {
  if (text.empty() || with_key(text).empty()) return {};
  return fmt::format("; it is a business key: write {}{} or --key", key_prefix, text);
}

std::variant<SagaId, Refusal> SagaPages::find(std::string_view text) {
  if (text.starts_with(key_prefix)) return find_key(text.substr(std::strlen(key_prefix)));
  const auto prefix = prefix_of(text);
  if (!prefix) {
    return Refusal{Refused::Code::invalid,
                   fmt::format("'{}' is not a saga id: give its 36 characters or the first few{}",
                               printable(text), key_hint(text))};
  }
  const auto found = reader_.find_by_prefix(*prefix, candidates_named + 1);
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    return Refusal{Refused::Code::not_found,
                   fmt::format("no saga has the id {}{}", *prefix, key_hint(text))};
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

DefinitionPtr SagaPages::definition(const Digest& digest) {
  DefinitionPtr& definition = definitions_[digest];
  if (!definition) definition = reader_.definition(digest);
  return definition;
}

FoldedSaga SagaPages::read(const SagaId& id, std::vector<JournalRow> rows) {
  FoldedSaga folded;
  folded.rows = std::move(rows);
  folded.saga = fold(folded.rows);
  if (folded.saga.id != id) throw Error("its journal is that of another saga");
  const DefinitionPtr found = definition(folded.saga.definition);
  if (!found) {
    throw Error(fmt::format("the store lacks its definition {} v{}", folded.saga.type,
                            folded.saga.definition_version));
  }
  auto effective = effective_definition(found, folded.saga.input);
  if (const auto* problem = std::get_if<std::string>(&effective)) {
    throw Error("it does not fit its definition: its input " + *problem);
  }
  folded.definition = std::get<DefinitionPtr>(std::move(effective));
  if (folded.definition->steps.size() != folded.saga.steps.size()) {
    throw Error(fmt::format("it has {} steps, its definition {}", folded.saga.steps.size(),
                            folded.definition->steps.size()));
  }
  return folded;
}

std::variant<FoldedSaga, UnreadableSaga> SagaPages::try_load(const SagaId& id) {
  UnreadableSaga unreadable{id, std::nullopt, {}};
  try {
    unreadable.summary = reader_.summary(id);
    auto rows = reader_.journal(id);
    if (!rows.empty()) return read(id, std::move(rows));
    if (!unreadable.summary) {
      throw Refused(Refused::Code::not_found, "no saga has the id " + id.to_string());
    }
    unreadable.problem = "the store has a row of it, but no journal";
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const Refused&) {
    throw;
  } catch (const StoreError& error) {
    const bool of_this_saga =
        error.kind() == StoreError::Kind::corrupt || error.kind() == StoreError::Kind::newer;
    if (!of_this_saga) throw;
    unreadable.problem = error.what();
  } catch (const std::exception& error) {
    unreadable.problem = error.what();  // Whatever damage can lead to, it is this saga's alone.
  }
  std::string who = id.to_string();
  if (const auto& known = unreadable.summary) {
    who += fmt::format(" ({} v{}, {})", known->type, known->definition_version,
                       to_string(known->status));
  }
  // One that has ended needs nobody to close it.
  const bool ended = unreadable.summary && is_end(unreadable.summary->status);
  const std::string closing =
      ended ? "" : fmt::format("`skald abandon {}` closes it, ", id.to_string());
  unreadable.problem =
      fmt::format("saga {} cannot be read: {}; {}`skald store check` looks for more damage", who,
                  unreadable.problem, closing);
  return unreadable;
}

FoldedSaga SagaPages::load(const SagaId& id) {
  auto loaded = try_load(id);
  if (const auto* unreadable = std::get_if<UnreadableSaga>(&loaded)) {
    throw StoreError(StoreError::Kind::corrupt, unreadable->problem);
  }
  return std::get<FoldedSaga>(std::move(loaded));
}

bool SagaPages::matches_whole(const SagaFilter& filter, const SagaId& id) {
  if (filter.by_summary_only()) return true;
  const auto loaded = try_load(id);
  if (const auto* unreadable = std::get_if<UnreadableSaga>(&loaded)) {
    if (passed_over_++ == 0) first_passed_over_ = unreadable->problem;
    return false;
  }
  const auto& folded = std::get<FoldedSaga>(loaded);
  return matches(filter, *folded.definition, folded.saga);
}

std::string SagaPages::about_passed_over() const {
  if (passed_over_ < 2) return first_passed_over_;
  return fmt::format("{} sagas cannot be read and were passed over; the first: {}", passed_over_,
                     first_passed_over_);
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

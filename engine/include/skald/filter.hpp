// The one filter grammar for choosing sagas: CLI, control socket, and whatever comes later.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "skald/definition.hpp"
#include "skald/saga.hpp"
#include "skald/time.hpp"

namespace skald {

/// `input./customer = "c-7"`: a value of the saga compared with a JSON value. The left side is
/// `input`, `output` or `steps.<name>.output`, followed by a JSON Pointer.
struct WhereClause {
  enum class Op : std::uint8_t {
    equal,
    not_equal,
    less,
    less_equal,
    greater,
    greater_equal,
    exists
  };
  std::string pointer;  ///< Into the saga's document: `/input/customer`.
  Op op = Op::equal;
  JsonText value;  ///< Unused for `exists`.

  /// \throws Refused (invalid) with the place and the mend.
  [[nodiscard]] static WhereClause parse(std::string_view text);
};

/// All conditions that are given must hold; a list holds when any of its values does.
struct SagaFilter {
  std::vector<Status> statuses;
  std::vector<std::string> types;
  std::vector<std::string> keys;
  std::vector<std::string> steps;  ///< The step it is at: dispatched, waiting, stuck or failed.
  std::vector<std::string> error_codes;
  std::optional<std::uint32_t> attempts_ge;  ///< Some step has at least so many attempts.
  std::optional<Time> started_before;
  std::optional<Time> started_after;
  std::vector<WhereClause> where;

  /// True when a summary suffices to decide: no step, attempts or where condition.
  [[nodiscard]] bool by_summary_only() const {
    return steps.empty() && !attempts_ge && where.empty();
  }
  [[nodiscard]] bool empty() const;
};

/// The conditions that a summary can answer.
[[nodiscard]] bool matches_summary(const SagaFilter& filter, const SagaSummary& summary);
/// All conditions.
[[nodiscard]] bool matches(const SagaFilter& filter, const Definition& definition,
                           const Saga& saga);

}  // namespace skald

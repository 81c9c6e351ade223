// The grammar of `--where`: a place in the saga, an operator, a JSON value.

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "json/pointer.hpp"
#include "json/strict_reader.hpp"
#include "skald/filter.hpp"

namespace skald {

namespace {

using Op = WhereClause::Op;

struct Operator {
  std::string_view text;
  Op op;
};
// Longer ones first, because "<" begins "<=", too.
constexpr std::array<Operator, 6> operators{{{"!=", Op::not_equal},
                                             {"<=", Op::less_equal},
                                             {">=", Op::greater_equal},
                                             {"=", Op::equal},
                                             {"<", Op::less},
                                             {">", Op::greater}}};

[[noreturn]] void refuse(std::string_view clause, const std::string& what) {
  throw Refused(Refused::Code::invalid, fmt::format("where '{}': {}", clause, what));
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(space);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

// `input`, `output` or `steps.<name>.output` as a pointer into the saga; nothing else is one.
std::optional<std::string> payload_pointer(std::string_view payload) {
  constexpr std::string_view prefix = "steps.";
  constexpr std::string_view suffix = ".output";
  if (payload == "input" || payload == "output") return fmt::format("/{}", payload);
  if (payload.size() <= prefix.size() + suffix.size()) return std::nullopt;
  if (!payload.starts_with(prefix) || !payload.ends_with(suffix)) return std::nullopt;
  payload.remove_prefix(prefix.size());
  payload.remove_suffix(suffix.size());
  if (!is_name(payload)) return std::nullopt;
  return fmt::format("/steps/{}/output", payload);
}

std::string read_place(std::string_view clause, std::string_view place) {
  // A step's name holds no slash, so the first one begins the pointer.
  const std::size_t slash = place.find("./");
  const std::string_view pointer =
      slash == std::string_view::npos ? std::string_view{} : place.substr(slash + 1);
  const auto payload = payload_pointer(place.substr(0, slash));
  if (!payload) {
    refuse(clause, fmt::format("\"{}\" is no place in a saga; begin with input, output or "
                               "steps.<name>.output, then a JSON Pointer as in input./customer",
                               place));
  }
  if (!split_pointer(pointer)) {
    refuse(clause, fmt::format("\"{}\" is no JSON Pointer; \"~\" is written as ~0", pointer));
  }
  return fmt::format("{}{}", *payload, pointer);
}

JsonText read_value(std::string_view clause, std::string_view value) {
  if (value.empty()) refuse(clause, "a value is missing after the operator");
  try {
    return JsonText::parse(value);
  } catch (const JsonError& error) {
    refuse(clause, fmt::format("the value is not JSON ({}); a text needs double quotes, as in "
                               "input./customer = \"c-7\"",
                               error.what()));
  }
}

}  // namespace

WhereClause WhereClause::parse(std::string_view text) {
  const std::string_view clause = trim(text);
  if (clause.empty())
    refuse(clause, "is empty; give a condition such as input./customer = \"c-7\"");
  const std::size_t place_end = std::min(clause.find_first_of(" \t\r\n=!<>"), clause.size());
  const std::string_view rest = trim(clause.substr(place_end));
  WhereClause result;
  result.pointer = read_place(clause, clause.substr(0, place_end));
  if (rest == "exists") {
    result.op = Op::exists;
    return result;
  }
  for (const Operator& known : operators) {
    if (!rest.starts_with(known.text)) continue;
    result.op = known.op;
    result.value = read_value(clause, trim(rest.substr(known.text.size())));
    return result;
  }
  refuse(clause, "an operator is missing; use =, !=, <, <=, >, >= or exists");
}

}  // namespace skald

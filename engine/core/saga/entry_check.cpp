#include "saga/entry_check.hpp"

#include <fmt/format.h>

#include "skald/text.hpp"

namespace skald {

std::optional<Refusal> refuse_name(const char* what, const std::string& name) {
  const auto problem = name_problem(name);
  if (!problem) return std::nullopt;
  return Refusal{Refused::Code::invalid, fmt::format("the {} {}", what, *problem)};
}

std::optional<Refusal> clean(Requester& requester) {
  requester.reason = clean_text(requester.reason);
  return requester.by.empty() ? std::nullopt : refuse_name("operator's name", requester.by);
}

}  // namespace skald

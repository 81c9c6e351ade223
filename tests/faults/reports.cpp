#include "reports.hpp"

#include <sstream>

#include "world.hpp"

namespace skald::faults {

using testing::Invariant;

void Reports::take(const std::string& line) {
  std::istringstream words(line);
  std::string fact;
  words >> fact;
  if (fact == "quiet") quiet_ = true;
  if (fact == "resumed") words >> resumed_;
  if (fact != "started") return;
  std::uint64_t number = 0;
  std::string text;
  words >> number >> text;
  const SagaId id = SagaId::parse(text).value_or(SagaId{});
  const auto [known, fresh] = acknowledged_.emplace(key_of(number), id);
  if (!fresh) ++starts_repeated_;
  findings_.expect(Invariant::I1, known->second == id, "{} was acknowledged as {} and as {}",
                   known->first, known->second.to_string(), id.to_string());
  started_.insert(number);
}

void Reports::take_lines(Process& engine, Moment until) {
  while (!quiet_) {
    const auto line = engine.line(until);
    if (!line) return;
    take(*line);
  }
}

bool Reports::await(const std::string& fact, Process& engine, Moment until) {
  while (auto line = engine.line(until)) {
    if (*line == fact) return true;
    take(*line);
  }
  return false;
}

std::uint64_t Reports::first_missing() const {
  std::uint64_t first = 0;
  while (started_.contains(first)) ++first;
  return first;
}

}  // namespace skald::faults

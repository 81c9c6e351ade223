// Definitions and plans from a seed.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "plan.hpp"

namespace skald::simulation {

/// A plan as it is generated and made smaller: definitions still as documents.
struct Draft {
  std::vector<Json> definitions;
  std::vector<testing::PlannedStart> starts;
  std::vector<testing::PlannedRequest> requests;
  Duration calm_at{0};
  std::size_t cached_sagas_limit = 200'000;

  /// \throws DefinitionError when a definition lost something that it needs.
  [[nodiscard]] testing::Plan plan() const;
};

/// A sequence of numbers that is the same on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  /// From 0 to `limit` - 1.
  std::uint64_t below(std::uint64_t limit) { return next() % limit; }
  bool chance(unsigned percent) { return below(100) < percent; }

 private:
  std::uint64_t state_;
};

[[nodiscard]] Draft generate(std::uint64_t seed);

}  // namespace skald::simulation

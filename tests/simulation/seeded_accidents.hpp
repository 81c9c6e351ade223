// Accidents drawn from a seed. Each kind has a rate of its own in each schedule, often none at all,
// so that some schedules see few kinds of accidents many times (swarm testing).
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "accidents.hpp"

namespace skald::simulation {

using Occurrence = std::pair<testing::Accident, testing::Label>;

class SeededAccidents final : public testing::Accidents {
 public:
  /// Only those in `allowed` may happen, if it is given.
  explicit SeededAccidents(std::uint64_t seed, const std::set<Occurrence>* allowed = nullptr);

  [[nodiscard]] bool happens(testing::Accident accident, testing::Label occasion) override;
  [[nodiscard]] std::uint64_t pick(testing::Label occasion, std::uint64_t limit) override;
  void heal() override { healed_ = true; }

  [[nodiscard]] const std::vector<Occurrence>& happened() const { return happened_; }

 private:
  std::uint64_t seed_;
  const std::set<Occurrence>* allowed_;
  std::array<std::uint32_t, testing::accident_count> rates_{};  ///< Per 65536.
  std::vector<Occurrence> happened_;
  bool healed_ = false;
};

}  // namespace skald::simulation

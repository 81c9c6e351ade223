// Accidents drawn from a seed at stated rates: random schedules for the sagas of users.
#pragma once

#include <optional>
#include <string>

#include "accidents.hpp"
#include "skald/testing.hpp"

namespace skald::testing {

/// `random:fail=0.05,…,seed=7`: rates and seed of one schedule.
[[nodiscard]] std::string name_of(const Fire& fire);
/// Nothing on any other text.
[[nodiscard]] std::optional<Fire> parse_fire(const std::string& name);
/// \throws Error when a rate is no share.
void require_rates(const Fire& fire);

class RandomAccidents final : public Accidents {
 public:
  explicit RandomAccidents(const Fire& fire) : fire_(fire) {}
  [[nodiscard]] bool happens(Accident accident, Label occasion) override;
  [[nodiscard]] std::uint64_t pick(Label occasion, std::uint64_t limit) override {
    return mix(fire_.seed, occasion, 3) % limit;
  }
  void heal() override {}

  [[nodiscard]] std::uint64_t happened() const { return happened_; }

 private:
  [[nodiscard]] double rate_of(Accident accident) const;

  const Fire fire_;
  std::uint64_t happened_ = 0;
  std::uint64_t crashes_ = 0;
};

}  // namespace skald::testing

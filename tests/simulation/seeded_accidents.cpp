#include "seeded_accidents.hpp"

namespace skald::simulation {

using testing::Accident;
using testing::accident_count;
using testing::Label;
using testing::mix;

namespace {

struct Rate {
  unsigned schedules_percent;  // In how many schedules this kind of accident can happen.
  unsigned percent_max;        // Then, of its occasions at most so many.
};

constexpr Rate rate_of(Accident accident) {
  switch (accident) {
    case Accident::crash_before_commit:
    case Accident::crash_after_commit:
    case Accident::crash_while_sending:
    case Accident::crash_before_receipt: return {30, 8};
    case Accident::crash_in_recovery: return {30, 15};
    case Accident::clean_stop: return {20, 50};
    case Accident::takeover: return {15, 50};
    case Accident::store_full: return {20, 25};
    case Accident::lose_command:
    case Accident::repeat_command:
    case Accident::delay_command:
    case Accident::lose_reply:
    case Accident::repeat_reply:
    case Accident::delay_reply: return {40, 30};
    case Accident::lose_at_crash: return {60, 80};
    case Accident::lose_reply_at_crash: return {30, 90};
    case Accident::redeliver_reply: return {40, 50};
    case Accident::forge_reply: return {10, 20};
    case Accident::no_room: return {25, 60};
    case Accident::engine_busy: return {40, 60};
    case Accident::commit_aside: return {60, 90};
    case Accident::clock_forward:
    case Accident::clock_back: return {30, 60};
    case Accident::rejected: return {70, 25};
    case Accident::failed: return {60, 40};
    case Accident::unknown:
    case Accident::silence: return {50, 30};
    case Accident::pending: return {30, 40};
    case Accident::contradiction: return {10, 50};
    case Accident::momentary_owner: return {40, 90};
    case Accident::handler_kills: return {60, 15};
  }
  return {0, 0};
}

}  // namespace

SeededAccidents::SeededAccidents(std::uint64_t seed, const std::set<Occurrence>* allowed)
    : seed_(mix(seed, 99)), allowed_(allowed) {
  for (std::size_t i = 0; i < accident_count; ++i) {
    const Rate rate = rate_of(static_cast<Accident>(i));
    const std::uint64_t draw = mix(seed_, i, 1);
    if (draw % 100 >= rate.schedules_percent) continue;
    rates_[i] = static_cast<std::uint32_t>((1 + (draw >> 20U) % rate.percent_max) * 65536 / 100);
  }
}

bool SeededAccidents::happens(Accident accident, Label occasion) {
  const auto kind = static_cast<std::size_t>(accident);
  if (healed_ || rates_[kind] == 0) return false;
  if (mix(seed_, kind, occasion, 2) % 65536 >= rates_[kind]) return false;
  const Occurrence occurrence{accident, occasion};
  if (allowed_ && allowed_->count(occurrence) == 0) return false;
  happened_.push_back(occurrence);
  return true;
}

std::uint64_t SeededAccidents::pick(Label occasion, std::uint64_t limit) {
  return mix(seed_, occasion, 3) % limit;
}

}  // namespace skald::simulation

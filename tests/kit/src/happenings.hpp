// What came to pass in a world, counted: a kind of thing that never happens is not tested, however
// many schedules are run.
#pragma once

#include <array>
#include <cstdint>

namespace skald::testing {

enum class Happening : std::uint8_t {
  child_started,
  grandchild_started,
  child_recalled,    ///< A child was turned back by its parent after it had completed.
  child_stopped,     ///< A child was turned back by its parent on its way forward.
  child_left_alone,  ///< A saga was abandoned while a child of it was under way.
  depth_refused,     ///< A child would have been nested too deep.
  delayed_start,     ///< A saga was started for later.
  attempt_hedged,    ///< Another attempt went out beside one without answer.
  hedge_overtaken,   ///< An attempt was answered after another one had gone out beside it.
  breaker_opened,    ///< By the checker's account.
  breaker_probed,    ///< A command went out while the breaker was half open.
  held_by_breaker,   ///< Batches after which a line was held by this policy.
  held_by_bulkhead,
  held_by_rate_limit,
  held_by_retry_budget,
  start_refused,    ///< Because too many waited for a participant.
  momentary_start,  ///< By an owner without an engine.
  momentary_request,
  momentary_crash,  ///< Such an owner died.
  locks_awaited,
  locks_granted,
  condition_false,
  sleep_ended,
  signal_taken,
  signal_missed,
  list_gathered,
  saga_parked,  ///< Batches after which of some saga only its unanswered attempts were in memory.
  committed_aside,    ///< A batch was committed while the next turn could be decided.
  decided_meanwhile,  ///< Arrivals were.
  rolled_back_aside,  ///< The store had no room for such a batch.
  handler_killed,     ///< A command ended the engine that carried it out.
  interrupted,        ///< A command was carried out again after that, or another end.
  ended_too_often,    ///< It was not, since the engine had ended so often.
  siblings_awaited,   ///< A failure waited for the steps beside it.
  undone_beside,      ///< A compensation went out while another one was under way.
  key_handed_over,    ///< By a saga that had ended.
  message_noted,      ///< One in quarantine, in the history of its saga.
  signal_with_id,
};
inline constexpr std::size_t happening_count = 38;
[[nodiscard]] const char* to_string(Happening happening);

class Happenings {
 public:
  void note(Happening happening, std::uint64_t times = 1) {
    counts_[static_cast<std::size_t>(happening)] += times;
  }
  void add(const Happenings& other) {
    for (std::size_t i = 0; i < happening_count; ++i) counts_[i] += other.counts_[i];
  }
  [[nodiscard]] std::uint64_t of(Happening happening) const {
    return counts_[static_cast<std::size_t>(happening)];
  }

 private:
  std::array<std::uint64_t, happening_count> counts_{};
};

}  // namespace skald::testing

// Which stories there are.
#include "stories.hpp"

namespace skald::faults {

const std::vector<StoryEntry>& stories() {
  static const std::vector<StoryEntry> all{
      {"F11-buffers", tell_buffers, {Invariant::I15}},
      {"F11-cuts", tell_cuts, {Invariant::I5, Invariant::I6}},
      {"F11-load", tell_load, {Invariant::I5, Invariant::I6}},
      {"F11-silence", tell_silence, {Invariant::I15}},
      {"F12-alarm", tell_alarm, {Invariant::I15}},
      {"F13-outages", tell_outages, {Invariant::I5, Invariant::I6}},
      {"F13-queues", tell_queues, {Invariant::I15}},
      {"F14-confirms", tell_confirms, {Invariant::I5, Invariant::I6}},
      {"F15-replies", tell_replies, {Invariant::I4, Invariant::I5, Invariant::I8}},
      {"F20-breaker", tell_breaker, {Invariant::I12}},
      {"F20-stuck", tell_stuck, {Invariant::I12}},
  };
  return all;
}

}  // namespace skald::faults

// Which stories there are.
#include "stories.hpp"

namespace skald::faults {

const std::vector<StoryEntry>& stories() {
  static const std::vector<StoryEntry> all{
      {"F11-buffers", tell_buffers, true}, {"F11-cuts", tell_cuts, true},
      {"F11-load", tell_load, true},       {"F11-silence", tell_silence, true},
      {"F12-alarm", tell_alarm, true},     {"F13-outages", tell_outages, false},
      {"F13-queues", tell_queues, true},   {"F14-confirms", tell_confirms, true},
      {"F15-replies", tell_replies, true}, {"F20-breaker", tell_breaker, true},
      {"F20-stuck", tell_stuck, true},
  };
  return all;
}

}  // namespace skald::faults

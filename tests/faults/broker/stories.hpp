// The stories, by the file that tells them.
#pragma once

#include "story.hpp"

namespace skald::faults {

void tell_buffers(Story& story);   // network_buffers.cpp
void tell_cuts(Story& story);      // network_cuts.cpp
void tell_load(Story& story);      // network_load.cpp
void tell_silence(Story& story);   // network_silence.cpp
void tell_alarm(Story& story);     // alarm.cpp
void tell_outages(Story& story);   // outages.cpp
void tell_queues(Story& story);    // outages.cpp
void tell_confirms(Story& story);  // confirms.cpp
void tell_replies(Story& story);   // replies.cpp
void tell_breaker(Story& story);   // compensations.cpp
void tell_stuck(Story& story);     // compensations.cpp

}  // namespace skald::faults

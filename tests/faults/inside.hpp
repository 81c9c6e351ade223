// The participants of an engine without broker, and the channel to them.
#pragma once

#include <memory>
#include <vector>

#include "mutants.hpp"
#include "skald/in_process_channel.hpp"
#include "world.hpp"

namespace skald::faults {

class InsideParticipants {
 public:
  InsideParticipants(const Files& files, std::uint64_t seed, const Pace& pace, Mutant mutant);
  /// See PlannedParticipant.
  void undo_outside();
  [[nodiscard]] Channel& channel() { return channel_; }

 private:
  std::vector<std::unique_ptr<PlannedParticipant>> participants_;
  InProcessChannel channel_;
};

}  // namespace skald::faults

// The far end of the channel: what becomes of a command that was sent, in process or over the wire.
#pragma once

#include <optional>
#include <vector>

#include "coordinator/arrivals.hpp"
#include "skald/edge_data.hpp"
#include "tally.hpp"

namespace skald::faults {

class Answers {
 public:
  Answers(testing::EdgeData& edge, Tally& tally) : edge_(edge), tally_(tally) {}

  /// What the engine hears of this command: that it was sent and confirmed, and an answer.
  [[nodiscard]] std::vector<Arrival> to(const Command& command, Time now);
  /// The same of a participant that keeps the rules.
  [[nodiscard]] static std::vector<Arrival> kindly_to(const Command& command);
  /// A message that nobody waits for, about this command; and its dead letter.
  [[nodiscard]] Arrival stray(const Command& command, Time now);

 private:
  [[nodiscard]] Arrival in_process(const Command& command);
  [[nodiscard]] Arrival over_the_wire(const Command& command, Time now);
  [[nodiscard]] Arrival decoded(const WireMessage& message, const DecodedReply& reply);

  testing::EdgeData& edge_;
  Tally& tally_;
};

}  // namespace skald::faults

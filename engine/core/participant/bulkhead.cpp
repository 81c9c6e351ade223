#include "skald/bulkhead.hpp"

namespace skald {

bool BulkheadPolicy::admits(const BulkheadState& state, CommandClass command) const {
  if (state.in_flight() >= max_in_flight) return false;
  if (command == CommandClass::undoing) return true;
  return state.actions < max_in_flight - reserved_share(max_in_flight);
}

BulkheadState BulkheadPolicy::issued(BulkheadState state, CommandClass command) {
  ++(command == CommandClass::undoing ? state.undoing : state.actions);
  return state;
}

BulkheadState BulkheadPolicy::ended(BulkheadState state, CommandClass command) {
  std::uint32_t& count = command == CommandClass::undoing ? state.undoing : state.actions;
  if (count > 0) --count;
  return state;
}

}  // namespace skald

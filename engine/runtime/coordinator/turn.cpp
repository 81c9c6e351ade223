#include "coordinator/turn.hpp"

#include <iterator>

namespace skald {
namespace {

template <typename T>
void move_to(std::vector<T>& all, std::vector<T>& more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

void Turn::clear() {
  batch.appends.clear();
  batch.summaries.clear();
  batch.quarantined.clear();
  batch.watermarks.clear();
  batch.participants.clear();
  batch.snapshots.clear();
  first = 0;
  effects.clear();
  touched.clear();
  receipts.clear();
  starts.clear();
  answers.clear();
  refusals.clear();
  keys.clear();
  ended.clear();
  settled.clear();
  placed.clear();
  waking.clear();
  arrivals.clear();
  bytes = 0;
  alone = false;
}

void Turn::absorb(Turn& later) {
  move_to(touched, later.touched);
  move_to(starts, later.starts);
  move_to(refusals, later.refusals);
  move_to(ended, later.ended);
  move_to(placed, later.placed);
  move_to(waking, later.waking);
  move_to(arrivals, later.arrivals);
}

}  // namespace skald

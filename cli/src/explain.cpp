#include "explain.hpp"

#include "skald/view.hpp"

namespace skald::cli {

std::string explain(const StoreAccess& access, const FoldedSaga& folded, Time now) {
  std::string sentence = why(*folded.definition, folded.saga, now);
  const Status status = folded.saga.status;
  // A saga that is pending says so itself, one that is stuck waits for people.
  const bool needs_engine =
      (status == Status::running || status == Status::compensating) && !folded.saga.paused;
  if (needs_engine && !access.engine_running()) {
    sentence += "; but no engine answers at this store now, and without one nothing goes on";
  }
  return sentence;
}

}  // namespace skald::cli

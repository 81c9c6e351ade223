// Commits one batch aside, while the coordinator decides the next.
#pragma once

#include "skald/store.hpp"

namespace skald {

/// One batch at a time. From begin() to the end of finish() nobody else may use the store.
class Committer {
 public:
  Committer() = default;
  virtual ~Committer() = default;
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  /// Whether it is worth the hand-over; otherwise whoever decides commits by itself.
  [[nodiscard]] virtual bool is_worth(const Batch& batch) = 0;
  /// Begins to commit the batch, which stays as it is until finish() has returned.
  virtual void begin(const Batch& batch) = 0;
  /// Whether finish() would return at once.
  [[nodiscard]] virtual bool done() const = 0;
  /// Waits for the end; answers or throws what Store::commit() did.
  virtual Position finish() = 0;
};

}  // namespace skald

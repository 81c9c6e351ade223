// The moments at which an engine may die, and the store that it dies at.
#pragma once

#include <array>

#include "accidents.hpp"
#include "agenda.hpp"
#include "checker.hpp"
#include "decorators/decorators.hpp"

namespace skald::testing {

/// Counts the moments of each kind, over all lives of the engine.
class Moments {
 public:
  Moments(Accidents& accidents, Trace& trace) : accidents_(accidents), trace_(trace) {}

  /// The engine has come to this point. \throws CrashHere
  void pass(Accident crash);
  [[nodiscard]] Trace& trace() { return trace_; }

 private:
  Accidents& accidents_;
  Trace& trace_;
  std::array<std::uint64_t, accident_count> passed_{};
};

/// Shows every commit to the checker, and dies or is full when the accidents say so.
class WatchedStore final : public StoreDecorator {
 public:
  WatchedStore(Store& inner, Accidents& accidents, Moments& moments, Checker& checker,
               const Agenda& agenda, std::uint64_t life)
      : StoreDecorator(inner),
        accidents_(accidents),
        moments_(moments),
        checker_(checker),
        agenda_(agenda),
        life_(life) {}

  Position commit(const Batch& batch) override;
  std::vector<JournalRow> journal(const SagaId& id, std::uint64_t after_version = 0) override;
  Position watermark(const std::string& channel) override;
  /// Until then, reading is part of the recovery.
  void recovered() { recovering_ = false; }

 private:
  void note(const Batch& batch);

  Accidents& accidents_;
  Moments& moments_;
  Checker& checker_;
  const Agenda& agenda_;
  std::uint64_t life_;
  bool recovering_ = true;
  std::uint64_t commits_ = 0;
};

}  // namespace skald::testing

// What a mutant changes in a world: decorators, put on at run time, of the code that is delivered.
#pragma once

#include <memory>

#include "skald/channel.hpp"
#include "skald/definition.hpp"
#include "skald/store.hpp"

namespace skald::testing {

/// By default nothing is changed.
class Sabotage {
 public:
  virtual ~Sabotage() = default;
  /// A decorator of the store, or nothing.
  [[nodiscard]] virtual std::unique_ptr<Store> wrap(Store&) { return nullptr; }
  /// A decorator of the channel, or nothing.
  [[nodiscard]] virtual std::unique_ptr<Channel> wrap(Channel&) { return nullptr; }
  /// What the engine is told instead of this definition.
  [[nodiscard]] virtual DefinitionPtr told(DefinitionPtr definition) { return definition; }
  /// What the engine is configured with instead of these policies.
  [[nodiscard]] virtual PoliciesByName configured(PoliciesByName participants) {
    return participants;
  }
  /// What the engine is told instead of this delay of a start.
  [[nodiscard]] virtual std::optional<Duration> delayed(std::optional<Duration> delay) {
    return delay;
  }
  /// What the engine is told instead of the time.
  [[nodiscard]] virtual Time told(Time now, std::optional<Time>) { return now; }
  /// Replies are receipted before the commit that uses them.
  [[nodiscard]] virtual bool receipts_early() const { return false; }
  /// Who is the owner for one request does an engine's work, too.
  [[nodiscard]] virtual bool stays_owner() const { return false; }
  /// Opening the store does not fence the owner before.
  [[nodiscard]] virtual bool ignores_epoch() const { return false; }
};

}  // namespace skald::testing

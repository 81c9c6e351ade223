// Accidents by name: at most one crash, one lost reply or one repeated command, and replies that
// are doubled or not.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "accidents.hpp"

namespace skald::testing {

/// `crash-after-commit:3+recovery+doubled`
struct Script {
  std::optional<Accident> accident;  ///< Absent: none but the doubled replies.
  std::uint64_t number = 0;          ///< On which of its occasions, from 1.
  bool in_recovery = false;          ///< The next engine dies while it recovers.
  bool doubled = false;              ///< Every reply comes twice.

  [[nodiscard]] std::string name() const;
  /// Nothing on any other text.
  [[nodiscard]] static std::optional<Script> parse(const std::string& name);
};

class ScriptedAccidents final : public Accidents {
 public:
  explicit ScriptedAccidents(const Script& script) : script_(script) {}
  [[nodiscard]] bool happens(Accident accident, Label occasion) override;
  /// Always the shortest delay.
  [[nodiscard]] std::uint64_t pick(Label, std::uint64_t limit) override {
    return limit > 1 ? 1 : 0;
  }
  void heal() override {}

  /// Every script that changes something about a run that had these occasions.
  [[nodiscard]] std::vector<Script> others() const;

 private:
  Script script_;
  bool crashed_ = false;
  bool recovery_crashed_ = false;
  std::array<std::uint64_t, accident_count> occasions_{};
};

}  // namespace skald::testing

// An engine for what is done with inputs that were accepted: in virtual time, on a store in memory,
// with one saga under way whose id is always the same.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/coordinator.hpp"
#include "keeping_channel.hpp"
#include "skald/memory_store.hpp"

namespace skald::fuzz {

class UsedEngine {
 public:
  /// With a saga of two steps, `reserve` and `charge`, whose first command is not answered yet.
  UsedEngine();

  /// That saga's id, as inputs name it.
  static constexpr const char* saga_id = "019b76da-a800-7162-811f-6531eb66d9a7";

  void process(std::vector<Arrival> arrivals);
  [[nodiscard]] bool define(DefinitionPtr definition);
  /// Starts a saga and answers its commands, as long as that makes any; true when it was started.
  bool run(const std::string& type, const JsonText& input);
  /// Opens a new engine on what was stored, looks at every saga as operators do, and takes every
  /// message out of quarantine. \throws Violation
  void look_back();

 private:
  void open();
  void answer_all();
  void look_at(const SagaSummary& summary);

  MemoryDisk disk_;
  test::KeepingChannel channel_{"e"};
  std::unique_ptr<MemoryStore> store_;
  std::unique_ptr<Coordinator> coordinator_;
  Time now_ = *parse_time("2026-01-01T00:00:00Z");
};

}  // namespace skald::fuzz

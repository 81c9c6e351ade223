// Sagas of two steps whose first participant has policies, and the world around them.
#pragma once

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <vector>

#include "scripted_channel.hpp"

namespace skald::testing {

// One step that can be undone, at a participant with these policies, then one elsewhere.
inline std::string two_steps(const std::string& policies,
                             const char* retry = R"({"max_attempts": 1})") {
  return fmt::format(R"({{
    "saga": "order", "version": 1, "participants": {{"inventory": {}}},
    "defaults": {{"retry": {}, "compensation_retry": {{"jitter": "none"}}}},
    "steps": [
      {{"name": "reserve", "participant": "inventory", "action": "reserve",
        "compensation": "release"}},
      {{"name": "charge", "participant": "payment", "action": "charge",
        "compensation": "refund"}}]}})",
                     policies, retry);
}

inline constexpr const char* patient_retry =
    R"({"max_attempts": 9, "initial_delay": "1s", "multiplier": 1, "jitter": "none"})";

struct PolicyWorld {
  explicit PolicyWorld(const std::string& definition) : engine(definition.c_str()) {}

  /// Starts so many sagas in one batch.
  std::vector<SagaId> start(std::size_t count) {
    std::vector<SagaId> ids(count);
    for (SagaId& id : ids) engine.tell(engine.start_arrival({}, Json::object(), &id));
    return ids;
  }
  std::vector<Command> take(const std::string& participant) {
    std::vector<Command> taken;
    auto& sent = engine.channel.sent;
    for (auto it = sent.begin(); it != sent.end();) {
      if (it->participant != participant) {
        ++it;
        continue;
      }
      taken.push_back(*it);
      it = sent.erase(it);
    }
    return taken;
  }
  void answer(const Command& command, const Outcome& outcome) {
    engine.tell(Engine::reply(command, outcome));
  }
  /// Moves the clock to what the engine waits for.
  void wait() {
    REQUIRE(engine.next_due());
    REQUIRE(*engine.next_due() > engine.now);
    engine.now = *engine.next_due();
    engine.tell();
  }
  /// Answers everything with success until nothing is left to answer or wait for.
  void finish() {
    for (int rounds = 0; rounds < 10'000; ++rounds) {
      if (!engine.channel.sent.empty()) {
        answer(engine.channel.take(), Outcome::success());
      } else if (engine.next_due()) {
        wait();
      } else {
        return;
      }
    }
    FAIL("it never becomes quiet");
  }
  std::uint32_t attempts(const SagaId& id) {
    return engine.saga(id).steps[0].of(Direction::action).made;
  }

  Engine engine;
};

}  // namespace skald::testing

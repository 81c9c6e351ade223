#include "transition_table.hpp"

#include <fmt/format.h>

#include <sstream>
#include <utility>
#include <vector>

#include "skald/view.hpp"
#include "spec_commands.hpp"

namespace skald::spec {
namespace {

constexpr const char* definition_text = R"({
  "saga": "table", "version": 1, "deadline": "7d",
  "defaults": {
    "retry": {"max_attempts": 2, "initial_delay": "10s", "jitter": "none"},
    "compensation_retry": {"max_attempts": 2, "initial_delay": "10s", "jitter": "none"} },
  "steps": [
    {"name": "a", "participant": "p", "action": "do-a", "compensation": "undo-a"},
    {"name": "b", "participant": "p", "action": "do-b", "compensation": "undo-b",
     "resolve": "ask-b"},
    {"name": "pivot", "participant": "p", "action": "do-pivot", "kind": "pivot"},
    {"name": "after", "participant": "p", "action": "do-after", "kind": "retriable"} ] })";

constexpr const char* waits_text = R"({
  "saga": "waits", "version": 1, "deadline": "7d",
  "defaults": {
    "retry": {"max_attempts": 2, "initial_delay": "10s", "jitter": "none"},
    "compensation_retry": {"max_attempts": 2, "initial_delay": "10s", "jitter": "none"} },
  "steps": [
    {"name": "a", "participant": "p", "action": "do-a", "compensation": "undo-a"},
    {"name": "nap", "sleep": "30m"},
    {"name": "ok", "wait_for": {"signal": "go", "timeout": "2h"}},
    {"name": "child", "saga": {"type": "leaf"}},
    {"name": "x", "participant": "p", "action": "do-x", "compensation": "undo-x"},
    {"name": "y", "participant": "p", "action": "do-y", "compensation": "none",
     "after": ["child"], "hedge": {"delay": "1s"}} ] })";

// In the order in which a saga can go through them. A phase of waits_text begins with `waits`.
const std::vector<std::pair<const char*, std::vector<const char*>>> phases = {
    {"not started", {}},
    {"pending, not admitted", {"admission closed", "start", "admission open"}},
    {"first step dispatched", {"start"}},
    {"first step between attempts", {"start", "reply a failed BUSY"}},
    {"second step dispatched", {"start", "reply a success"}},
    {"second step between attempts, one unanswered", {"start", "reply a success", "timeout b"}},
    {"second step in doubt, resolve under way",
     {"start", "reply a success", "timeout b", "advance 10s", "timeout b"}},
    {"pivot dispatched", {"start", "reply a success", "reply b success"}},
    {"pivot dispatched, cancel recorded",
     {"start", "reply a success", "reply b success", "cancel"}},
    {"pivot between attempts, all answered",
     {"start", "reply a success", "reply b success", "reply pivot failed BUSY"}},
    {"pivot between attempts, one unanswered",
     {"start", "reply a success", "reply b success", "timeout pivot"}},
    {"stuck at the pivot, in doubt",
     {"start", "reply a success", "reply b success", "timeout pivot", "advance 10s",
      "timeout pivot"}},
    {"retriable step dispatched",
     {"start", "reply a success", "reply b success", "reply pivot success"}},
    {"stuck at the retriable step",
     {"start", "reply a success", "reply b success", "reply pivot success",
      "reply after rejected NO"}},
    {"turned back, a step still in flight", {"start", "reply a success", "cancel"}},
    {"compensation dispatched", {"start", "reply a success", "reply b rejected NO"}},
    {"compensation between attempts",
     {"start", "reply a success", "reply b rejected NO", "reply a/compensate failed BUSY"}},
    {"stuck in a compensation",
     {"start", "reply a success", "reply b rejected NO", "reply a/compensate rejected CLOSED"}},
    {"paused on the way forward", {"start", "pause"}},
    {"paused while compensating", {"start", "reply a success", "reply b rejected NO", "pause"}},
    {"paused and stuck",
     {"start", "reply a success", "reply b rejected NO", "reply a/compensate rejected CLOSED",
      "pause"}},
    {"completed",
     {"start", "reply a success", "reply b success", "reply pivot success", "reply after success"}},
    {"compensated",
     {"start", "reply a success", "reply b rejected NO", "reply a/compensate success"}},
    {"abandoned", {"start", "reply a success", "abandon"}},
    {"waits, delayed start", {"start delay=2d"}},
    {"waits, for its locks", {"locks taken", "start lock=order/1", "locks free"}},
    {"waits, asleep", {"start", "reply a success"}},
    {"waits, for a signal", {"start", "reply a success", "advance 30m"}},
    {"waits, a signal kept", {"start", "signal go"}},
    {"waits, child running", {"start", "reply a success", "advance 30m", "signal go"}},
    {"waits, child running and the saga paused",
     {"start", "reply a success", "advance 30m", "signal go", "pause"}},
    {"waits, child told to turn back",
     {"start", "reply a success", "advance 30m", "signal go", "cancel"}},
    {"waits, stuck because the child was abandoned",
     {"start", "reply a success", "advance 30m", "signal go", "cancel", "child child abandoned"}},
    {"waits, two branches under way",
     {"start", "reply a success", "advance 30m", "signal go", "child child completed {}"}},
    {"waits, one branch hedged",
     {"start", "reply a success", "advance 30m", "signal go", "child child completed {}",
      "advance 1s"}},
    {"waits, one branch refused, the other in flight",
     {"start", "reply a success", "advance 30m", "signal go", "child child completed {}",
      "reply y rejected NO"}},
    {"waits, completed child of another saga",
     {"start depth=1", "reply a success", "advance 30m", "signal go", "child child completed {}",
      "reply x success", "reply y success"}},
};

// In the order of the Input variant; CURRENT and STEP stand for where the saga is.
const std::vector<const char*> inputs = {
    "start",
    "reply CURRENT success",
    "reply CURRENT rejected NO",
    "reply CURRENT failed BUSY",
    "reply CURRENT unknown GATEWAY",
    "reply CURRENT pending 60s",
    "reply CURRENT dead",
    "reply a#1 success",
    "reply a#1 rejected NO",
    "reply a#1 failed BUSY",
    "reply a#9 success",
    "timeout CURRENT",
    "process-ended CURRENT",
    "process-ended CURRENT for-good",
    "wake",
    "advance 1h",
    "advance 7d",
    "resume",
    "retry",
    "skip STEP",
    "skip STEP as=succeeded",
    "skip STEP as=rejected",
    "skip STEP as=compensated",
    "cancel",
    "pause",
    "abandon",
    "replay",
    "replay force",
    "signal go",
    "signal unheard-of",
    "child CURRENT completed {}",
    "child CURRENT compensated NO",
    "child CURRENT abandoned",
    "parent-turned-back",
};

// Where an answer would belong: the attempt in flight, or the latest of the step the saga is at.
std::pair<std::string, std::string> current(const SpecSaga& spec) {
  const Saga& saga = spec.saga();
  const auto outstanding = outstanding_attempts(saga);
  AttemptRef at{0, Direction::action, 0};
  if (!outstanding.empty()) {
    at = outstanding.front();
  } else if (current_step(saga) < saga.steps.size()) {
    at.step = current_step(saga);
    const bool undoing = !saga.undo_plan.empty();
    at.direction = undoing ? Direction::compensate : Direction::action;
  }
  const std::string step = spec.definition().steps[at.step].name;
  return {step, fmt::format("{}/{}", step, to_string(at.direction))};
}

void replace(std::string& text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  if (at != std::string::npos) text.replace(at, from.size(), to);
}

// The names of events and effects suffice here; the scripts show their contents.
std::string shortened(const std::string& output) {
  std::istringstream in{output};
  std::string line;
  std::string text;
  std::string state;
  while (std::getline(in, line)) {
    if (line.find(" | ") != std::string::npos) {
      state = line;
      continue;
    }
    const bool whole = line.starts_with("refused");
    std::string first = whole ? line : line.substr(0, line.find(" {"));
    text += (text.empty() ? "" : ", ") + first;
  }
  return text + "\n    = " + state;
}

// Brings sagas into the phases.
class Tables {
 public:
  [[nodiscard]] SpecRunner at(std::size_t phase) const {
    const bool waiting = std::string_view(phases[phase].first).starts_with("waits");
    SpecRunner runner;
    runner.define("table", waiting ? waits_ : steps_);
    runner.run("use table");
    for (const char* command : phases[phase].second) runner.run(command);
    return runner;
  }
  [[nodiscard]] std::vector<DefinitionPtr> all() const { return {steps_, waits_}; }

 private:
  DefinitionPtr steps_ = std::make_shared<const Definition>(parse_definition(definition_text));
  DefinitionPtr waits_ = std::make_shared<const Definition>(parse_definition(waits_text));
};

std::string command_of(SpecRunner& runner, const char* input, std::size_t phase) {
  std::string command = input;
  if (phase == 0) return command;
  const auto [step, target] = current(runner.saga());
  replace(command, "CURRENT", target);
  replace(command, "STEP", step);
  return command;
}

bool starts_only(const std::string& input, std::size_t phase) {
  return (input == "start") == (phase == 0);
}

}  // namespace

std::string transition_table() {
  const Tables tables;
  std::string text =
      "# Every phase of a saga against every input. Regenerate with --rewrite; review the diff.\n";
  for (std::size_t phase = 0; phase < phases.size(); ++phase) {
    text += fmt::format("\n## {}\n", phases[phase].first);
    for (const char* input : inputs) {
      if (!starts_only(input, phase)) continue;
      SpecRunner runner = tables.at(phase);
      const std::string command = command_of(runner, input, phase);
      text += fmt::format("{}\n    {}\n", command, shortened(runner.run(command)));
    }
  }
  return text;
}

std::vector<DefinitionPtr> table_definitions() { return Tables{}.all(); }

void each_transition(const std::function<void(const Transition&)>& visit) {
  const Tables tables;
  for (std::size_t phase = 0; phase < phases.size(); ++phase) {
    for (const char* input : inputs) {
      if (!starts_only(input, phase)) continue;
      SpecRunner runner = tables.at(phase);
      const std::string command = command_of(runner, input, phase);
      const Saga before = runner.saga().saga();
      const Time reached = runner.saga().now();
      const bool advances = command.starts_with("advance");
      const Input told = advances ? Input{Woken{}} : parse_input(runner.saga(), command);
      runner.run(command);
      visit({phases[phase].first, runner.saga().definition(), before, reached, told,
             runner.saga().now(), runner.saga().saga()});
    }
  }
}

}  // namespace skald::spec

#include "spec_commands.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "skald/view.hpp"

namespace skald::spec {
namespace {

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

// The words of a command; `name=value` pairs apart. A value may be JSON without blanks outside of
// strings, or the rest of the line after `{`.
struct Words {
  std::vector<std::string> plain;
  std::map<std::string, std::string> named;

  explicit Words(const std::string& command) {
    std::istringstream in{command};
    std::string word;
    while (in >> word) {
      const auto equals = word.find('=');
      const auto brace = word.find_first_of("{[\"");
      if (brace == 0 || (equals != std::string::npos && brace == equals + 1)) {
        std::string rest;
        std::getline(in, rest);
        word += rest;
      }
      if (equals != std::string::npos && brace != 0) {
        named[word.substr(0, equals)] = word.substr(equals + 1);
      } else {
        plain.push_back(word);
      }
    }
  }

  [[nodiscard]] std::string at(std::size_t i) const {
    return i < plain.size() ? plain[i] : std::string{};
  }
  [[nodiscard]] std::optional<std::string> find(const std::string& name) const {
    const auto found = named.find(name);
    return found == named.end() ? std::nullopt : std::optional(found->second);
  }
};

Duration duration_of(const std::string& text) {
  const auto duration = parse_duration(text);
  if (!duration) fail("not a duration: " + text);
  return *duration;
}

std::optional<JsonText> json_of(const Words& words, const char* name) {
  const auto text = words.find(name);
  return text ? std::optional(JsonText::parse(*text)) : std::nullopt;
}

// `step`, `step/compensate`, each with `#attempt`; without, the latest attempt.
AttemptRef attempt_of(const SpecSaga& saga, const std::string& text) {
  const auto hash = text.find('#');
  const std::string target = text.substr(0, hash);
  const auto slash = target.find('/');
  AttemptRef attempt;
  const auto step = saga.definition().find(target.substr(0, slash));
  if (!step) fail("no step " + target);
  attempt.step = *step;
  if (slash != std::string::npos) {
    const auto direction = parse_direction(target.substr(slash + 1));
    if (!direction) fail("no direction " + target);
    attempt.direction = *direction;
  }
  attempt.attempt = hash == std::string::npos
                        ? saga.saga().steps[*step].of(attempt.direction).made
                        : static_cast<std::uint32_t>(std::stoul(text.substr(hash + 1)));
  return attempt;
}

Outcome outcome_of(const Words& words) {
  const std::string kind = words.at(2);
  const std::string detail = words.at(3);
  if (kind == "success") {
    return Outcome::success(detail.empty() ? Json() : parse_json(detail));
  }
  if (kind == "rejected") return Outcome::rejected(detail);
  if (kind == "unknown") return Outcome::unknown(detail);
  if (kind == "pending") return Outcome::pending(duration_of(detail));
  if (kind == "dead") {
    Outcome outcome = Outcome::failed("DEAD_LETTERED");
    outcome.final_failure = true;
    return outcome;
  }
  if (kind != "failed") fail("no outcome " + kind);
  const auto retry_after = words.find("retry_after");
  return Outcome::failed(detail, "",
                         retry_after ? std::optional(duration_of(*retry_after)) : std::nullopt);
}

StepIndex step_of(const SpecSaga& saga, const std::string& name) {
  if (name.empty()) return no_step;
  const auto step = saga.definition().find(name);
  if (!step) fail("no step " + name);
  return *step;
}

SkipRequested::As as_of(const Words& words) {
  using As = SkipRequested::As;
  const std::string as = words.find("as").value_or("skipped");
  if (as == "skipped") return As::skipped;
  if (as == "succeeded") return As::succeeded;
  if (as == "rejected") return As::rejected;
  if (as == "compensated") return As::compensated;
  fail("no verdict " + as);
}

ChildEnded child_ended(const SpecSaga& saga, const Words& words) {
  ChildEnded ended;
  ended.attempt = attempt_of(saga, words.at(1));
  ended.child = saga.saga().steps[ended.attempt.step].child.value_or(SagaId{});
  const auto status = parse_status(words.at(2));
  if (!status || !is_end(*status)) fail("no end " + words.at(2));
  ended.status = *status;
  if (*status == Status::completed) {
    if (!words.at(3).empty()) ended.output = JsonText::parse(words.at(3));
  } else {
    ended.error = {words.at(3), "", {}};
  }
  return ended;
}

Input operator_input(const SpecSaga& saga, const Words& words) {
  const std::string verb = words.at(0);
  const Requester requester{words.find("by").value_or("ann"), words.find("reason").value_or("")};
  const StepIndex step = step_of(saga, words.find("step").value_or(""));
  if (verb == "resume") return ResumeRequested{requester, step, json_of(words, "patch")};
  if (verb == "retry") return RetryRequested{requester, step};
  if (verb == "skip") {
    return SkipRequested{requester, step_of(saga, words.at(1)), as_of(words),
                         json_of(words, "output")};
  }
  if (verb == "cancel") return CancelRequested{requester};
  if (verb == "pause") return PauseRequested{requester};
  if (verb == "abandon") return AbandonRequested{requester};
  if (verb == "signal") {
    return SignalReceived{words.at(1), json_of(words, "data").value_or(JsonText{}), requester};
  }
  if (verb == "replay") {
    return ReplayRequested{SagaId::make(saga.now(), 0, 2), words.at(1) == "force"};
  }
  fail("no command " + verb);
}

}  // namespace

Input parse_input(const SpecSaga& saga, const std::string& command) {
  const Words words{command};
  const std::string verb = words.at(0);
  if (verb == "start") {
    StartRequested start;
    start.id = saga.id();
    start.key = words.find("key");
    start.input = words.at(1).empty() ? JsonText{} : JsonText::parse(words.at(1));
    if (const auto carried = words.find("carried")) {
      start.replay_of = SagaId::make(saga.now(), 0, 3);
      start.carried.push_back({step_of(saga, *carried), JsonText::parse(R"({"carried":true})")});
    }
    if (const auto delay = words.find("delay")) start.not_before = saga.now() + duration_of(*delay);
    if (const auto lock = words.find("lock")) start.locks = {*lock};
    if (const auto depth = words.find("depth")) {
      start.depth = static_cast<std::uint32_t>(std::stoul(*depth));
      start.parent = ParentRef{SagaId::make(saga.now(), 0, 4), 0, 1};
    }
    return start;
  }
  if (verb == "child") return child_ended(saga, words);
  if (verb == "parent-turned-back") {
    return ParentTurnedBack{{"PARENT_TURNED_BACK", "its parent turned back", {}}};
  }
  if (verb == "reply") return ReplyReceived{attempt_of(saga, words.at(1)), outcome_of(words)};
  if (verb == "timeout") return AttemptTimedOut{attempt_of(saga, words.at(1))};
  if (verb == "process-ended") {
    return ProcessEnded{attempt_of(saga, words.at(1)), words.at(2) == "for-good"};
  }
  if (verb == "wake") return Woken{};
  return operator_input(saga, words);
}

SpecSaga& SpecRunner::saga() {
  if (!saga_) fail("use a definition first");
  return *saga_;
}

void SpecRunner::define(const std::string& name, DefinitionPtr definition) {
  definitions_[name] = std::move(definition);
}

std::string SpecRunner::told(const Input& input) {
  std::string text = saga().tell(input);
  return text + saga().state() + "\n";
}

std::string SpecRunner::run(const std::string& command) {
  const Words words{command.substr(0, command.find('\n'))};
  const std::string verb = words.at(0);
  if (verb == "definition") {
    const auto body = command.find('\n');
    if (body == std::string::npos) fail("a definition needs its JSON on the lines below");
    define(words.at(1), std::make_shared<const Definition>(parse_definition(command.substr(body))));
    saga_ = std::make_unique<SpecSaga>(definitions_.at(words.at(1)));
    return "ok\n";
  }
  if (verb == "use") {
    const auto found = definitions_.find(words.at(1));
    if (found == definitions_.end()) fail("no definition " + words.at(1));
    saga_ = std::make_unique<SpecSaga>(found->second);
    return "ok\n";
  }
  if (verb == "advance") {
    saga().advance(duration_of(words.at(1)));
    return told(Woken{});
  }
  if (verb == "admission") {
    saga().admission.open = words.at(1) == "open";
    return "ok\n";
  }
  if (verb == "locks") {
    saga().admission.locks_free = words.at(1) == "free";
    return "ok\n";
  }
  if (verb == "children") {
    saga().admission.child_refusal = words.at(1) == "allowed" ? "" : words.at(1);
    return "ok\n";
  }
  if (verb == "why") {
    const SecretMask mask(saga().definition(), saga().saga());
    return why(mask, saga().saga(), saga().journal(), saga().now()) + "\n";
  }
  if (verb == "next") {
    const auto wake = next_wake(saga().definition(), saga().saga());
    return (wake ? "in " + format_duration(*wake - saga().now()) : "never") + "\n";
  }
  const Input input = parse_input(saga(), command);
  if (const auto* start = std::get_if<StartRequested>(&input)) saga().expand(start->input);
  return told(input);
}

}  // namespace skald::spec

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "key_memory.hpp"
#include "random_accidents.hpp"
#include "scripted_accidents.hpp"
#include "skald/edge_data.hpp"
#include "skald/error.hpp"
#include "skald/testing.hpp"
#include "skald/text.hpp"
#include "world.hpp"

namespace skald::testing {
namespace {

constexpr std::size_t findings_shown = 20;
constexpr const char* edge_schedule = "edge:seed=";

void add(Report& total, Report&& one) {
  total.schedules += one.schedules;
  total.crashes += one.crashes;
  total.commands += one.commands;
  total.accidents += one.accidents;
  for (const auto& [status, count] : one.ends) total.ends[status] += count;
  total.findings.insert(total.findings.end(), std::make_move_iterator(one.findings.begin()),
                        std::make_move_iterator(one.findings.end()));
}

}  // namespace

/// What a trial is made of, and the participants of its worlds.
class Trial::Stage final : public Participants {
 public:
  explicit Stage(Definition given)
      : definition(std::make_shared<const Definition>(std::move(given))) {}

  void carry_out(const Command& command, Desk& desk) override;
  /// An input at the edge; nothing when it is none that JSON allows.
  [[nodiscard]] std::optional<JsonText> edge_input(std::uint64_t seed) const;
  Report run_one(const std::string& schedule, const JsonText& input, Accidents& accidents,
                 std::vector<std::string>* lines);

  DefinitionPtr definition;
  std::map<std::pair<std::string, std::string>, Handler> handlers;
  bool has_barrier = false;
  bool counts_effects = false;
  std::function<void()> reset = [] {};
  std::function<std::optional<std::string>(const Saga&)> check = [](const Saga&) {
    return std::optional<std::string>{};
  };
  Desk* desk_at_work = nullptr;
  bool throwing_is_wrong = false;
  std::vector<std::string> thrown;  ///< By handlers, in sentences, if that is wrong.

 private:
  Outcome handle(const Command& command, Desk& desk);
  [[nodiscard]] Outcome act(const Command& command, Desk& desk);
  KeyMemory memory_;
  Accidents* accidents_ = nullptr;
};

Outcome Trial::Stage::handle(const Command& command, Desk& desk) {
  const auto handler = handlers.find({command.participant, command.action});
  if (handler == handlers.end()) {
    return Outcome::failed("UNKNOWN_ACTION",
                           command.participant + " has no handler for " + command.action);
  }
  desk_at_work = &desk;
  const HandlerCall call{command, {}};
  Outcome outcome = call_handler(handler->second, call);
  desk_at_work = nullptr;
  if (throwing_is_wrong && outcome.error.code == "HANDLER_THREW") {
    thrown.push_back(fmt::format("the handler of {}/{} threw: {}", command.participant,
                                 command.action, escape_controls(outcome.error.message)));
  }
  return outcome;
}

// All deliveries of an attempt meet the same: who says `failed` must not have acted before.
void Trial::Stage::carry_out(const Command& command, Desk& desk) {
  const Label attempt = hash_of(command.id.to_string());
  if (accidents_->happens(Accident::failed, attempt)) {
    desk.reply(command, Outcome::failed("FIRE", "it was let fail on purpose"));
    return;
  }
  Outcome outcome = act(command, desk);
  if (outcome.kind != OutcomeKind::pending && accidents_->happens(Accident::unknown, attempt)) {
    outcome = Outcome::unknown("FIRE", "the answer was taken away on purpose");
  }
  desk.reply(command, std::move(outcome));
}

Outcome Trial::Stage::act(const Command& command, Desk& desk) {
  if (!has_barrier) return handle(command, desk);
  const barrier::Verdict verdict = memory_.judge(command, desk.now());
  if (const auto* answer = std::get_if<barrier::Answer>(&verdict)) return answer->outcome;
  if (const auto* concluded = std::get_if<barrier::Conclude>(&verdict)) {
    memory_.conclude(command);
    return concluded->outcome;
  }
  Outcome outcome = handle(command, desk);
  memory_.remember(command, outcome);
  const bool acts = command.id.direction != Direction::resolve;
  if (acts && outcome.kind == OutcomeKind::success) desk.took_effect(command);
  return outcome;
}

std::optional<JsonText> Trial::Stage::edge_input(std::uint64_t seed) const {
  EdgeData edge{seed};
  try {
    return JsonText::of(edge.input_for(parse_json(definition->normal_form())));
  } catch (const JsonError&) {
    return std::nullopt;
  }
}

Report Trial::Stage::run_one(const std::string& schedule, const JsonText& input,
                             Accidents& accidents, std::vector<std::string>* lines) {
  accidents_ = &accidents;
  memory_ = {};
  reset();
  Plan plan;
  plan.definitions = {definition};
  plan.starts.push_back({Duration{0}, definition->type, "trial", input});
  plan.operators_help = false;
  Findings findings;
  World world{plan, accidents, *this, findings};
  if (lines) world.trace().switch_on();
  world.run(has_barrier || counts_effects);

  Report report;
  report.schedules = 1;
  report.crashes = world.counts().crashes;
  report.commands = world.channel().counts().deliveries;
  for (std::string& sentence : findings.sentences()) {
    report.findings.push_back({schedule, std::move(sentence)});
  }
  for (const auto& [id, witness] : world.checker().sagas()) {
    report.status = witness.path.saga().status;
    if (auto problem = check(witness.path.saga())) {
      report.findings.push_back({schedule, *std::move(problem)});
    }
  }
  for (std::string& sentence : std::exchange(thrown, {})) {
    report.findings.push_back({schedule, std::move(sentence)});
  }
  ++report.ends[report.status];
  if (lines) *lines = world.trace().lines();
  return report;
}

Trial::Trial(Definition definition) : stage_(std::make_unique<Stage>(std::move(definition))) {}
Trial::~Trial() = default;

Trial& Trial::handle(const std::string& participant, const std::string& action, Handler handler) {
  stage_->handlers[{participant, action}] = std::move(handler);
  return *this;
}

Trial& Trial::behind_barrier() {
  stage_->has_barrier = true;
  return *this;
}

Trial& Trial::before_each(std::function<void()> reset) {
  stage_->reset = std::move(reset);
  return *this;
}

Trial& Trial::after_each(std::function<std::optional<std::string>(const Saga&)> check) {
  stage_->check = std::move(check);
  return *this;
}

void Trial::took_effect(const HandlerCall& call) {
  if (stage_->has_barrier || !stage_->desk_at_work) return;
  stage_->counts_effects = true;
  stage_->desk_at_work->took_effect(call.command());
}

Report Trial::run(const Json& input) {
  const JsonText text = JsonText::of(input);
  const Script undisturbed;
  ScriptedAccidents none{undisturbed};
  Report total = stage_->run_one(undisturbed.name(), text, none, nullptr);
  std::vector<Script> scripts = none.others();
  scripts.push_back({std::nullopt, 0, false, true});
  for (const Script& script : scripts) {
    ScriptedAccidents accidents{script};
    Report one = stage_->run_one(script.name(), text, accidents, nullptr);
    // A crash costs time and repeats, never the outcome. A lost reply may use an attempt up.
    if (script.accident != Accident::lose_reply && one.status != total.status) {
      one.findings.push_back(
          {script.name(), fmt::format("the saga is {} in the end, and {} when nothing goes wrong",
                                      to_string(one.status), to_string(total.status))});
    }
    add(total, std::move(one));
  }
  return total;
}

Report Trial::run_under_fire(const Json& input, const Fire& fire) {
  require_rates(fire);
  const JsonText text = JsonText::of(input);
  const Script undisturbed;
  ScriptedAccidents none{undisturbed};
  Report total = stage_->run_one(undisturbed.name(), text, none, nullptr);
  Fire now = fire;
  for (std::uint64_t i = 0; i < fire.schedules; ++i, ++now.seed) {
    RandomAccidents accidents{now};
    Report one = stage_->run_one(name_of(now), text, accidents, nullptr);
    one.accidents = accidents.happened();
    add(total, std::move(one));
  }
  return total;
}

Report Trial::run_with_edge_data(std::uint64_t seed, std::uint64_t count) {
  const Script undisturbed;
  Report total;
  stage_->throwing_is_wrong = true;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto input = stage_->edge_input(seed + i);
    if (!input) continue;
    ScriptedAccidents none{undisturbed};
    add(total, stage_->run_one(edge_schedule + std::to_string(seed + i), *input, none, nullptr));
  }
  stage_->throwing_is_wrong = false;
  return total;
}

std::vector<std::string> Trial::replay(const std::string& schedule, const Json& input) {
  if (schedule.starts_with(edge_schedule)) return replay_edge_data(schedule);
  const auto script = Script::parse(schedule);
  const auto fire = parse_fire(schedule);
  if (!script && !fire) throw Error("there is no schedule " + schedule + "; a report names them");
  std::unique_ptr<Accidents> accidents;
  if (script) {
    accidents = std::make_unique<ScriptedAccidents>(*script);
  } else {
    accidents = std::make_unique<RandomAccidents>(*fire);
  }
  std::vector<std::string> lines;
  const Report report = stage_->run_one(schedule, JsonText::of(input), *accidents, &lines);
  for (const Finding& finding : report.findings) lines.push_back(finding.sentence);
  return lines;
}

std::vector<std::string> Trial::replay_edge_data(const std::string& schedule) {
  std::uint64_t seed = 0;
  const char* const end = schedule.data() + schedule.size();
  const char* const digits = schedule.data() + std::string_view(edge_schedule).size();
  const auto [stop, error] = std::from_chars(digits, end, seed);
  const auto input = stage_->edge_input(seed);
  if (error != std::errc{} || stop != end || !input) {
    throw Error("there is no schedule " + schedule + "; a report names them");
  }
  const Script undisturbed;
  ScriptedAccidents none{undisturbed};
  std::vector<std::string> lines{"input: " + input->text()};
  std::vector<std::string> happened;
  stage_->throwing_is_wrong = true;
  const Report report = stage_->run_one(schedule, *input, none, &happened);
  stage_->throwing_is_wrong = false;
  lines.insert(lines.end(), happened.begin(), happened.end());
  for (const Finding& finding : report.findings) lines.push_back(finding.sentence);
  return lines;
}

std::string Report::text() const {
  std::string text = fmt::format("{} schedules, {} crashes, {} commands: the saga is {}", schedules,
                                 crashes, commands, to_string(status));
  if (accidents > 0) {
    text += fmt::format(" undisturbed; {} accidents, ends:", accidents);
    for (const auto& [end, count] : ends) text += fmt::format(" {} {}", count, to_string(end));
  }
  for (std::size_t i = 0; i < findings.size() && i < findings_shown; ++i) {
    text += fmt::format("\n{}\n    again: trial.replay(\"{}\", input)", findings[i].sentence,
                        findings[i].schedule);
  }
  if (findings.size() > findings_shown) {
    text += fmt::format("\nand {} more", findings.size() - findings_shown);
  }
  return text;
}

}  // namespace skald::testing

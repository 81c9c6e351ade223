// What a saga waits for that is no participant: time, signals, locks, its own group.
#include <fmt/format.h>

#include <algorithm>

#include "decide/decider.hpp"
#include "json/pointer.hpp"
#include "json/strict_reader.hpp"
#include "saga/command_body.hpp"
#include "skald/limits.hpp"
#include "skald/text.hpp"

namespace skald {
namespace {

// Puts the list together that a `for_each` comes to. False when it grows over the limit.
bool append_element(std::string& list, std::string_view output) {
  if (list.size() > 1) list += ',';
  list += output;
  return list.size() < payload_bytes_max;
}

}  // namespace

bool Decider::take_locks() {
  if (saga_.locks.empty() || saga_.holds_locks) return true;
  const Admission::LockState lock = admission_.lock_state(saga_);
  if (lock.free) {
    record(LocksGranted{});
    return true;
  }
  const bool news = !saga_.lock_wait && !lock.name.empty();
  if (news) record(LocksAwaited{lock.name, lock.behind});
  return false;
}

bool Decider::group_is_full(StepIndex step) const {
  const Step& s = step_of(step);
  if (s.group_limit == 0) return false;
  const std::size_t begun = saga_.begun.count(s.group_first, s.group_end);
  const std::size_t done = saga_.done.count(s.group_first, s.group_end);
  // In a new round the step itself is one of those that have begun.
  const std::size_t others = begun - done - (saga_.begun.contains(step) ? 1 : 0);
  return others >= s.group_limit;
}

void Decider::begin_sleep(StepIndex step) {
  std::string problem;
  const auto rendered = step_input(definition_, saga_, step, trees_, problem);
  const auto until = rendered ? sleep_end(definition_, *rendered, now_, problem) : std::nullopt;
  if (!until) {
    get_stuck(step, Direction::action,
              {"TEMPLATE", "the sleep of " + step_of(step).name + " " + problem, {}});
    return;
  }
  record(StepWaiting{step, *until});
  end_wait(step);
}

void Decider::end_wait(StepIndex step) {
  const StepState& s = state(step);
  const bool over = s.wake_at && *s.wake_at <= now_;
  const AttemptRef nobody{step, Direction::action, 0};
  if (const auto* wait = step_of(step).as<WaitFor>()) {
    for (const KeptSignal& signal : saga_.signals) {
      if (signal.name != wait->signal) continue;
      JsonText data = signal.data;
      record(SignalTaken{step, wait->signal});
      record(StepSucceeded{nobody, std::move(data)});
      return;
    }
    if (!over) return;
    ErrorInfo error{
        "SIGNAL_TIMEOUT",
        fmt::format("no signal {} within {}", wait->signal, format_duration(*wait->timeout)),
        {}};
    record(StepFailed{step, error});
    step_failed(step, std::move(error));
  } else if (over) {
    record(StepSucceeded{nobody, JsonText{}});
  }
}

void Decider::gather(StepIndex step, const Gather& gather) {
  const auto tokens = split_pointer(gather.pointer);
  const bool whole = gather.pointer == "/output";
  std::string list = "[";
  bool fits = true;
  for (StepIndex i = gather.first; tokens && fits && i < gather.first + gather.count; ++i) {
    if (gather.pointer.empty()) break;
    const auto& output = state(i).output;
    const Json* part = nullptr;
    if (output && !whole) part = value_at(*trees_.output(saga_, i), *tokens, 1);
    const std::string text = part ? dump_json(*part) : whole && output ? output->text() : "null";
    fits = append_element(list, text);
  }
  list += "]";
  std::string problem;
  if (!fits || !has_space(list.size())) {
    problem = fmt::format("take more than {} bytes together, or the saga more than {}",
                          payload_bytes_max, saga_bytes_max);
  } else {
    try {
      const JsonText output = gather.pointer.empty() ? JsonText{} : JsonText::parse(list);
      record(StepSucceeded{{step, Direction::action, 0}, output});
      return;
    } catch (const JsonError& error) {
      // Outputs that are each within the limits may together be too deep.
      problem = fmt::format("cannot be used: {}", error.what());
    }
  }
  get_stuck(step, Direction::action,
            {"TEMPLATE",
             fmt::format("the outputs of {} {}; skip the step with an output of your own, and let "
                         "\"gather\" of its definition say which part is collected",
                         step_of(step).name, problem),
             {}});
}

bool has_seen(const Saga& saga, const std::optional<std::string>& signal_id) {
  const auto& seen = saga.signal_ids;
  return signal_id && std::find(seen.begin(), seen.end(), *signal_id) != seen.end();
}

void Decider::operator()(const SignalReceived& input) {
  if (has_seen(saga_, input.id)) return;
  if (refuse_if_ended("signal")) return;
  if (turning_back()) {
    refuse(Refused::Code::wrong_state, "cannot signal: the saga has turned back");
    return;
  }
  bool known = false;
  bool wanted = false;
  std::vector<std::string_view> names;
  for (StepIndex i = 0; i < saga_.steps.size(); ++i) {
    const auto* wait = step_of(i).as<WaitFor>();
    if (!wait) continue;
    names.emplace_back(wait->signal);
    if (wait->signal != input.name) continue;
    known = true;
    wanted = wanted || !is_done(state(i));
    if (state(i).status == StepStatus::waiting) look_at(i);
  }
  if (!known) {
    refuse(Refused::Code::invalid, fmt::format("saga {} waits for no signal {}{}", definition_.type,
                                               input.name, did_you_mean(input.name, names)));
  } else if (!wanted) {
    refuse(Refused::Code::wrong_state,
           fmt::format("no step waits for the signal {} any more", input.name));
  } else if (refuse_payload("the signal's data", input.data)) {
    return;
  } else if (saga_.signals.size() >= kept_signals_max) {
    refuse(Refused::Code::wrong_state,
           fmt::format("{} signals are kept already and wait to be taken", kept_signals_max));
  } else {
    everything_ = false;
    record(SignalKept{input.name, input.data, input.requester, input.id});
    advance();
  }
}

}  // namespace skald

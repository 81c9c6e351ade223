#include "explorer.hpp"

#include <algorithm>
#include <vector>

#include "seen_states.hpp"
#include "surroundings.hpp"

namespace skald::model {

using testing::Findings;
using testing::Invariant;

namespace {

constexpr std::array<const char*, fault_count> fault_names{
    "lost command",  "lost reply", "repeated command", "repeated reply",
    "early timeout", "crash",      "process ended",    "cancel",
    "deadline",      "overslept",  "no room",          "parent turned back"};

std::uint8_t small(std::uint32_t value) { return static_cast<std::uint8_t>(value); }

Move told_of(Asked asked, const Message& message, int detail = 0) {
  return {
      asked, message.step, message.direction, message.attempt, static_cast<std::uint8_t>(detail),
      true};
}

Move request(Asked asked, int detail = 0, std::uint8_t step = 0) {
  return {asked, step, Direction::action, 0, static_cast<std::uint8_t>(detail), true};
}

bool same(const State& a, const State& b) { return std::memcmp(&a, &b, sizeof a) == 0; }

/// Depth first, with its own stack: a state is a hundred bytes, a path can be long.
class Explorer {
 public:
  Explorer(const Case& subject, const Limits& limits, const Decide& decide, Coverage& coverage,
           Findings& findings)
      : subject_(subject),
        limits_(limits),
        findings_(findings),
        sagas_(subject, decide, coverage, findings),
        desk_(subject, sagas_, findings),
        stacks_(static_cast<std::size_t>(limits.faults) + 1) {
    for (const Step& step : subject.definition->steps) {
      awaits_signals_ = awaits_signals_ || step.as<WaitFor>();
    }
  }

  Totals run() {
    totals_.cases = 1;
    Move start = request(Asked::start);
    reach(told(State{}, start));
    start.has_room = false;
    State crowded = told(State{}, start);
    if (suffers(crowded, Fault::no_room)) reach(crowded);
    for (std::vector<State>& stack : stacks_) {
      while (!stack.empty()) {
        const State state = stack.back();
        stack.pop_back();
        go_on(state);
      }
    }
    totals_.sagas = sagas_.size();
    totals_.decided = sagas_.decided();
    return totals_;
  }

 private:
  // States with fewer faults are looked at first, so each is looked at with as few as lead to it.
  void reach(const State& state) {
    ++totals_.transitions;
    State key = state;
    key.faults = 0;
    if (seen_.insert(key)) stacks_[state.faults].push_back(state);
  }

  // One more fault in it, if that is not one too many.
  bool suffers(State& state, Fault fault) {
    const bool of_time = fault == Fault::deadline || fault == Fault::oversleep ||
                         fault == Fault::no_room || fault == Fault::parent;
    std::uint8_t& count = of_time ? state.hindrances : state.faults;
    if (count >= (of_time ? limits_.hindrances : limits_.faults)) return false;
    ++count;
    ++totals_.faults[static_cast<std::size_t>(fault)];
    return true;
  }

  [[nodiscard]] const SagaGraph::Node& node(const State& state) const {
    return sagas_.at(state.saga);
  }

  void go_on(const State& state) {
    ++totals_.states;
    if (limits_.probes) sagas_.probe(state.saga);
    moved_ = false;
    deliver_commands(state);
    deliver_replies(state);
    pass_time(state);
    hear_of_children(state);
    if (awaits_signals_ && state.signals == 0) {
      State next = told(state, request(Asked::signal));
      next.signals = 1;
      reach(next);
    }
    const Saga& saga = node(state).saga;
    check_quiet(state, saga);
    if ((saga.status == Status::stuck || saga.paused) && state.resumes < limits_.resumes) {
      State next = told(state, request(Asked::resume));
      ++next.resumes;
      reach(next);
    }
    if (is_end(saga.status) && state.commands.size() == 0) {
      ++totals_.ends;
      desk_.check_end(state);
    }
    if (state.faults < limits_.faults) be_faulty(state);
    if (state.hindrances < limits_.hindrances) {
      be_hindered(state);
      be_asked(state);
    }
  }

  // What happens without anybody's fault.
  void go(const State& state, const State& next) {
    moved_ = moved_ || !same(state, next);
    reach(next);
  }

  // Nothing under way, nothing due: then it has ended, or waits for somebody and says for whom.
  void check_quiet(const State& state, const Saga& saga) {
    if (moved_) return;
    bool waits = is_end(saga.status) || saga.status == Status::stuck || saga.paused;
    for (StepIndex i = 0; i < saga.steps.size(); ++i) {
      const bool waiting = saga.steps[i].status == StepStatus::waiting;
      waits = waits || (waiting && !subject_.definition->steps[i].as<Sleep>());
    }
    findings_.expect(Invariant::I15, waits, "{}: then it stands still, in phase '{}'",
                     waits ? std::string{} : sagas_.path(state.saga), to_string(node(state).phase));
  }

  State told(State state, const Move& move) {
    const Answer& answer = sagas_.tell(state.saga, move);
    state.saga = answer.next;
    for (const Message& command : answer.sent) state.commands.add(command);
    for (const std::uint8_t step : answer.begun_children) state.parts[step].child = Child::running;
    for (const std::uint8_t step : answer.turned_children) {
      Child& child = state.parts[step].child;
      // One that had ended before has nothing to say by itself, so its end is told once more.
      if (child == Child::compensated || child == Child::abandoned) {
        state = told(state, end_of_child(step, child));
      } else {
        child = Child::turning_back;
      }
    }
    return settled(state);
  }

  // Leaves out what can make no difference any more, now or later.
  State settled(State state) {
    for (std::size_t i = state.replies.size(); i-- > 0;) {
      const bool refuses = state.replies.said(i) == Said::rejected;
      if (!refuses && is_settled(state, state.replies.message(i))) state.replies.remove(i);
    }
    for (std::size_t i = state.commands.size(); i-- > 0;) {
      const Message command = state.commands.message(i);
      if (is_settled(state, command) && desk_.remembers(state, command)) state.commands.remove(i);
    }
    const Saga& saga = node(state).saga;
    const bool may_return = subject_.is_child && saga.status == Status::completed;
    if (!is_end(saga.status) || may_return) return state;
    // A final end: nothing that the saga is told can change it; only a command can do harm.
    state.replies.clear();
    state.hindrances = small(static_cast<std::uint32_t>(limits_.hindrances));
    state.resumes = small(static_cast<std::uint32_t>(limits_.resumes));
    state.signals = 1;
    return state;
  }

  // A success stays one, and a confirmed undoing is over: no answer decides anything here any more.
  // (Every input is tried on every saga all the same.) A refusal in an earlier round may be late.
  [[nodiscard]] bool is_settled(const State& state, const Message& message) const {
    const StepState& s = node(state).saga.steps[message.step];
    const StepIndex step = message.step;
    if (node(state).history.forced.contains(step)) return false;
    if (message.direction == Direction::compensate) {
      return s.compensation == CompensationStatus::compensated && !s.undo_forced;
    }
    return s.status == StepStatus::succeeded;
  }

  void deliver_commands(const State& state) {
    for (std::size_t i = 0; i < state.commands.size(); ++i) {
      if (state.commands.repeats(i)) continue;
      const Message command = state.commands.message(i);
      if (!desk_.is_open(state, command)) {
        deliver(state, i, Said::success, false);
        continue;
      }
      deliver(state, i, Said::success, true);
      deliver(state, i, Said::rejected, false);
      deliver(state, i, Said::failed, false);
      // An answer `unknown` and a timeout are the same to the saga, so nothing is answered then.
      deliver(state, i, Said::unknown, false);
      deliver(state, i, Said::unknown, true);
    }
  }

  void deliver(const State& state, std::size_t i, Said said, bool acts) {
    const Message command = state.commands.message(i);
    State repeated = state;
    State next = state;
    next.commands.remove(i);
    desk_.deliver(next, command, said, acts);
    go(state, settled(next));
    if (!suffers(repeated, Fault::repeated_command)) return;
    desk_.deliver(repeated, command, said, acts);
    reach(settled(repeated));
  }

  void deliver_replies(const State& state) {
    for (std::size_t i = 0; i < state.replies.size(); ++i) {
      if (state.replies.repeats(i)) continue;
      State next = state;
      next.replies.remove(i);
      const Move move =
          told_of(Asked::reply, state.replies.message(i), static_cast<int>(state.replies.said(i)));
      go(state, told(next, move));
      tell_without_room(next, move);
    }
  }

  void tell_without_room(State state, Move move) {
    const State with_room = told(state, move);
    move.has_room = false;
    const State crowded = told(state, move);
    if (crowded.saga == with_room.saga || !suffers(state, Fault::no_room)) return;
    reach(told(state, move));
  }

  // An attempt times out by itself once none of its messages is under way.
  void pass_time(const State& state) {
    const bool has_timer = node(state).has_timer;
    if (has_timer || node(state).may_issue) {
      const Move wake =
          request(Asked::wake, static_cast<int>(has_timer ? WokenAt::due : WokenAt::now));
      go(state, told(state, wake));
      tell_without_room(state, wake);
    }
    const std::vector<Message> outstanding = node(state).outstanding;
    for (const Message& m : outstanding) {
      const AttemptRef attempt{m.step, m.direction, m.attempt};
      const bool lost = !state.commands.has(attempt) && !state.replies.has(attempt);
      const Move timeout = told_of(Asked::timeout, m);
      State next = state;
      if (lost) {
        go(state, told(state, timeout));
      } else if (suffers(next, Fault::early_timeout)) {
        reach(told(next, timeout));
      }
      suffer(state, Fault::process_ended, told_of(Asked::process_ended, m, 1));
    }
  }

  static Move end_of_child(std::uint8_t step, Child child) {
    const Status status = child == Child::completed     ? Status::completed
                          : child == Child::compensated ? Status::compensated
                                                        : Status::abandoned;
    return {
        Asked::child_ended, step, Direction::action, 1, static_cast<std::uint8_t>(status), true};
  }

  // Parent and child change in one transaction: a child's end is known at once.
  void hear_of_children(const State& state) {
    if (is_end(node(state).saga.status)) return;
    for (std::uint8_t step = 0; step < subject_.definition->steps.size(); ++step) {
      const Child child = state.parts[step].child;
      if (child != Child::running && child != Child::turning_back) continue;
      for (const Child end : {Child::completed, Child::compensated, Child::abandoned}) {
        if (end == Child::completed && child == Child::turning_back) continue;
        State next = state;
        next.parts[step].child = end;
        go(state, told(next, end_of_child(step, end)));
      }
    }
  }

  void suffer(State state, Fault fault, const Move& move) {
    if (suffers(state, fault)) reach(told(state, move));
  }

  void be_faulty(const State& state) {
    lose_messages(state);
    if (is_end(node(state).saga.status)) return;
    crash(state);
    suffer(state, Fault::cancel, request(Asked::cancel));
  }

  void be_hindered(const State& state) {
    const Status status = node(state).saga.status;
    const bool may_return = subject_.is_child && status == Status::completed;
    if (is_end(status) && !may_return) return;
    if (subject_.is_child) suffer(state, Fault::parent, request(Asked::parent_turned_back));
    if (may_return) return;
    suffer(state, Fault::deadline, request(Asked::wake, static_cast<int>(WokenAt::deadline)));
    const std::uint32_t late = sagas_.overslept(state.saga);
    State next = state;
    if (late != state.saga && suffers(next, Fault::oversleep)) {
      next.saga = late;
      reach(next);
    }
  }

  void lose_messages(const State& state) {
    for (std::size_t i = 0; i < state.commands.size(); ++i) {
      State lost = state;
      lost.commands.remove(i);
      if (!state.commands.repeats(i) && suffers(lost, Fault::lost_command)) reach(lost);
    }
    for (std::size_t i = 0; i < state.replies.size(); ++i) {
      if (state.replies.repeats(i)) continue;
      State lost = state;
      lost.replies.remove(i);
      if (suffers(lost, Fault::lost_reply)) reach(lost);
      State repeated = state;
      repeated.replies.add(state.replies.message(i),
                           small(static_cast<std::uint32_t>(state.replies.said(i))));
      if (suffers(repeated, Fault::repeated_reply)) reach(repeated);
    }
  }

  // What was not confirmed is sent again; what was under way may still arrive.
  void crash(const State& state) {
    State next = state;
    if (node(state).outstanding.empty() || !suffers(next, Fault::crash)) return;
    for (const Message& command : node(state).outstanding) next.commands.add(command);
    reach(next);
  }

  void be_asked(const State& state) {
    if (is_end(node(state).saga.status)) return;
    const auto ask = [&](const Move& move) {
      const State next = told(state, move);
      if (next.saga == state.saga) return;  // Refused.
      State counted = next;
      if (!is_end(node(next).saga.status)) ++counted.hindrances;
      ++totals_.requests;
      reach(counted);
    };
    for (const Asked asked : {Asked::pause, Asked::abandon, Asked::retry}) ask(request(asked));
    if (awaits_signals_) ask(request(Asked::signal));
    for (std::uint8_t step = 0; step < subject_.definition->steps.size(); ++step) {
      for (int as = 0; as < 4; ++as) ask(request(Asked::skip, as, step));
    }
  }

  const Case& subject_;
  Limits limits_;
  Findings& findings_;
  SagaGraph sagas_;
  Desk desk_;
  bool awaits_signals_ = false;
  bool moved_ = false;
  Totals totals_;
  std::vector<std::vector<State>> stacks_;  // By the number of faults so far.
  SeenStates seen_;
};

}  // namespace

const char* to_string(Fault fault) { return fault_names[static_cast<std::size_t>(fault)]; }

void Totals::add(const Totals& other) {
  cases += other.cases;
  states += other.states;
  transitions += other.transitions;
  sagas += other.sagas;
  decided += other.decided;
  ends += other.ends;
  requests += other.requests;
  for (std::size_t i = 0; i < fault_count; ++i) faults[i] += other.faults[i];
}

Totals explore(const Case& subject, const Limits& limits, const Decide& decide, Coverage& coverage,
               Findings& findings) {
  return Explorer{subject, limits, decide, coverage, findings}.run();
}

}  // namespace skald::model

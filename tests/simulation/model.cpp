#include "model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_set>

#include "model_state.hpp"
#include "saga_end.hpp"

namespace skald::simulation {

using testing::Findings;
using testing::Invariant;

namespace {

constexpr std::array kinds{OutcomeKind::success, OutcomeKind::rejected, OutcomeKind::failed,
                           OutcomeKind::unknown};
constexpr Duration long_time{std::chrono::hours{1}};

/// Depth first, with its own stack: a state is a few hundred bytes, a path can be long.
class Explorer {
 public:
  Explorer(const DefinitionPtr& definition, const ModelLimits& limits, Findings& findings)
      : definition_(definition), limits_(limits), findings_(findings) {}

  ModelTotals run() {
    totals_.definitions = 1;
    ModelState first{
        {{definition_, "model " + definition_->normal_form(), findings_}, 0, {}, {}, {}},
        {},
        {},
        {},
        *parse_time("2026-01-01T00:00:00Z"),
        0,
        0};
    first.witness.effects.resize(definition_->steps.size());
    const SagaId id = SagaId::make(first.now, 0, 1);
    first.tell(StartRequested{id, {}, {}, {}, {}, {}}, findings_);
    reach(std::move(first));
    while (!stack_.empty()) {
      const ModelState state = std::move(stack_.back());
      stack_.pop_back();
      go_on(state);
    }
    return std::move(totals_);
  }

 private:
  void reach(ModelState state) {
    ++totals_.transitions;
    if (seen_.insert(state.fingerprint()).second) stack_.push_back(std::move(state));
  }

  void cover(const ModelState& state, const std::string& input) {
    ++totals_.covered[{state.phase(), input}];
  }

  void go_on(const ModelState& state) {
    ++totals_.states;
    if (probed_.insert(state.saga_fingerprint()).second) probe(state);
    deliver_commands(state);
    deliver_replies(state);
    pass_time(state);
    if (state.faults < limits_.faults) be_faulty(state);
    const Status status = state.saga().status;
    if (status == Status::stuck && state.resumes < limits_.resumes) {
      ModelState next = state;
      ++next.resumes;
      cover(state, "resume");
      next.tell(ResumeRequested{}, findings_);
      reach(std::move(next));
    }
    if (is_end(status) && state.commands.empty()) {
      ++totals_.ends;
      testing::check_end(state.witness, findings_);
    }
  }

  void deliver_commands(const ModelState& state) {
    for (std::size_t i = 0; i < state.commands.size(); ++i) {
      const AttemptRef attempt = state.commands[i];
      if (i > 0 && attempt == state.commands[i - 1]) continue;
      if (!state.is_open(attempt)) {
        deliver(state, i, attempt, OutcomeKind::success, false);
        continue;
      }
      for (const OutcomeKind kind : kinds) {
        const bool success = kind == OutcomeKind::success;
        deliver(state, i, attempt, kind, success);
        if (kind == OutcomeKind::unknown) deliver(state, i, attempt, kind, true);
      }
    }
  }

  void deliver(const ModelState& state, std::size_t i, const AttemptRef& attempt, OutcomeKind kind,
               bool acts) {
    ModelState next = state;
    next.commands.erase(next.commands.begin() + static_cast<std::ptrdiff_t>(i));
    next.deliver(attempt, kind, acts, findings_);
    reach(std::move(next));
  }

  void deliver_replies(const ModelState& state) {
    for (std::size_t i = 0; i < state.replies.size(); ++i) {
      const ModelReply reply = state.replies[i];
      if (i > 0 && reply == state.replies[i - 1]) continue;
      ModelState next = state;
      next.replies.erase(next.replies.begin() + static_cast<std::ptrdiff_t>(i));
      Outcome outcome;
      outcome.kind = reply.kind;
      outcome.error.code = "ANSWERED";
      cover(state, fmt::format("reply {}", to_string(reply.kind)));
      next.tell(ReplyReceived{reply.attempt, outcome}, findings_);
      reach(std::move(next));
    }
  }

  // A retry is due; an attempt that nobody will answer any more times out.
  void pass_time(const ModelState& state) {
    if (next_wake(state.definition(), state.saga())) {
      ModelState next = state;
      next.now += long_time;
      cover(state, "wake");
      next.tell(Woken{}, findings_);
      reach(std::move(next));
    }
    if (!state.commands.empty() || !state.replies.empty()) return;
    for (const AttemptRef& attempt : outstanding_attempts(state.saga()))
      time_out(state, attempt, 0);
  }

  void time_out(const ModelState& state, const AttemptRef& attempt, int faults) {
    ModelState next = state;
    next.now += long_time;
    next.faults += faults;
    cover(state, "timeout");
    next.tell(AttemptTimedOut{attempt}, findings_);
    reach(std::move(next));
  }

  void be_faulty(const ModelState& state) {
    for (std::size_t i = 0; i < state.commands.size(); ++i) {
      ModelState lost = state;
      ++lost.faults;
      lost.commands.erase(lost.commands.begin() + static_cast<std::ptrdiff_t>(i));
      reach(std::move(lost));
    }
    for (std::size_t i = 0; i < state.replies.size(); ++i) {
      ModelState lost = state;
      ++lost.faults;
      lost.replies.erase(lost.replies.begin() + static_cast<std::ptrdiff_t>(i));
      reach(std::move(lost));
      ModelState repeated = state;
      ++repeated.faults;
      repeated.replies.insert(repeated.replies.begin() + static_cast<std::ptrdiff_t>(i),
                              state.replies[i]);
      reach(std::move(repeated));
    }
    for (const AttemptRef& attempt : outstanding_attempts(state.saga())) {
      time_out(state, attempt, 1);
    }
    crash(state);
    ModelState cancelled = state;
    ++cancelled.faults;
    cover(state, "cancel");
    cancelled.tell(CancelRequested{}, findings_);
    reach(std::move(cancelled));
  }

  // What was not confirmed is sent again; what was under way may still arrive.
  void crash(const ModelState& state) {
    ModelState next = state;
    ++next.faults;
    for (const AttemptRef& attempt : outstanding_attempts(state.saga())) {
      next.commands.push_back(attempt);
    }
    std::sort(next.commands.begin(), next.commands.end());
    reach(std::move(next));
  }

  // Every input, wanted or not, is answered: by events that make a path, or by nothing at all.
  void probe(const ModelState& state) {
    for (StepIndex step = 0; step < state.saga().steps.size(); ++step) {
      for (const Direction direction :
           {Direction::action, Direction::compensate, Direction::resolve}) {
        const std::uint32_t made = state.saga().steps[step].of(direction).made;
        for (std::uint32_t attempt = 1; attempt <= made; ++attempt) {
          probe_attempt(state, {step, direction, attempt});
        }
      }
    }
    probe(state, Woken{}, "wake");
    probe(state, CancelRequested{}, "cancel");
    probe(state, ResumeRequested{}, "resume");
    probe(state, RetryRequested{}, "retry");
    probe(state, PauseRequested{}, "pause");
    probe(state, AbandonRequested{}, "abandon");
  }

  void probe_attempt(const ModelState& state, const AttemptRef& attempt) {
    for (const OutcomeKind kind : kinds) {
      Outcome outcome;
      outcome.kind = kind;
      outcome.error.code = "PROBE";
      probe(state, ReplyReceived{attempt, outcome}, to_string(kind));
    }
    probe(state, AttemptTimedOut{attempt}, "timeout");
  }

  void probe(const ModelState& state, const Input& input, const char* name) {
    ++totals_.probes;
    Saga saga = state.saga();
    const Decision decision =
        decide(state.definition(), saga, input, state.now + long_time, OpenAdmission{});
    findings_.expect(Invariant::I9, !is_end(state.saga().status) || decision.events.empty(),
                     "{}: {} changed it after its end", state.witness.path.name(), name);
    findings_.expect(Invariant::I3, !decision.refusal || saga == state.saga(),
                     "{}: {} was refused and changed it", state.witness.path.name(), name);
    ++totals_.covered[{state.phase(), name}];
  }

  DefinitionPtr definition_;
  ModelLimits limits_;
  Findings& findings_;
  ModelTotals totals_;
  std::vector<ModelState> stack_;
  std::unordered_set<std::string> seen_;
  std::unordered_set<std::string> probed_;  // Sagas, whatever is under way.
};

}  // namespace

void ModelTotals::add(const ModelTotals& other) {
  definitions += other.definitions;
  states += other.states;
  transitions += other.transitions;
  probes += other.probes;
  ends += other.ends;
  for (const auto& [pair, count] : other.covered) covered[pair] += count;
}

ModelTotals explore(const DefinitionPtr& definition, const ModelLimits& limits,
                    Findings& findings) {
  return Explorer{definition, limits, findings}.run();
}

}  // namespace skald::simulation

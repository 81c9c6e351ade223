#include "explain.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "skald/participant_view.hpp"
#include "skald/view.hpp"

namespace skald::cli {
namespace {

// The participant to which the saga has something to issue now, or nothing said (empty).
std::string awaited_participant(const FoldedSaga& folded, Time now) {
  const Saga& saga = folded.saga;
  const StepIndex at = current_step(saga);
  if (at == no_step || saga.paused || is_end(saga.status)) return {};
  for (const Attempts& a : saga.steps[at].attempts) {
    if (a.outstanding || (a.retry_at && *a.retry_at > now)) return {};
  }
  return folded.definition->steps[at].participant;
}

std::string held_by_policy(StoreAccess& access, const std::string& participant) {
  const Json answer = access.request_of_engine({{"verb", "participants"}});
  if (!answer.value("ok", false)) return {};
  for (const Json& known : answer.at("participants")) {
    if (known.at("name") == participant) return why_held(known);
  }
  return {};
}

// What each child that the saga waits for says of itself, down to the last generation. A child's
// definition declares its own secrets; what the saga passed on stays hidden here all the same.
void append_children(StoreAccess& access, const Saga& saga, const SecretMask& mask, Time now,
                     std::vector<std::string>& lines) {
  for (const StepState& s : saga.steps) {
    const bool awaited = s.child && (s.status == StepStatus::waiting ||
                                     s.compensation == CompensationStatus::dispatched);
    if (!awaited) continue;
    const auto loaded = access.pages().try_load(*s.child);
    if (const auto* unreadable = std::get_if<UnreadableSaga>(&loaded)) {
      lines.push_back("child " + mask.text(unreadable->problem));
      continue;
    }
    const auto& child = std::get<FoldedSaga>(loaded);
    const SecretMask of_child(*child.definition, child.saga);
    lines.push_back(fmt::format("child saga {} ({}, {}): {}", s.child->to_string(), child.saga.type,
                                to_string(child.saga.status),
                                mask.text(why(of_child, child.saga, child.rows, now))));
    append_children(access, child.saga, mask, now, lines);
  }
}

}  // namespace

std::vector<std::string> explain(StoreAccess& access, const FoldedSaga& folded, Time now) {
  const Saga& saga = folded.saga;
  const SecretMask mask(*folded.definition, saga);
  std::string sentence = why(mask, saga, folded.rows, now);
  const std::string participant = awaited_participant(folded, now);
  if (saga.status != Status::stuck && !participant.empty()) {
    const std::string held = held_by_policy(access, participant);
    // Without this the sentence of a pending saga asks whether any engine runs.
    if (!held.empty() && saga.status == Status::pending) {
      return {"waits to be issued, because " + held};
    }
    if (!held.empty()) return {sentence + ", because " + held};
  }
  // A saga that has not begun asks for an engine by itself, unless it knows what else it waits for.
  // One that is stuck or paused waits for people.
  const bool waits_for_more =
      saga.lock_wait.has_value() || (saga.not_before && *saga.not_before > now);
  const bool needs_engine = saga.status == Status::running || saga.status == Status::compensating ||
                            (saga.status == Status::pending && waits_for_more);
  if (needs_engine && !saga.paused && !access.engine_running()) {
    sentence += "; but no engine answers at this store now, and without one nothing goes on";
  }
  // Its own sentence asks whether any engine runs.
  const bool asks_for_engine = saga.status == Status::pending && !saga.paused && !waits_for_more;
  if (asks_for_engine && access.engine_running()) {
    sentence = fmt::format(
        "has waited {} to begin; the engine that runs on this store issues nothing new for up to "
        "10s after its start, while answers that had queued up arrive",
        describe_duration(std::max(now - saga.started_at, Duration::zero())));
  }
  std::vector<std::string> lines{std::move(sentence)};
  if (!is_end(saga.status)) append_children(access, saga, mask, now, lines);
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  return fmt::format("{}", fmt::join(lines, "\n"));
}

}  // namespace skald::cli

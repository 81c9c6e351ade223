// The coordinator's dealings with the policies of participants: what is told to them, and who is
// let through next.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "coordinator/coordinator.hpp"
#include "skald/secret_mask.hpp"

namespace skald {
namespace {

// How many waiting sagas one batch wakes; the rest come with the next.
constexpr std::size_t serve_limit = 4'096;
// So many although the turn's share is used up, so that arrivals cannot hold all back.
constexpr std::size_t serve_min = 16;

const std::string& participant_of(const LiveSaga& live, const AttemptRef& attempt) {
  return live.definition->steps[attempt.step].participant;
}

CommandClass command_of(const LiveSaga& live, const AttemptRef& attempt) {
  const Attempts& a = live.saga.steps[attempt.step].of(attempt.direction);
  return class_of(attempt.direction, a.in_round() > 1);
}

CommandEnd failed_end(const ErrorInfo& error, std::optional<Duration> retry_after) {
  CommandEnd end;
  end.sign = LifeSign::failed;
  end.error_code = error.code;
  end.retry_after = retry_after;
  return end;
}

CommandEnd end_of_command(const OutstandingAttempt& attempt, CommandEnd end) {
  end.command = attempt.command;
  end.generation = attempt.generation;
  return end;
}

}  // namespace

CommandEnd end_of(const AttemptRef& attempt, const Input& input, const std::vector<Event>& events) {
  const auto* reply = std::get_if<ReplyReceived>(&input);
  if (reply && reply->attempt == attempt) {
    CommandEnd alive;
    switch (reply->outcome.kind) {
      case OutcomeKind::failed:
      case OutcomeKind::unknown:
        return failed_end(reply->outcome.error, reply->outcome.retry_after);
      case OutcomeKind::rejected: alive.error_code = reply->outcome.error.code; [[fallthrough]];
      case OutcomeKind::success:
      case OutcomeKind::pending: alive.sign = LifeSign::alive; return alive;
    }
  }
  for (const Event& event : events) {
    const auto* unanswered = std::get_if<AttemptUnanswered>(&event);
    // That an operator closed the step says nothing of its participant.
    const bool by_operator = unanswered && unanswered->error.code == "SKIPPED";
    if (unanswered && unanswered->attempt == attempt && !by_operator) {
      return failed_end(unanswered->error, {});
    }
  }
  return {};
}

void Coordinator::note_issued(LiveSaga& live, const AttemptRef& attempt) {
  OutstandingAttempt& issued = live.outstanding.back();
  issued.command = command_of(live, attempt);
  issued.generation = book_.issued(participant_of(live, attempt), issued.command, now_);
}

void Coordinator::note_ended(const LiveSaga& live, const OutstandingAttempt& attempt,
                             CommandEnd end) {
  if (settings_.mode != Mode::engine) return;
  // The participant chose the code, and it is logged and shown without the saga.
  if (!end.error_code.empty() && !live.definition->secrets.empty()) {
    end.error_code = SecretMask(*live.definition, live.saga).text(end.error_code);
  }
  open_.ended.emplace_back(live.saga.id, attempt);
  book_.ended(participant_of(live, attempt.attempt), end_of_command(attempt, std::move(end)), now_);
}

// The saga has ended, and nobody waits for the attempt any more.
void Coordinator::let_go(const LiveSaga& live, const OutstandingAttempt& attempt) {
  if (settings_.mode != Mode::engine) return;
  book_.ended_for_good(participant_of(live, attempt.attempt), end_of_command(attempt, {}), now_);
}

// An attempt that was rebuilt from the journal: what it counts as. `found`: it is not counted yet.
void Coordinator::identify(const LiveSaga& live, OutstandingAttempt& attempt, bool found) {
  const auto known = std::find_if(open_.ended.begin(), open_.ended.end(), [&](const auto& ended) {
    return ended.first == live.saga.id && ended.second.attempt == attempt.attempt;
  });
  if (known != open_.ended.end()) {
    attempt.command = known->second.command;
    attempt.generation = known->second.generation;
    attempt.confirmed = known->second.confirmed;
    attempt.body_bytes = known->second.body_bytes;
    return;
  }
  const std::string& participant = participant_of(live, attempt.attempt);
  attempt.command = command_of(live, attempt.attempt);
  attempt.generation =
      found ? book_.found(participant, attempt.command) : book_.generation(participant);
}

void Coordinator::join_lines(const LiveSaga& live) {
  for (const auto& [participant, command] : admission_.refused()) {
    lines_.join(live.saga.id, participant, command, live.saga.priority);
  }
}

void Coordinator::serve_lines() {
  more_to_serve_ = false;
  if (settings_.mode != Mode::engine || holds_overdue()) return;
  for (std::size_t left = serve_limit; left > 0 && !unplaced_.empty(); --left) {
    if (left <= serve_limit - serve_min && meter_.is_full()) break;
    const SagaId id = unplaced_.front();
    open_.placed.push_back(id);
    unplaced_.pop_front();
    serve(id);
  }
  more_to_serve_ = !unplaced_.empty();
  std::vector<std::string> participants;
  for (const auto& [name, lines] : lines_.all()) participants.push_back(name);
  if (participants.empty()) return;
  // Shared out, so that a long line does not hold up the others.
  const std::size_t all =
      meter_.is_full() ? serve_min : std::min<std::size_t>(serve_limit, meter_.decisions_left());
  const std::size_t share = std::max<std::size_t>(1, all / participants.size());
  for (const std::string& name : participants) {
    if (serve_line(name, share) == share) more_to_serve_ = true;
  }
}

// Answers how many were woken.
std::size_t Coordinator::serve_line(const std::string& participant, std::size_t most) {
  std::array<bool, command_class_count> blocked{};
  std::size_t woken = 0;
  while (woken < most) {
    const WaitingLines::Lines* lines = lines_.of(participant);
    if (!lines) break;
    // What undoes comes first; first attempts and retries stand in one order.
    const LinePlace* next = nullptr;
    auto command = CommandClass::undoing;
    for (const CommandClass c :
         {CommandClass::undoing, CommandClass::first_try, CommandClass::later_try}) {
      const WaitingLines::Line& line = (*lines)[static_cast<std::size_t>(c)];
      if (blocked[static_cast<std::size_t>(c)] || line.empty()) continue;
      if (next && (command == CommandClass::undoing || *next < *line.begin())) continue;
      next = &*line.begin();
      command = c;
    }
    if (!next) break;
    const LinePlace place = *next;
    bool& is_blocked = blocked[static_cast<std::size_t>(command)];
    if (!admission_.passes(participant, command, now_)) {
      is_blocked = true;
      continue;
    }
    ++woken;
    serve(place.saga);
    lines = lines_.of(participant);
    is_blocked = lines && (*lines)[static_cast<std::size_t>(command)].count(place) > 0;
  }
  return woken;
}

void Coordinator::serve(const SagaId& id) {
  LiveSaga* saga = live(id);
  lines_.leave(id);
  if (saga) (void)apply(*saga, Woken{});
}

void Coordinator::each_hold(
    const std::function<void(const std::string&, const Hold&)>& visit) const {
  for (const auto& [participant, lines] : lines_.all()) {
    for (std::size_t c = 0; c < lines.size(); ++c) {
      if (lines[c].empty()) continue;
      const auto hold = book_.held(participant, static_cast<CommandClass>(c), now_);
      if (hold) visit(participant, *hold);
    }
  }
}

std::optional<Time> Coordinator::next_admission() const {
  std::optional<Time> next;
  each_hold([&next](const std::string&, const Hold& hold) {
    if (hold.until) next = next ? std::min(*next, *hold.until) : *hold.until;
  });
  return next;
}

std::optional<Refusal> Coordinator::refuse_for_waiting(const Definition& definition) const {
  if (settings_.mode != Mode::engine) return std::nullopt;
  const std::size_t sagas = lines_.sagas() + unplaced_.size();
  if (sagas >= settings_.waiting_sagas_limit) {
    return Refusal{
        Refused::Code::unavailable,
        fmt::format("{} sagas wait to send a command, and no more than {} may (waiting_sagas_limit)"
                    ": the broker takes none, or participants are too slow; start it again later",
                    sagas, settings_.waiting_sagas_limit)};
  }
  for (const Step& step : definition.steps) {
    const auto& bulkhead = book_.policies(step.participant).bulkhead;
    if (!bulkhead || !bulkhead->max_waiting) continue;
    const std::size_t waiting = lines_.waiting(step.participant);
    if (waiting < *bulkhead->max_waiting) continue;
    const bool would_wait =
        waiting > 0 || !admission_.passes(step.participant, CommandClass::first_try, now_);
    if (!would_wait) continue;
    return Refusal{
        Refused::Code::unavailable,
        fmt::format("{} sagas wait for participant {}, and its bulkhead takes no more than {} "
                    "(max_waiting); start it again later",
                    waiting, step.participant, *bulkhead->max_waiting)};
  }
  return std::nullopt;
}

bool Coordinator::waits_for_room(StartArrival& a) {
  constexpr std::size_t hopeful_max = 65'536;
  constexpr std::size_t hopeful_bytes_max = 64UL * 1024 * 1024;
  const bool full = hopeful_.size() >= hopeful_max || hopeful_bytes_ >= hopeful_bytes_max;
  if (!a.wait_for_room || full) return false;
  if (!a.give_up_at) a.give_up_at = later(now_, *a.wait_for_room);
  if (*a.give_up_at <= now_) return false;
  hopeful_bytes_ += a.input.text().size();
  hopeful_.push_back(std::move(a));
  return true;
}

bool Coordinator::has_room_for_the_first() const {
  const StartArrival& first = hopeful_.front();
  const DefinitionPtr definition = newest_definition(first.type, first.version);
  return !definition || !refuse_for_waiting(*definition);
}

void Coordinator::take(ParticipantsArrival& a) {
  if (settings_.mode != Mode::engine) {
    a.answer(Refusal{Refused::Code::unavailable,
                     "no engine runs on this store, so nothing is sent to participants"});
    return;
  }
  std::vector<ParticipantStatus> all;
  for (auto& [name, in_force] : book_.known()) {
    all.push_back({name, std::move(in_force), book_.state(name), lines_.waiting(name)});
  }
  a.answer(std::move(all));
}

void Coordinator::take(SetBreakerArrival& a) {
  if (settings_.mode != Mode::engine) {
    a.answer(
        Refusal{Refused::Code::unavailable,
                "no engine runs on this store, so there is no breaker that could be set; start "
                "one, then say it again"});
    return;
  }
  a.order.at = now_;
  if (a.lasting) a.order.until = later(now_, std::min(*a.lasting, duration_max));
  if (!book_.set_breaker(a.participant, a.order)) {
    const bool known = book_.known().contains(a.participant);
    a.answer(Refusal{
        known ? Refused::Code::wrong_state : Refused::Code::not_found,
        known ? "participant " + a.participant +
                    " has no breaker: state one in a definition or in the engine's configuration"
              : "no definition or option names a participant " + a.participant});
    return;
  }
  const std::string told =
      fmt::format("participant {}: the breaker is set to {} by {}{}{}", a.participant,
                  to_string(a.order.phase), a.order.by.empty() ? "an operator" : a.order.by,
                  a.order.until ? " until " + format_time(*a.order.until) : std::string(),
                  a.order.reason.empty() ? std::string() : ": " + a.order.reason);
  open_.answers.emplace_back([this, told, answer = a.answer] {
    log(LogLevel::warning, told);
    answer(true);
  });
  owe_refusal(a.answer);
}

std::vector<DefinitionPtr> Coordinator::known_definitions() const {
  std::vector<DefinitionPtr> known;
  for (const auto& [type, versions] : by_type_) {
    for (const auto& [version, definition] : versions) known.push_back(definition);
  }
  return known;
}

}  // namespace skald

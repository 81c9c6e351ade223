// Requests of operators, as the control socket and handle() take them.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "orchestrator/shell.hpp"
#include "skald/text.hpp"

namespace skald {
namespace {

using Code = Refused::Code;

// A wait request holds a thread of the control socket; clients ask again in slices.
constexpr Duration wait_request_limit{10'000};
constexpr std::size_t long_waits_max = 32;
constexpr Duration short_wait{50};

// A request to wait that is being answered.
class CountOfWaits {
 public:
  explicit CountOfWaits(std::atomic<std::size_t>& waits) : waits_(waits), others_(waits_++) {}
  ~CountOfWaits() { --waits_; }
  CountOfWaits(const CountOfWaits&) = delete;
  CountOfWaits& operator=(const CountOfWaits&) = delete;
  [[nodiscard]] std::size_t others() const { return others_; }

 private:
  std::atomic<std::size_t>& waits_;
  std::size_t others_;
};

}  // namespace

std::string Orchestrator::Shell::control(std::string_view request) {
  try {
    return dump_json(handle(parse_json(request)));
  } catch (const JsonError& error) {
    return dump_json(refusal_json({Code::invalid, error.what()}));
  }
}

Json Orchestrator::Shell::handle(const Json& request) {
  try {
    ParsedRequest parsed = parse_control_request(request);
    return std::visit(
        [&](auto& r) {
          if constexpr (std::is_same_v<std::decay_t<decltype(r)>, StartArrival>) {
            return answer_request(r, parsed.define_first);
          } else {
            return answer_request(r);
          }
        },
        parsed.request);
  } catch (const Refused& refused) {
    return refusal_json({refused.code(), refused.what()});
  } catch (const DefinitionError& error) {
    return refusal_json({Code::invalid, error.what()});
  } catch (const JsonError& error) {
    return refusal_json({Code::invalid, error.what()});
  }
}

Json Orchestrator::Shell::answer_request(StartArrival& start, const DefinitionPtr& define_first) {
  if (define_first) (void)ask<bool>(DefineArrival{define_first, {}});
  const Started started = ask<Started>(std::move(start));
  return {{"ok", true}, {"id", started.id.to_string()}, {"created", started.created}};
}

Json Orchestrator::Shell::answer_request(RequestArrival& arrival) {
  const RequestOutcome outcome = ask<RequestOutcome>(std::move(arrival));
  Json answer{{"ok", true}, {"status", to_string(outcome.status)}, {"paused", outcome.paused}};
  if (outcome.wished) {
    answer["note"] = "recorded as a wish: the pivot is in doubt, its outcome decides";
  } else if (!outcome.note.empty()) {
    answer["note"] = outcome.note;
  }
  return answer;
}

Json Orchestrator::Shell::answer_request(ReplayArrival& replay) {
  return {{"ok", true}, {"id", ask<SagaId>(std::move(replay)).to_string()}};
}

Json Orchestrator::Shell::answer_request(DefineArrival& define) {
  (void)ask<bool>(std::move(define));
  return {{"ok", true}};
}

Json Orchestrator::Shell::answer_request(DropDefinitionArrival& drop) {
  (void)ask<bool>(std::move(drop));
  return {{"ok", true}};
}

Json Orchestrator::Shell::answer_request(DropQuarantinedArrival& drop) {
  (void)ask<bool>(std::move(drop));
  return {{"ok", true}};
}

Json Orchestrator::Shell::answer_request(RequeueQuarantinedArrival& requeue) {
  const RequeueOutcome outcome = ask<RequeueOutcome>(std::move(requeue));
  return {{"ok", true},
          {"status", outcome.used ? "used" : "unneeded"},
          {"saga", outcome.saga.to_string()},
          {"note", outcome.note}};
}

Json Orchestrator::Shell::answer_request(ParticipantsArrival& participants) {
  Json list = Json::array();
  const Time now = options_.clock->now();
  for (const ParticipantStatus& status :
       ask<std::vector<ParticipantStatus>>(std::move(participants))) {
    list.push_back(participant_json(status, now));
  }
  return {{"ok", true}, {"participants", std::move(list)}};
}

Json Orchestrator::Shell::answer_request(SetBreakerArrival& order) {
  (void)ask<bool>(std::move(order));
  return {{"ok", true}};
}

Json Orchestrator::Shell::answer_request(PurgeArrival& purge) {
  const Purged purged = ask<Purged>(std::move(purge));
  const Json next = purged.last.empty() ? Json(nullptr) : Json(purged.last.to_string());
  return {{"ok", true}, {"sagas", purged.sagas}, {"rows", purged.rows}, {"next", next}};
}

Json Orchestrator::Shell::answer_request(ReleaseSpaceArrival& release) {
  return {{"ok", true}, {"free_bytes", ask<std::uint64_t>(std::move(release))}};
}

Json Orchestrator::Shell::answer_request(const WaitRequest& request) {
  // Each holds a connection: when many wait, the others have to ask again and again, so that
  // requests that have work to do find a connection free.
  const CountOfWaits counted(waits_);
  const Duration most = counted.others() < long_waits_max ? wait_request_limit : short_wait;
  const auto result = wait(request.saga, std::min(request.timeout, most));
  if (!result) {
    return {{"ok", true}, {"done", false}, {"status", to_string(saga(request.saga).status)}};
  }
  return {{"ok", true}, {"done", true}, {"status", to_string(result->status)}};
}

Json Orchestrator::Shell::answer_request(const BackupRequest& request) {
  const std::uint64_t job = request.job ? *request.job : backup_job_.begin(request.file);
  if (request.stop) backup_job_.stop(job);
  const auto report = backup_job_.wait(job, std::min(request.timeout, wait_request_limit));
  return {{"ok", true},
          {"job", report.number},
          {"done", report.done},
          {"bytes", report.progress.bytes},
          {"of", report.progress.of}};
}

Json Orchestrator::Shell::answer_request(const InfoRequest&) {
  return {{"ok", true},
          {"engine", engine_id_},
          {"pid", getpid()},
          {"mode", options_.mode == Mode::engine ? "engine" : "momentary"},
          {"channel", channel_.name()},
          {"queued", inbox_.size()},
          {"cached", cached_.load()}};
}

}  // namespace skald

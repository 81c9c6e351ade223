#include "samples.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <random>

#include "event_codec.hpp"

namespace skald::test {

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "skald-storage-XXXXXX").string();
  path_ = std::filesystem::canonical(::mkdtemp(pattern.data()));
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

SagaId saga_id(std::uint64_t number) { return SagaId::make(at(1'700'000'000'000), number, number); }

Time at(std::int64_t ms) { return Time(Duration(ms)); }

std::vector<Event> one_of_each_event() {
  const AttemptRef attempt{3, Direction::compensate, 7};
  const ErrorInfo error{"OUT_OF_STOCK", "none left", JsonText::parse(R"({"sku":5})")};
  const Requester requester{"ann", "asked for it"};
  std::array<std::uint8_t, 32> digest{};
  for (std::size_t i = 0; i < digest.size(); ++i) digest[i] = static_cast<std::uint8_t>(i);
  return {
      SagaStarted{saga_id(1),
                  "order",
                  4,
                  Digest(digest),
                  6,
                  "order-42",
                  JsonText::parse(R"({"n":1})"),
                  at(1'700'000'060'000),
                  saga_id(2),
                  {{2, JsonText::parse("[2]")}},
                  requester,
                  at(1'700'000'050'000),
                  7,
                  ParentRef{saga_id(4), 5, 2},
                  saga_id(5),
                  3,
                  {"order/42", "stock/7"}},
      CommandIssued{attempt, 2},
      AttemptFailed{attempt, error},
      AttemptUnanswered{attempt, error},
      LateFailure{attempt, error},
      RetryScheduled{4, Direction::resolve, at(-5)},
      StepSucceeded{attempt, JsonText::parse(R"("done")")},
      StepRejected{attempt, error},
      StepFailed{5, error},
      StepInDoubt{6, error},
      StepSkipped{7, JsonText::parse("true"), error},
      SagaTurnedBack{{8, error}, {3, 2, no_step}, requester},
      StepCompensated{attempt},
      CompensationSkipped{9, true},
      SagaStuck{{10, Direction::compensate, Status::compensating, error}},
      WishRecorded{error, requester},
      SagaResumed{requester, true, 11, Direction::compensate, JsonText::parse("{}")},
      RetryHastened{12, Direction::compensate, requester},
      SagaPaused{requester},
      OperatorDecided{13, "succeeded", requester},
      ContradictionSeen{attempt, OutcomeKind::rejected},
      ReplayStarted{saga_id(3), true},
      SagaCompleted{JsonText::parse("42")},
      SagaCompensated{},
      SagaAbandoned{requester},
      StepWaiting{14, at(1'700'000'070'000)},
      SignalKept{"approved", JsonText::parse("{}"), requester},
      SignalTaken{15, "approved"},
      ChildStarted{attempt, saga_id(6)},
      ChildTurnedBack{attempt, saga_id(6)},
      AttemptHedged{attempt},
      LocksAwaited{"order/42", saga_id(7)},
      LocksGranted{},
      AttemptInterrupted{attempt, true},
      SiblingsAwaited{{3, error}},
      MessageQuarantined{3, "BAD_JSON", "the body is no JSON"},
      KeyHandedOver{saga_id(8)},
  };
}

std::string stored_form(const std::vector<Event>& events) {
  std::string bytes;
  encode_events(events, bytes);
  return bytes;
}

SagaSummary summary(std::uint64_t number) {
  SagaSummary summary;
  summary.id = saga_id(number);
  summary.type = "order";
  summary.definition_version = 1;
  summary.status = Status::running;
  summary.version = 1;
  summary.started_at = at(static_cast<std::int64_t>(number));
  summary.updated_at = summary.started_at;
  return summary;
}

SagaSummary with_key(std::uint64_t number, const std::string& key) {
  SagaSummary keyed = summary(number);
  keyed.key = key;
  keyed.holds_key = true;
  return keyed;
}

SagaSummary ended(SagaSummary summary, Status status) {
  summary.status = status;
  summary.version += 1;
  summary.updated_at += Duration(10);
  summary.ended_at = summary.updated_at;
  return summary;
}

JournalAppend append(std::uint64_t number, std::uint64_t version, const std::string& text) {
  OperatorDecided decided;
  decided.step = 0;
  decided.verdict = text;
  return {saga_id(number), version, at(static_cast<std::int64_t>(version)), {decided}};
}

JournalAppend end_of(std::uint64_t number, std::uint64_t version) {
  return {saga_id(number), version, at(static_cast<std::int64_t>(version)), {SagaCompleted{}}};
}

Batch start(const SagaSummary& summary) {
  Batch batch;
  batch.summaries = {summary};
  SagaStarted started;
  started.id = summary.id;
  started.type = summary.type;
  started.definition_version = summary.definition_version;
  started.definition = summary.definition;
  started.step_count = 1;
  started.key = summary.key;
  started.replay_of = summary.replay_of;
  batch.appends = {{summary.id, 1, summary.started_at, {started}}};
  return batch;
}

Batch start_with_text(std::uint64_t number, std::size_t bytes) {
  Batch batch = start(summary(number));
  batch.appends[0].events.push_back(append(number, 1, std::string(bytes, 'x')).events[0]);
  return batch;
}

DefinitionPtr definition(const std::string& type, std::uint32_t version,
                         const std::string& participant) {
  const std::string text = fmt::format(
      R"({{"saga": "{}", "version": {}, "steps": [{{"name": "reserve", "participant": "{}",
          "action": "reserve", "compensation": "release"}}]}})",
      type, version, participant);
  return std::make_shared<const Definition>(parse_definition(text));
}

std::string long_normal_form() {
  std::string codes;
  for (int i = 0; i < 60; ++i) codes += fmt::format(R"({}"CODE_{}")", i == 0 ? "" : ",", i);
  std::string steps;
  for (int i = 0; i < 620; ++i) {
    steps +=
        fmt::format(R"({}{{"name":"s{}","participant":"p","action":"a"}})", i == 0 ? "" : ",", i);
  }
  return fmt::format(
      R"({{"saga":"long","version":1,"defaults":{{"retry":{{"retry_on":[{}]}}}},"steps":[{}]}})",
      codes, steps);
}

std::string deep_normal_form() {
  constexpr std::size_t depth = 61;
  return fmt::format(
      R"({{"saga":"deep","version":1,"defaults":{{"on_failure":{{"fallback":{}{}}}}},)"
      R"("steps":[{{"name":"s","participant":"p","action":"a"}}]}})",
      std::string(depth, '['), std::string(depth, ']'));
}

}  // namespace skald::test

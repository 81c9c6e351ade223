// What the coordinator says of a saga with secrets where nobody masks it afterwards: in log lines,
// in the state of participants, in refusals, and to other sagas.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "scripted_channel.hpp"

using namespace skald;
using skald::testing::Engine;

namespace {

constexpr const char* card = "4111222233334444";

constexpr const char* guarded = R"({
  "saga": "pay", "version": 1, "secrets": ["/input/card", "/input/pin"],
  "participants": {"payment": {"breaker": {"failures": 1, "delay": "10s"}}},
  "defaults": {"retry": {"max_attempts": 1}},
  "steps": [{"name": "charge", "participant": "payment", "action": "charge",
             "compensation": "refund"}]})";

bool says(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string requeue(Engine& engine, const QuarantinedMessage& message) {
  Batch batch;
  batch.quarantined.push_back(message);
  (void)engine.store->commit(batch);
  std::string words = "not refused";
  engine.tell(RequeueQuarantinedArrival{
      engine.store->quarantine(0, 100).back().number, {"ada", ""}, [&words](auto answer) {
        const auto* refused = std::get_if<Refusal>(&answer);
        if (refused) words = refused->message;
      }});
  return words;
}

}  // namespace

TEST_CASE("the refusal to requeue a message quotes no secret of the saga it names") {
  Engine engine{guarded};
  const Started started = engine.start({}, {{"card", card}});
  engine.channel.reads = [](const QuarantinedMessage& message) -> Reconsidered {
    return Unusable{message.reason, std::string("it is for ") + card};
  };
  QuarantinedMessage message;
  message.channel = "scripted";
  message.reason = "FORGED_KEY";
  message.saga = started.id.to_string();
  CHECK(says(requeue(engine, message), "(FORGED_KEY): it is for ***"));
  message.saga = "nobody";
  const std::string unknown = requeue(engine, message);
  CHECK_FALSE(says(unknown, card));
  CHECK(says(unknown, "its saga cannot be read and definitions in this store declare secrets"));
}

TEST_CASE("without secrets the refusal to requeue a message says what its channel says") {
  Engine engine{skald::testing::order_definition};
  engine.channel.reads = [](const QuarantinedMessage& message) -> Reconsidered {
    return Unusable{message.reason, "it is for engine 'other'"};
  };
  QuarantinedMessage message;
  message.channel = "scripted";
  message.reason = "UNKNOWN_ENGINE";
  CHECK(says(requeue(engine, message), "(UNKNOWN_ENGINE): it is for engine 'other'"));
}

#include "used_engine.hpp"

#include <nlohmann/json.hpp>

#include "demand.hpp"
#include "skald/expansion.hpp"
#include "skald/text.hpp"
#include "skald/view.hpp"
#include "skald/wire.hpp"

namespace skald::fuzz {
namespace {

constexpr int answers_max = 30;

constexpr const char* order = R"({"saga": "order", "version": 1, "secrets": ["/input/card"],
  "steps": [
  {"name": "reserve", "participant": "inventory", "action": "reserve", "compensation": "release"},
  {"name": "charge", "participant": "payment", "action": "charge", "compensation": "refund",
   "input": {"items": {"$from": "/input/items"}, "by": {"$from": "/steps/reserve/output"}}}]})";
constexpr const char* order_input = R"({"items": [1], "card": "4111"})";

}  // namespace

UsedEngine::UsedEngine() {
  open();
  demand(define(std::make_shared<const Definition>(parse_definition(order))),
         "a sound definition is refused");
  StartArrival start;
  start.type = "order";
  start.input = JsonText::parse(order_input);
  std::optional<SagaId> id;
  start.answer = [&id](const std::variant<Started, Refusal>& answer) {
    if (const auto* started = std::get_if<Started>(&answer)) id = started->id;
  };
  process({std::move(start)});
  demand(id && id->to_string() == saga_id,
         "the saga's id is " + (id ? id->to_string() : "missing") + ", and inputs name another");
}

void UsedEngine::open() {
  coordinator_.reset();
  channel_.sent.clear();
  store_ = std::make_unique<MemoryStore>(disk_);
  Coordinator::Settings settings;
  settings.id_seed = 7;
  settings.log = [](LogLevel, std::string_view) {};
  coordinator_ = std::make_unique<Coordinator>(*store_, channel_, std::move(settings));
  coordinator_->recover(now_);
  process({RoomArrival{}});
}

void UsedEngine::process(std::vector<Arrival> arrivals) {
  constexpr int turns_max = 5'000;
  coordinator_->process(std::move(arrivals), now_);
  for (int turns = 0;; ++turns) {
    const auto due = coordinator_->next_due();
    if (!due || *due > now_) return;
    demand(turns < turns_max, "the engine does not come to rest");
    coordinator_->process(std::vector<Arrival>{}, now_);
  }
}

bool UsedEngine::define(DefinitionPtr definition) {
  bool accepted = false;
  process(
      {DefineArrival{std::move(definition), [&accepted](const std::variant<bool, Refusal>& answer) {
                       accepted = std::holds_alternative<bool>(answer);
                     }}});
  return accepted;
}

bool UsedEngine::run(const std::string& type, const JsonText& input) {
  StartArrival start;
  start.type = type;
  start.input = input;
  bool started = false;
  start.answer = [&started](const std::variant<Started, Refusal>& answer) {
    started = std::holds_alternative<Started>(answer);
    const auto* refusal = std::get_if<Refusal>(&answer);
    demand(!refusal || (!refusal->message.empty() && is_utf8(refusal->message)),
           "a start is refused without a word");
  };
  process({std::move(start)});
  answer_all();
  return started;
}

void UsedEngine::answer_all() {
  for (int i = 0; i < answers_max && !channel_.sent.empty(); ++i) {
    const Command command = std::move(channel_.sent.front());
    channel_.sent.pop_front();
    (void)parse_json(command.body.text());  // As its handler does.
    Outcome outcome = Outcome::success();
    outcome.output = command.body;
    if (i % 5 == 4) outcome = Outcome::rejected("NO");
    process({ReplyArrival{{command.id.saga, command.attempt, {}, std::move(outcome), 0}}});
  }
}

void UsedEngine::look_back() {
  open();
  for (const SagaSummary& summary : store_->list({}, {}, 50)) look_at(summary);
  for (const QuarantinedMessage& message : store_->quarantine(0, 20)) {
    demand(is_utf8(message.saga) && is_utf8(message.detail), "a message cannot be shown");
    process({RequeueQuarantinedArrival{message.number, {"ann", ""}, [](const auto&) {}}});
  }
}

void UsedEngine::look_at(const SagaSummary& summary) {
  const auto rows = store_->journal(summary.id);
  const Saga saga = fold(rows);
  const DefinitionPtr definition = store_->definition(saga.definition);
  demand(definition != nullptr, "the definition of a saga is gone");
  const auto effective = effective_definition(definition, saga.input);
  const auto* expanded = std::get_if<DefinitionPtr>(&effective);
  demand(expanded, "the definition of a saga cannot be expanded again");
  const std::string shown = dump_json(show_json(**expanded, saga, now_));
  constexpr JsonLimits wide{.depth = 512, .bytes = 1UL << 28U};
  (void)JsonText::parse(shown, wide);
  demand(is_utf8(why(**expanded, saga, now_)), "`why` is no UTF-8");
  for (const JournalRow& row : rows) (void)dump_json(journal_row_json(**expanded, row));
  demand(!saga.stuck || saga.stuck->error.code != "INTERNAL",
         "only the guard saved the engine: " + (saga.stuck ? saga.stuck->error.message : ""));
}

}  // namespace skald::fuzz

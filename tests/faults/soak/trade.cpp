#include "trade.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "../ledger.hpp"
#include "skald/definition_builder.hpp"

namespace skald::faults {
namespace {

constexpr std::uint64_t mishap_every = 20;
constexpr std::uint64_t fails_at_first = 7;
constexpr const char* last_step = "settle";
constexpr const char* failing_step = "hedge";
constexpr std::size_t note_bytes = 300;

Outcome trade(const HandlerCall& call, sqlite3* transaction) {
  const std::uint64_t turn = call.input().at("number").get<std::uint64_t>() % mishap_every;
  const bool forward = call.direction() == Direction::action;
  if (forward && turn == 0 && call.step() == last_step) return Outcome::rejected("NO_FUNDS");
  if (turn == fails_at_first && call.step() == failing_step && call.attempt() == 1) {
    return Outcome::failed("BUSY");
  }
  write_effect(transaction, call);
  return Outcome::success(Json{{"step", call.step()}});
}

}  // namespace

Definition trade_definition() {
  RetryPolicy retry;
  retry.initial_delay = Duration{5};
  retry.max_delay = Duration{40};
  DefinitionBuilder builder(trade_type, 1);
  // The timeout is never to fire: whoever waits is slow, not gone.
  builder.default_timeout(Duration{300'000}).default_retry(retry).default_compensation_retry(retry);
  for (const char* step : {"reserve", "quote", failing_step, "pledge", "book", last_step}) {
    builder.step(step).participant(trader_name).action("act").compensation("undo");
  }
  return builder.build();
}

Json trade_input(std::uint64_t number) {
  return {{"number", number}, {"note", std::string(note_bytes, 'n')}};
}

Trader::Trader(const std::string& database_path) : participant_(trader_name, database_path) {
  // The soak is about what piles up, not about power.
  run_script(participant_.database(), "PRAGMA synchronous=OFF");
  make_ledger(participant_.database());
  for (const char* action : {"act", "undo"}) participant_.handle(action, trade);
}

TradeTotals trade_totals(const std::string& database_path) {
  const ParticipantDatabase database(database_path, ParticipantDatabase::Access::read);
  SqlStatement rows(database.handle(),
                    "SELECT saga, step, direction, COUNT(*) FROM effects GROUP BY 1, 2, 3");
  TradeTotals totals;
  while (rows.step()) {
    const auto count = static_cast<std::uint64_t>(rows.integer(3));
    const bool forward = rows.text(2) == to_string(Direction::action);
    (forward ? totals.actions : totals.compensations) += count;
    totals.twice += count - 1;
  }
  return totals;
}

}  // namespace skald::faults

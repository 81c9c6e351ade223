#include "schedule.hpp"

#include "participants.hpp"
#include "world.hpp"

namespace skald::simulation {
namespace {

void count_sagas(const testing::Checker& checker, Totals& totals) {
  for (const auto& [id, witness] : checker.sagas()) {
    const Saga& saga = witness.path.saga();
    ++totals.sagas;
    ++totals.by_status[to_string(saga.status)];
    if (saga.turn_back) ++totals.turned_back;
    if (saga.contradicted) ++totals.contradicted;
    totals.journal_rows += saga.version;
  }
}

}  // namespace

void Totals::add(const Totals& other) {
  schedules += other.schedules;
  sagas += other.sagas;
  for (const auto& [status, count] : other.by_status) by_status[status] += count;
  turned_back += other.turned_back;
  journal_rows += other.journal_rows;
  engines += other.engines;
  crashes += other.crashes;
  batches += other.batches;
  deliveries += other.deliveries;
  repeats += other.repeats;
  requests += other.requests;
  refused += other.refused;
  contradicted += other.contradicted;
  for (std::size_t i = 0; i < accidents.size(); ++i) accidents[i] += other.accidents[i];
  happenings.add(other.happenings);
  with_edge_data += other.with_edge_data;
  for (std::size_t i = 0; i < edges.size(); ++i) edges[i] += other.edges[i];
}

ScheduleResult run_schedule(const Draft& draft, const ScheduleOptions& options) {
  ScheduleResult result;
  const testing::Plan plan = draft.plan();
  SeededAccidents accidents{options.seed, options.allowed};
  SimulatedParticipants participants{accidents, habit(options.mutant), draft.edge};
  const std::unique_ptr<testing::Sabotage> sabotage = make_sabotage(options.mutant);
  testing::World world{plan, accidents, participants, result.findings, sabotage.get()};
  if (options.trace) world.trace().switch_on();
  world.run();

  Totals& totals = result.totals;
  totals.schedules = 1;
  count_sagas(world.checker(), totals);
  totals.engines = world.counts().lives;
  totals.crashes = world.counts().crashes;
  totals.batches = world.counts().batches;
  totals.deliveries = world.channel().counts().deliveries;
  totals.repeats = world.channel().counts().repeats;
  totals.requests = world.counts().requests;
  totals.refused = world.counts().refused;
  totals.happenings = world.checker().happenings();
  totals.edges = participants.edge().drawn;
  totals.with_edge_data = draft.edge.any() ? 1 : 0;
  result.happened = accidents.happened();
  for (const auto& [accident, label] : result.happened) {
    ++totals.accidents[static_cast<std::size_t>(accident)];
  }
  result.trace = world.trace().lines();
  return result;
}

}  // namespace skald::simulation

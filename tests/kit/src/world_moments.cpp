// Owners for a moment: who finds no engine opens the store, makes one request and closes it, as the
// command-line tool does.
#include <utility>

#include "world.hpp"
#include "world_life.hpp"

namespace skald::testing {
namespace {

constexpr std::uint64_t visits_max = 2;
constexpr std::uint64_t visit_time_max_ms = 500;

}  // namespace

bool World::becomes_owner(Label occasion) {
  return counts_.lives > 0 && accidents_.happens(Accident::momentary_owner, mix(occasion, 40));
}

// Operators come by while the engine is away.
void World::schedule_visits() {
  for (std::uint64_t i = 0; i < visits_max; ++i) {
    const std::uint64_t number = mix(counts_.lives, i, 44);
    if (!becomes_owner(number)) continue;
    agenda_.after(Duration{accidents_.pick(number, visit_time_max_ms)},
                  [this, number] { visit(number); });
  }
}

void World::visit(std::uint64_t number) {
  if (life_ || checker_.sagas().empty()) return;
  auto saga = checker_.sagas().begin();
  std::advance(saga, accidents_.pick(mix(number, 1), checker_.sagas().size()));
  const auto verb = static_cast<Verb>(accidents_.pick(mix(number, 2), verb_count));
  std::string step;
  if (verb >= Verb::skip && verb <= Verb::skip_as_compensated) {
    const auto& steps = saga->second.path.definition().steps;
    step = steps[accidents_.pick(mix(number, 3), steps.size())].name;
  }
  checker_.happenings().note(Happening::momentary_request);
  own_for(asking(saga->first, verb, step, {}));
}

void World::own_for(Arrival arrival) {
  trace_.note([] { return "an OWNER without an engine"; });
  std::unique_ptr<Life> life = make_life(Mode::momentary);
  try {
    life->coordinator->recover(agenda_.engine_now());
    life->watched->recovered();
    std::vector<Arrival> batch;
    batch.emplace_back(RoomArrival{});
    batch.push_back(std::move(arrival));
    life->coordinator->process(std::move(batch), agenda_.engine_now());
    life->coordinator->checkpoint();
  } catch (const CrashHere&) {
    ++counts_.crashes;
    checker_.happenings().note(Happening::momentary_crash);
  } catch (const StoreError& error) {
    const bool full = error.kind() == StoreError::Kind::full;
    checker_.findings().expect(Invariant::I15, full, "an owner without an engine failed: {}",
                               error.what());
  }
}

}  // namespace skald::testing

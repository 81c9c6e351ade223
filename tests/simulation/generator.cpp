#include "generator.hpp"

#include <fmt/format.h>

#include <string>

#include "accidents.hpp"
#include "generator_kin.hpp"
#include "generator_steps.hpp"

namespace skald::simulation {

using testing::PlannedRequest;
using testing::PlannedStart;
using testing::Verb;

namespace {

constexpr int calm_factor_here = 4;
constexpr std::uint64_t calm_min_ms = 800;
constexpr std::uint64_t calm_max_ms = 3'000;

void plan_starts(Random& random, Draft& draft) {
  const std::size_t count = 1 + random.below(3);
  for (std::size_t i = 0; i < count; ++i) {
    PlannedStart start;
    start.at = Duration{random.below(300)};
    start.type = draft.definitions[random.below(draft.definitions.size())]["saga"];
    if (random.chance(70)) start.key = fmt::format("key-{}", i);
    start.input = JsonText::trusted(fmt::format(R"({{"n":{},"items":[1,2]}})", i));
    draft.starts.push_back(start);
    // A client that asks twice.
    if (start.key && random.chance(15)) {
      start.at += Duration{random.below(500)};
      draft.starts.push_back(std::move(start));
    }
  }
}

void plan_requests(Random& random, Draft& draft) {
  if (!random.chance(50)) return;
  const std::size_t count = 1 + random.below(4);
  for (std::size_t i = 0; i < count; ++i) {
    PlannedRequest request;
    const PlannedStart& start = draft.starts[random.below(draft.starts.size())];
    request.at = start.at + Duration{random.below(1'500)};
    request.input = start.input;
    request.verb = static_cast<Verb>(random.below(testing::verb_count));
    const bool skips = request.verb >= Verb::skip && request.verb <= Verb::skip_as_compensated;
    if (skips) request.step = std::string(1, static_cast<char>('a' + random.below(4)));
    if (request.verb == Verb::signal && random.chance(50)) {
      request.given.signal_id = random.chance(70) ? "s-1" : "s-2";
    }
    draft.requests.push_back(std::move(request));
  }
}

}  // namespace

// A definition may state policies of those participants only that it uses.
void Draft::state_policies(Json& document) const {
  for (const Json& s : document["steps"]) {
    const Json& body = s.contains("for_each") ? s["for_each"]["step"] : s;
    const std::string participant = body.value("participant", "");
    if (policies.contains(participant)) {
      document["participants"][participant] = policies[participant];
    }
  }
}

testing::Plan Draft::plan() const {
  testing::Plan plan;
  for (Json document : definitions) {
    if (!configured) state_policies(document);
    plan.definitions.push_back(std::make_shared<const Definition>(make_definition(document)));
  }
  if (configured) plan.participants = parse_policies(policies, "participants");
  plan.starts = starts;
  plan.requests = requests;
  plan.calm_at = calm_at;
  plan.carries_out_here = carries_out_here;
  plan.cached_sagas_limit = cached_sagas_limit;
  return plan;
}

Draft generate(std::uint64_t seed, bool edge) {
  Random random{seed};
  Draft draft;
  const std::size_t types = 1 + random.below(2);
  for (std::size_t i = 0; i < types; ++i) {
    draft.definitions.push_back(draw_definition(random, fmt::format("type-{}", i)));
  }
  plan_starts(random, draft);
  plan_requests(random, draft);
  draft.calm_at = Duration{calm_min_ms + random.below(calm_max_ms - calm_min_ms)};
  if (random.chance(20)) draft.cached_sagas_limit = random.below(2);
  // Drawn apart from the rest, so that a seed means the same without it.
  Random kin{testing::mix(seed, 0x6b696eU)};
  if (kin.chance(75)) add_kin(kin, draft);
  draft.carries_out_here = testing::mix(seed, 0x68657265U) % 4 == 0;
  // A command that ends the engine again and again takes time to be found.
  if (draft.carries_out_here) draft.calm_at *= calm_factor_here;
  if (edge) draft.edge = add_edge_data(seed, draft.starts, draft.requests);
  return draft;
}

}  // namespace skald::simulation

#include "generator_kin.hpp"

#include <fmt/format.h>

#include <string>

#include "generator_steps.hpp"

namespace skald::simulation {
namespace {

constexpr std::size_t kid_steps_max = 2;
constexpr std::uint64_t delay_max_ms = 1'500;

// A type that other sagas may start. One that is to be undoable has no pivot and nothing behind it.
Json kid(Random& random, const std::string& type, bool undoable) {
  Json d = draw_definition(random, type);
  Json steps = Json::array();
  for (const Json& s : d["steps"]) {
    const bool fits = !undoable || s.value("kind", "compensatable") == "compensatable";
    if (fits && (steps.size() < kid_steps_max || !undoable)) steps.push_back(s);
  }
  if (steps.empty()) steps.push_back(draw_step(random, 0, "compensatable", steps));
  if (d.contains("output")) {
    const std::string last = steps.back()["name"];
    d["output"] = {{"last", {{"$from", "/steps/" + last + "/output"}, {"default", nullptr}}}};
  }
  d["steps"] = std::move(steps);
  return d;
}

Json child_work(Random& random, const std::string& type, bool of_list) {
  Json work{{"type", random.chance(2) ? "nobody" : type}};
  if (random.chance(20)) work["version"] = random.chance(95) ? 1 : 2;
  if (of_list || random.chance(40)) {
    work["input"] = {{"n", {{"$from", "/input/n"}}},
                     {"items", {{"$from", "/input/items"}}},
                     {"of", {{"$from", of_list ? "/item" : "/id"}}}};
  }
  return work;
}

class Family {
 public:
  Family(Random& random, Draft& draft) : random_(random), draft_(draft) {}

  void add() {
    const std::size_t roots = draft_.definitions.size();
    const std::size_t kids = 1 + random_.below(3);
    for (std::size_t i = 0; i < kids; ++i) {
      // The last of each sort comes last, so that everybody finds one behind itself.
      undoable_.push_back(i + 1 == kids || random_.chance(65));
      draft_.definitions.push_back(kid(random_, name(i), undoable_.back()));
    }
    for (std::size_t i = 0; i < roots; ++i) adopt(draft_.definitions[i], 0, 40);
    for (std::size_t i = 0; i + 1 < kids; ++i) adopt(draft_.definitions[roots + i], i + 1, 25);
    if (random_.chance(4)) {
      draft_.definitions.push_back(endless());
      adopt(draft_.definitions[random_.below(roots)], kids, 60);
    }
  }

 private:
  static std::string name(std::size_t number) { return fmt::format("kid-{}", number); }

  // Some steps of this definition become children, of kids from `first` on.
  void adopt(Json& definition, std::size_t first, unsigned percent) {
    for (Json& s : definition["steps"]) {
      if (!random_.chance(percent)) continue;
      Json& body = s.contains("for_each") ? s["for_each"]["step"] : s;
      const bool of_list = s.contains("for_each");
      if (!body.contains("participant")) continue;
      const bool plain = body.value("kind", "compensatable") == "compensatable";
      Json work = child_work(random_, choose(first, plain), of_list);
      Json adopted = Json::object();
      for (const char* key : {"name", "kind", "after", "when", "on_failure"}) {
        if (body.contains(key)) adopted[key] = body[key];
      }
      adopted["saga"] = std::move(work);
      body = std::move(adopted);
    }
  }

  // Now and then a kid that cannot be undone where it would have to be.
  std::string choose(std::size_t first, bool must_be_undoable) {
    if (first >= undoable_.size()) return "endless";
    const std::size_t start = first + random_.below(undoable_.size() - first);
    if (!must_be_undoable || random_.chance(3)) return name(start);
    std::size_t i = start;
    while (!undoable_[i]) ++i;  // The last one is.
    return name(i);
  }

  // Its own child, until it is too deep.
  Json endless() {
    Json d = draw_definition(random_, "endless");
    d.erase("output");
    d.erase("locks");
    Json steps = Json::array();
    steps.push_back(draw_step(random_, 0, "compensatable", steps));
    Json self{{"name", "b"}, {"saga", {{"type", "endless"}}}};
    if (random_.chance(60)) self["on_failure"] = random_.chance(80) ? "skip" : "stuck";
    steps.push_back(std::move(self));
    d["steps"] = std::move(steps);
    return d;
  }

  Random& random_;
  Draft& draft_;
  std::vector<bool> undoable_;
};

Json hedge(Random& random) {
  return {{"delay", ms(1 + random.below(40))}, {"max_attempts", 2 + random.below(3)}};
}

// Steps without effect may be hedged; now and then one is made such.
void add_hedges(Random& random, Draft& draft) {
  for (Json& definition : draft.definitions) {
    for (Json& s : definition["steps"]) {
      Json& body = s.contains("for_each") ? s["for_each"]["step"] : s;
      if (!body.contains("participant") || body.contains("kind")) continue;
      if (random.chance(25)) {
        body["compensation"] = "none";
        body.erase("compensation_retry");
      }
      if (body["compensation"] == "none" && random.chance(60)) body["hedge"] = hedge(random);
    }
  }
}

void add_delays(Random& random, Draft& draft) {
  for (std::size_t i = 0; i < draft.starts.size(); ++i) {
    testing::PlannedStart& start = draft.starts[i];
    const bool again = i > 0 && draft.starts[i - 1].input == start.input;
    if (again) {
      start.delay = draft.starts[i - 1].delay;
    } else if (random.chance(35)) {
      start.delay = Duration{1 + random.below(delay_max_ms)};
    }
  }
}

Json breaker(Random& random) {
  Json policy{{"delay", ms(20 + random.below(400))}};
  if (random.chance(30)) {
    policy["failure_rate"] = 0.25 * static_cast<double>(1 + random.below(3));
    policy["window"] = ms(100 + random.below(1'000));
    policy["min_calls"] = 1 + random.below(4);
  }
  if (!policy.contains("failure_rate") || random.chance(50)) {
    policy["failures"] = 1 + random.below(3);
  }
  if (random.chance(40)) {
    policy["max_delay"] = ms(420 + random.below(1'000));
    policy["multiplier"] = 1 + random.below(3);
  }
  if (random.chance(30)) policy["probes"] = 1 + random.below(3);
  if (random.chance(30)) policy["successes"] = 1 + random.below(3);
  return policy;
}

Json bulkhead(Random& random) {
  Json policy{{"max_in_flight", 1 + random.below(4)}};
  if (random.chance(30)) policy["max_waiting"] = random.below(3);
  return policy;
}

Json rate_limit(Random& random) {
  Json policy{{"rate", fmt::format("{}/{}", 1 + random.below(4), ms(30 + random.below(300)))}};
  if (random.chance(70)) policy["burst"] = 1 + random.below(5);
  return policy;
}

Json retry_budget(Random& random) {
  return {{"ratio", 0.25 * static_cast<double>(random.below(4))},
          {"min_per_second", random.below(6)},
          {"window", ms(100 + random.below(1'500))}};
}

void add_policies(Random& random, Draft& draft) {
  for (std::size_t i = 0; i < 3; ++i) {
    Json policies = Json::object();
    if (random.chance(30)) policies["breaker"] = breaker(random);
    if (random.chance(30)) policies["bulkhead"] = bulkhead(random);
    if (random.chance(25)) policies["rate_limit"] = rate_limit(random);
    if (random.chance(25)) policies["retry_budget"] = retry_budget(random);
    if (!policies.empty()) draft.policies[fmt::format("p{}", i)] = std::move(policies);
  }
  draft.configured = random.chance(50);
}

// Some requests are about a saga below the one that was started.
void turn_to_kin(Random& random, Draft& draft) {
  for (testing::PlannedRequest& request : draft.requests) {
    if (random.chance(45)) request.kin = static_cast<std::uint32_t>(1 + random.below(3));
  }
}

}  // namespace

void add_kin(Random& random, Draft& draft) {
  if (random.chance(45)) {
    Family{random, draft}.add();
    turn_to_kin(random, draft);
  }
  if (random.chance(35)) add_hedges(random, draft);
  if (random.chance(35)) add_delays(random, draft);
  if (random.chance(50)) add_policies(random, draft);
}

}  // namespace skald::simulation

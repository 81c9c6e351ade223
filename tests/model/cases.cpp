// Which definitions there are to explore. Two kinds of reduction keep their number small, and both
// are by reason, not by chance.
//
// Equal classes. `fallback` and `skip` lead to the same decisions but for the output that a later
// `when` may look at; so `fallback` is only in the families of one step and of conditions. Names,
// templates, participants and lengths of time never reach a decision; so all steps share them.
//
// Traits. What a step is like (undoable or not, asks or not, what a failure does) is looked at in
// decisions about that step, and about the step before or behind it only by what became of it. So
// pairs of steps get every combination of traits, and among three steps one at a time is special.
#include "cases.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "transition_table.hpp"

namespace skald::model {
namespace {

/// What a step that calls its participant is like.
struct Traits {
  char kind = 'c';  ///< `c`ompensatable, `p`ivot, `r`etriable.
  bool undoable = true;
  bool asks = false;  ///< Has a `resolve`.
  std::string on_failure = "compensate";

  [[nodiscard]] std::string text() const {
    return fmt::format("{}{}{}:{}", kind, kind == 'c' && !undoable ? "-none" : "",
                       asks ? "-asks" : "", on_failure);
  }
};

Traits plain(char kind) { return {kind, kind == 'c', false, kind == 'r' ? "stuck" : "compensate"}; }

std::vector<Traits> all_traits(char kind, bool with_fallback = false) {
  std::vector<std::string> failures{"stuck", "skip"};
  if (kind != 'r') failures.insert(failures.begin(), "compensate");
  if (with_fallback) failures.emplace_back("fallback");
  std::vector<Traits> all;
  for (const bool undoable : {true, false}) {
    if (undoable && kind != 'c') continue;
    for (const bool asks : {false, true}) {
      for (const std::string& on_failure : failures) {
        all.push_back({kind, undoable, asks, on_failure});
      }
    }
  }
  return all;
}

Json on_failure_of(const std::string& name) {
  return name == "fallback" ? Json{{"fallback", 1}} : Json(name);
}

const char* kind_of(char kind) {
  return kind == 'c' ? "compensatable" : kind == 'p' ? "pivot" : "retriable";
}

Json call(std::size_t number, const Traits& traits, int attempts = 2) {
  const std::string name(1, static_cast<char>('a' + number));
  // Retries of parallel steps are due at different times.
  const std::string delay = fmt::format("{}s", 10 + 5 * number);
  Json step{{"name", name},
            {"participant", "p"},
            {"action", "do-" + name},
            {"kind", kind_of(traits.kind)},
            {"on_failure", on_failure_of(traits.on_failure)},
            {"retry", {{"max_attempts", attempts}, {"initial_delay", delay}, {"jitter", "none"}}}};
  if (traits.asks) step["resolve"] = "ask-" + name;
  if (traits.kind == 'c') step["compensation"] = traits.undoable ? Json("undo-" + name) : "none";
  return step;
}

Case make_case(std::string name, const Json& steps, int attempts = 2) {
  Json definition{{"saga", "model"}, {"version", 1}, {"deadline", "7d"}, {"steps", steps}};
  definition["defaults"]["compensation_retry"] = {
      {"max_attempts", attempts}, {"initial_delay", "10s"}, {"jitter", "none"}};
  return {std::move(name), std::make_shared<const Definition>(parse_definition(definition.dump()))};
}

/// A plain step that is tried once, where the subject is what stands beside it.
Json once(std::size_t number, char kind) { return call(number, plain(kind), 1); }
Case tried_once(std::string name, const Json& steps) {
  return make_case(std::move(name), steps, 1);
}

/// Which steps a step follows, by position; the list of all steps' is a shape.
using Shape = std::vector<std::vector<std::size_t>>;
const Shape line2{{}, {0}};
const Shape beside2{{}, {}};
const Shape line3{{}, {0}, {1}};
const Shape fork3{{}, {0}, {0}};
const Shape join3{{}, {}, {0, 1}};
const Shape beside3{{}, {}, {}};

Case calls(const char* shape_name, const Shape& shape, const std::vector<Traits>& traits) {
  Json steps = Json::array();
  std::string name = shape_name;
  for (std::size_t i = 0; i < traits.size(); ++i) {
    Json step = call(i, traits[i]);
    step["after"] = Json::array();
    for (const std::size_t before : shape[i]) {
      step["after"].push_back(std::string(1, static_cast<char>('a' + before)));
    }
    steps.push_back(std::move(step));
    name += " " + traits[i].text();
  }
  return make_case(std::move(name), steps);
}

std::vector<Case> one_step() {
  std::vector<Case> all;
  for (const char kind : {'c', 'p', 'r'}) {
    for (const Traits& traits : all_traits(kind, true)) all.push_back(calls("one", {{}}, {traits}));
  }
  return all;
}

// `kinds` such as "cp": every combination of traits.
void add_pairs(const char* name, const Shape& shape, const char* kinds, std::vector<Case>& all) {
  for (const Traits& first : all_traits(kinds[0])) {
    for (const Traits& second : all_traits(kinds[1])) {
      all.push_back(calls(name, shape, {first, second}));
    }
  }
}

std::vector<Case> sequences_of_two() {
  std::vector<Case> all;
  for (const char* kinds : {"cc", "cp", "cr", "pr", "rr"}) add_pairs("line", line2, kinds, all);
  return all;
}

// Which of the two is the first in the definition matters for nothing but the order in which two
// undecided steps are undone; the full set looks at each pair both ways round with one fault.
std::vector<Case> two_beside(bool both_ways) {
  std::vector<Case> all;
  for (const char kind : {'c', 'r'}) {
    const std::vector<Traits> traits = all_traits(kind);
    for (std::size_t i = 0; i < traits.size(); ++i) {
      for (std::size_t j = both_ways ? 0 : i; j < traits.size(); ++j) {
        all.push_back(calls("beside", beside2, {traits[i], traits[j]}));
      }
    }
  }
  return all;
}

// All plain, and then each step special in each way, one at a time.
void add_one_special(const char* name, const Shape& shape, const std::string& kinds,
                     std::vector<Case>& all) {
  std::vector<Traits> usual;
  for (const char kind : kinds) usual.push_back(plain(kind));
  all.push_back(calls(name, shape, usual));
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    for (const Traits& special : all_traits(kinds[i])) {
      if (special.text() == usual[i].text()) continue;
      std::vector<Traits> traits = usual;
      traits[i] = special;
      all.push_back(calls(name, shape, traits));
    }
  }
}

std::vector<Case> sequences_of_three() {
  std::vector<Case> all;
  for (const char* kinds : {"ccc", "ccp", "ccr", "cpr", "crr", "prr", "rrr"}) {
    add_one_special("line", line3, kinds, all);
  }
  return all;
}

std::vector<Case> graphs_of_three() {
  std::vector<Case> all;
  for (const char* kinds : {"ccc", "prr", "crr", "rrr"}) add_one_special("fork", fork3, kinds, all);
  for (const char* kinds : {"ccc", "ccp", "ccr", "rrr"}) add_one_special("join", join3, kinds, all);
  return all;
}

// The second of two, tried once, which does not wait for the first.
Json once_beside(char kind, const char* on_failure) {
  Json step = call(1, {kind, kind == 'c', false, on_failure}, 1);
  step["after"] = Json::array();
  return step;
}

std::vector<Case> plain_two() {
  const Json a = once(0, 'c');
  Json beside = call(1, plain('c'));
  beside["after"] = Json::array();
  return {tried_once("pair", {a, call(1, {'c', true, true, "compensate"})}),
          tried_once("pair", {a, call(1, {'p', false, true, "compensate"})}),
          tried_once("pair", {once(0, 'p'), call(1, {'r', false, true, "stuck"})}),
          tried_once("pair beside", {a, beside}),
          make_case("pair beside, undone twice", {a, once_beside('c', "compensate")}),
          tried_once("pair beside, stuck", {a, once_beside('c', "stuck")}),
          tried_once("pair beside, stuck", {once(0, 'r'), once_beside('r', "stuck")})};
}

std::vector<Case> plain_three() {
  std::vector<Case> all;
  const auto add = [&all](const char* name, const Shape& shape, const std::string& kinds) {
    std::vector<Traits> traits;
    for (const char kind : kinds) traits.push_back(plain(kind));
    all.push_back(calls(name, shape, traits));
  };
  add("line", line3, "ccp");
  add("line", line3, "cpr");
  add("fork", fork3, "ccc");
  add("join", join3, "ccp");
  return all;
}

Json wait(const char* name, const char* timeout, const char* on_failure) {
  Json step{{"name", name}, {"wait_for", {{"signal", "go"}}}, {"on_failure", on_failure}};
  if (timeout) step["wait_for"]["timeout"] = timeout;
  return step;
}

Json nap(const char* name) { return {{"name", name}, {"sleep", "30m"}}; }

std::vector<Case> waits() {
  const Json a = once(0, 'c');
  const Json b = once(1, 'c');
  const Json p = once(2, 'p');
  const auto beside = [](Json step) {
    step["after"] = Json::array();
    return step;
  };
  std::vector<Case> all;
  all.push_back(tried_once("asleep first", {nap("n"), a}));
  all.push_back(tried_once("asleep between", {a, nap("n"), p}));
  all.push_back(tried_once("asleep beside", {a, beside(nap("n"))}));
  for (const char* on_failure : {"compensate", "stuck", "skip"}) {
    all.push_back(tried_once(fmt::format("signal between, {}", on_failure),
                             {a, wait("w", "2h", on_failure), b}));
  }
  all.push_back(tried_once("signal for ever", {wait("w", nullptr, "compensate"), p}));
  Json last = p;
  last["after"] = {"a", "w"};
  all.push_back(tried_once("signal beside", {a, beside(wait("w", "2h", "compensate")), last}));
  all.push_back(tried_once("two signals", {wait("v", "2h", "skip"), a, wait("w", "2h", "stuck")}));
  return all;
}

std::vector<Case> conditions() {
  std::vector<Case> all;
  for (const char* on_failure : {"skip", "fallback"}) {
    for (const char kind : {'c', 'p', 'r'}) {
      Json second = once(1, kind);
      second["when"] = {{"$from", "/steps/a/output"}, {"exists", true}};
      all.push_back(tried_once(
          fmt::format("{} when the first did not {}", kind, on_failure),
          {call(0, {'c', true, false, on_failure}, 1), second, once(2, kind == 'p' ? 'r' : kind)}));
    }
  }
  return all;
}

Json child(const char* name, char kind, const char* on_failure) {
  return {{"name", name},
          {"saga", {{"type", "leaf"}}},
          {"kind", kind_of(kind)},
          {"on_failure", on_failure}};
}

std::vector<Case> children() {
  const Json a = once(0, 'c');
  const Json b = once(2, 'c');
  const Json p = once(2, 'p');
  std::vector<Case> all;
  for (const char* on_failure : {"compensate", "stuck", "skip"}) {
    all.push_back(tried_once(fmt::format("child between, {}", on_failure),
                             {a, child("x", 'c', on_failure), b}));
  }
  Json beside = child("x", 'c', "compensate");
  beside["after"] = Json::array();
  all.push_back(tried_once("child beside", {a, beside}));
  all.push_back(tried_once("child before the pivot", {child("x", 'c', "compensate"), p}));
  all.push_back(tried_once("child as the pivot", {a, child("x", 'p', "compensate")}));
  all.push_back(tried_once("child behind the pivot", {p, child("x", 'r', "stuck")}));
  return all;
}

std::vector<Case> others() {
  const auto with = [](Case subject, bool Case::*what) {
    subject.*what = true;
    return subject;
  };
  const Json a = once(0, 'c');
  const Json asks = call(1, {'c', true, true, "compensate"}, 1);
  Json beside_a = asks;
  beside_a["after"] = Json::array();
  std::vector<Case> all;
  all.push_back(with(tried_once("of a parent", {a, asks}), &Case::is_child));
  all.push_back(with(tried_once("of a parent, beside", {a, beside_a}), &Case::is_child));
  const Json signal = wait("w", nullptr, "compensate");
  all.push_back(with(tried_once("of a parent, signal", {signal, a}), &Case::is_child));
  all.push_back(tried_once("child behind a signal", {signal, child("x", 'c', "compensate")}));
  all.push_back(with(tried_once("locks", {a, once(1, 'p')}), &Case::wants_lock));
  all.push_back(with(tried_once("locks, asleep", {a, nap("n")}), &Case::wants_lock));
  all.push_back(with(tried_once("locks, signal", {a, signal}), &Case::wants_lock));
  all.push_back(with(tried_once("delayed", {a, once(1, 'p')}), &Case::is_delayed));
  Json hedged = call(1, {'c', false, false, "compensate"});
  hedged["hedge"] = {{"delay", "1s"}};
  all.push_back(make_case("hedged", Json::array({hedged})));
  Json beside = hedged;
  beside["after"] = Json::array();
  all.push_back(tried_once("hedged beside", {a, beside}));
  Json hasty = call(0, plain('c'));
  hasty["deadline"] = "12s";
  all.push_back(make_case("step deadline", {hasty, once(1, 'p')}));
  return all;
}

// Faults, hindrances, resumes. Many of each on one path make many states and no new arrows, so
// each family is gone through with more of one or the other. The same goes for probing.
constexpr Limits calm{0, 1, 1, true};
constexpr Limits one_fault{1, 0, 0, false};
constexpr Limits two_faults{2, 0, 0, false};
constexpr Limits fault_and_resume{1, 0, 1, false};
constexpr Limits each{1, 1, 1, true};

// Those of tests/spec/transitions.txt, on their own and as what they can be besides.
std::vector<Case> of_the_spec() {
  std::vector<Case> all;
  for (const DefinitionPtr& definition : spec::table_definitions()) {
    all.push_back({"spec " + definition->type, definition});
  }
  all.push_back(all.back());
  all.back().name += ", delayed";
  all.back().is_delayed = true;
  return all;
}

// The same, with a failure that waits for the steps beside it, and branches undone side by side.
std::vector<Case> patient(std::vector<Case> cases) {
  for (Case& c : cases) {
    Json document = Json::parse(c.definition->normal_form());
    document["on_sibling_failure"] = "finish";
    document["undo"] = "parallel";
    c.definition = std::make_shared<const Definition>(make_definition(document));
    c.name += ", patient";
  }
  return cases;
}

std::vector<Case> patient_pairs() {
  std::vector<Case> all;
  for (const Traits& other : all_traits('c')) {
    all.push_back(calls("beside", beside2, {plain('c'), other}));
  }
  return patient(std::move(all));
}

std::vector<Case> patient_graphs() {
  std::vector<Case> all;
  for (const char* kinds : {"ccc", "ccr"}) {
    std::vector<Traits> traits;
    for (const char* kind = kinds; *kind != 0; ++kind) traits.push_back(plain(*kind));
    all.push_back(calls("join", join3, traits));
  }
  all.push_back(calls("fork", fork3, {plain('c'), plain('c'), plain('c')}));
  return patient(std::move(all));
}

}  // namespace

std::vector<Family> families(bool full) {
  const Limits faults = full ? two_faults : one_fault;
  const Limits hindered = full ? each : calm;
  std::vector<Family> all;
  all.push_back({"one step", one_step(), full ? Limits{2, 1, 1, true} : each});
  all.push_back({"two steps, one after the other", sequences_of_two(), faults});
  all.push_back({"two steps, side by side", two_beside(false), faults});
  all.push_back({"two steps, side by side, patient", patient_pairs(), one_fault});
  all.push_back({"three steps, forks and joins, patient", patient_graphs(), one_fault});
  all.push_back({"sleeps and signals", waits(), hindered});
  all.push_back({"conditions", conditions(), hindered});
  all.push_back({"child sagas", children(), hindered});
  all.push_back({"parents, locks, delays, hedges", others(), hindered});
  all.push_back({"two steps, each input", plain_two(), hindered});
  all.push_back({"three steps, plain", plain_three(), one_fault});
  all.push_back({"as in the spec scripts", of_the_spec(), {0, 0, 0, true}});
  if (!full) return all;
  all.push_back({"two steps, side by side, patient", patient(two_beside(false)), one_fault});
  all.push_back({"two steps, one after the other", sequences_of_two(), fault_and_resume});
  all.push_back({"two steps, side by side", two_beside(true), fault_and_resume});
  all.push_back({"sleeps and signals", waits(), two_faults});
  all.push_back({"conditions", conditions(), two_faults});
  all.push_back({"child sagas", children(), two_faults});
  all.push_back({"parents, locks, delays, hedges", others(), two_faults});
  all.push_back({"three steps, plain", plain_three(), two_faults});
  all.push_back({"three steps, one after the other", sequences_of_three(), one_fault});
  all.push_back({"three steps, forks and joins", graphs_of_three(), one_fault});
  return all;
}

}  // namespace skald::model

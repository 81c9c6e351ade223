#include "edge_plan.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "accidents.hpp"
#include "skald/edge_data.hpp"
#include "skald/text.hpp"

namespace skald::simulation {

using testing::EdgeData;
using testing::PlannedRequest;
using testing::PlannedStart;
using testing::Verb;

namespace {

constexpr std::size_t bytes_max = 2'000;  // Sizes are for tests/faults/data: here speed counts.
constexpr std::uint64_t source = 0x65646765U;

EdgeShare draw_share(EdgeData& edge, std::uint64_t seed) {
  EdgeShare share;
  share.seed = seed;
  constexpr std::array<unsigned, 6> rates{0, 0, 0, 10, 40, 90};
  for (unsigned& percent : share.percent) percent = edge.pick(rates);
  return share;
}

// The same document with something strange in it: what other starts point to stays.
JsonText strange(EdgeData& edge, const JsonText& input) {
  Json document = input.value();
  for (std::uint64_t i = 1 + edge.below(2); i > 0; --i) document[edge.utf8_text()] = edge.value();
  return JsonText::trusted(dump_json(document));
}

// Too deep a value is refused where it enters.
bool fits(const JsonText& text) {
  try {
    (void)JsonText::parse(text.text());
    return true;
  } catch (const JsonError&) {
    return false;
  }
}

}  // namespace

const char* to_string(EdgeKind kind) {
  constexpr std::array<const char*, edge_kind_count> names{"input",  "key",         "delay",
                                                           "patch",  "signal data", "requester",
                                                           "output", "error",       "retry after"};
  return names[static_cast<std::size_t>(kind)];
}

bool EdgeShare::any() const {
  return std::any_of(percent.begin(), percent.end(), [](unsigned p) { return p > 0; });
}

EdgeShare add_edge_data(std::uint64_t seed, std::vector<PlannedStart>& starts,
                        std::vector<PlannedRequest>& requests) {
  EdgeData edge{testing::mix(seed, source), bytes_max};
  EdgeShare share = draw_share(edge, seed);
  const auto happens = [&](EdgeKind kind) {
    if (!edge.chance(share.of(kind))) return false;
    share.note(kind);
    return true;
  };
  std::map<std::string, JsonText> changed;  // A client that asks twice asks for the same.
  for (PlannedStart& start : starts) {
    const auto [known, is_new] = changed.try_emplace(start.input.text(), start.input);
    if (is_new && happens(EdgeKind::input)) {
      JsonText input = strange(edge, start.input);
      if (fits(input)) known->second = std::move(input);
    }
    if (is_new && start.key && happens(EdgeKind::key)) {
      start.key = *start.key + edge.utf8_text().substr(0, 200);
      if (!is_utf8(*start.key)) start.key = clean_text(*start.key, 255);
    } else if (!is_new) {
      for (const PlannedStart& first : starts) {
        if (&first == &start || first.input != known->second) continue;
        start.key = first.key;
        start.delay = first.delay;
        break;
      }
    }
    start.input = known->second;
    if (is_new && start.delay && happens(EdgeKind::delay)) start.delay = edge.duration();
  }
  for (PlannedRequest& request : requests) {
    const auto known = changed.find(request.input.text());
    if (known != changed.end()) request.input = known->second;
    if (happens(EdgeKind::requester)) {
      request.given.requester = {clean_text(edge.utf8_text(), 255), edge.utf8_text()};
    }
    if (request.verb == Verb::signal && happens(EdgeKind::signal_data)) {
      request.given.data = JsonText::trusted(dump_json(edge.document()));
      if (!fits(request.given.data)) request.given.data = {};
    }
    const bool patches = request.verb == Verb::resume || request.verb == Verb::replay;
    if (!patches || !happens(EdgeKind::patch)) continue;
    request.given.patch = JsonText::trusted(dump_json(edge.document()));
    if (!fits(*request.given.patch)) request.given.patch = JsonText{};
    if (request.verb == Verb::resume)
      request.step = std::string(1, static_cast<char>('a' + edge.below(4)));
  }
  return share;
}

}  // namespace skald::simulation

// F11: connections that break at every frame and inside frames, at work and while they are made.
#include <fmt/format.h>

#include <algorithm>

#include "sanitized.hpp"
#include "stories.hpp"

namespace skald::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Of the short form; all points together are some hundreds.
constexpr std::uint64_t points_per_length = 24;
constexpr std::uint64_t beyond_all_frames = 1'000'000;
constexpr Duration quiet_limit = test::slowdown * Duration{20'000};
// What a participant answered last, also a forgetful one remembers: others must come between.
constexpr int sagas_for_control = 4;

// How much of the frame still passes: nothing, its type, its head and a bit, all but its end, all.
constexpr std::array passes{0.0, 0.1, 0.5, 0.97, 1.0};

struct Place {
  bool engine_side = true;
  bool connecting = false;  ///< While all connections are made anew; otherwise at work.
  CutPoint point;
};

FrameProxy& side_of(Site& site, bool engine_side) {
  return engine_side ? site.engine_side() : site.participant_side();
}

// A few sagas, or all connections of one side, undisturbed or not. False when it did not become
// quiet.
bool live_through(Site& site, const Place& place, int sagas = 1) {
  if (place.connecting) (void)side_of(site, place.engine_side).cut();
  for (int i = 0; i < sagas; ++i) (void)site.start();
  return site.await_quiet(quiet_limit);
}

// Every frame that passes when nothing breaks, five times each.
std::vector<Place> all_places(Site& site) {
  std::vector<Place> places;
  for (const bool connecting : {false, true}) {
    for (const bool engine_side : {true, false}) {
      FrameProxy& proxy = side_of(site, engine_side);
      Place place{engine_side, connecting, {Way::to_broker, beyond_all_frames}};
      proxy.arm(place.point);
      (void)live_through(site, place);
      proxy.disarm();
      for (const Way way : ways) {
        const std::uint64_t frames = proxy.frames(way);
        for (std::uint64_t frame = 1; frame <= frames; ++frame) {
          for (const double part : passes) {
            place.point = {way, frame, part, places.size() % 2 == 0};
            places.push_back(place);
          }
        }
      }
    }
  }
  return places;
}

}  // namespace

void tell_cuts(Story& story) {
  SiteOptions options = story.site_options();
  options.heartbeat = seconds{5};
  if (story.control) options.decorate = forgetful();
  Site site(options);
  std::vector<Place> places = all_places(site);
  // The control is about repeated commands: most come of cuts between a participant's effect and
  // the broker's hearing of it.
  if (story.control) {
    std::erase_if(places, [](const Place& place) {
      return place.connecting || place.engine_side || place.point.way != Way::to_broker;
    });
  }
  const std::uint64_t wanted =
      std::min<std::uint64_t>(places.size(), points_per_length * story.length);
  std::uint64_t inside = 0;
  std::uint64_t connecting = 0;
  for (std::uint64_t i = 0; i < wanted; ++i) {
    const Place& place = places[(i * places.size() / wanted + story.seed) % places.size()];
    FrameProxy& proxy = side_of(site, place.engine_side);
    proxy.arm(place.point);
    const bool quiet = live_through(site, place, story.control ? sagas_for_control : 1);
    story.findings.expect(
        Invariant::I15, quiet, "not quiet after a cut {} frame {} ({} % of it passed, {} side, {})",
        place.point.way == Way::to_broker ? "before the broker got" : "before the client got",
        place.point.frame, place.point.passes * 100,
        place.engine_side ? "engine's" : "participants'",
        place.connecting ? "connecting" : "at work");
    if (!quiet) break;
    // A frame that did not come this time, as heartbeats and joined confirms are the machine's.
    if (!proxy.await_cut(milliseconds{0})) {
      proxy.disarm();
      continue;
    }
    story.fire("cuts");
    const bool whole = place.point.passes == 0.0 || place.point.passes == 1.0;
    inside += whole ? 0 : 1;
    connecting += place.connecting ? 1 : 0;
  }
  story.fire("cuts inside a frame", inside);
  if (!story.control) story.fire("cuts while connecting", connecting);
  story.note(fmt::format("{} cut points in a saga and in making the connections; {} tried",
                         places.size(), wanted));
  story.finish(site, quiet_limit);
}

}  // namespace skald::faults

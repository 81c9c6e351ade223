// F11: peers that say nothing, little, or nothing for a while: how soon it is noticed, and that the
// engine goes on answering.
#include <fmt/format.h>

#include "sanitized.hpp"
#include "skald/definition_builder.hpp"
#include "stories.hpp"

namespace skald::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Steady = std::chrono::steady_clock;

constexpr seconds heartbeat{1};
constexpr milliseconds two_heartbeats{2'000};
// For a machine that has other things to do.
constexpr milliseconds slack{1'000};
constexpr Duration quiet_limit = test::slowdown * Duration{30'000};
constexpr std::uint64_t sagas_meanwhile = 30;

struct Silence {
  const char* kind;
  bool to_broker;
  bool to_client;
  bool engine_side;
};

// Both connections of the engine, or any of a participant: each must be given up in time.
void hold_silent(Story& story, Site& site, const Silence& silence) {
  FrameProxy& proxy = silence.engine_side ? site.engine_side() : site.participant_side();
  const auto began = Steady::now();
  if (silence.to_broker) proxy.silence(Way::to_broker, true);
  if (silence.to_client) proxy.silence(Way::to_client, true);
  Pulse pulse(site, milliseconds{20}, sagas_meanwhile);
  const std::array<const char*, 2> purposes =
      silence.engine_side ? std::array{"(commands of", "(replies to"}
                          : std::array{"(commands to payment)", "(replies of payment)"};
  // One that is only not heard is given up by the broker, and learns it once it is heard again.
  if (silence.to_client) {
    for (const char* purpose : purposes) {
      const auto lost = site.log().await(purpose, began, two_heartbeats + 3 * slack);
      const auto took =
          lost ? std::chrono::ceil<milliseconds>(*lost - began) : two_heartbeats + 3 * slack;
      story.findings.expect(Invariant::I15, took <= two_heartbeats + slack,
                            "{}: the loss {} was noticed after {} ms", silence.kind, purpose,
                            took.count());
      story.note(fmt::format("{}: {} noticed after {} ms", silence.kind, purpose, took.count()));
    }
  } else {
    (void)site.log().await("(commands", began, two_heartbeats + slack);
  }
  story.fire(silence.kind);
  pulse.await_end();
  story.check_pulse(pulse.stop(), two_heartbeats);
  proxy.heal();
  const auto healed = Steady::now();
  const bool quiet = site.await_quiet(quiet_limit);
  story.findings.expect(Invariant::I15, quiet, "{}: not quiet after healing", silence.kind);
  story.note(fmt::format("{}: quiet {} ms after healing", silence.kind,
                         std::chrono::ceil<milliseconds>(Steady::now() - healed).count()));
}

// What arrives byte by byte, or late, is still a connection: nobody may hang in it.
void slow_down(Story& story, Site& site, const char* kind, milliseconds duration,
               const std::function<void(FrameProxy&)>& disturb) {
  for (FrameProxy* proxy : {&site.engine_side(), &site.participant_side()}) disturb(*proxy);
  const auto sagas = static_cast<std::uint64_t>(duration / milliseconds{20});
  Pulse pulse(site, milliseconds{20}, sagas);
  pulse.await_end();
  story.fire(kind);
  story.check_pulse(pulse.stop(), two_heartbeats);
  for (FrameProxy* proxy : {&site.engine_side(), &site.participant_side()}) proxy->heal();
  const auto healed = Steady::now();
  const bool quiet = site.await_quiet(quiet_limit);
  story.findings.expect(Invariant::I15, quiet, "{}: not quiet after healing", kind);
  story.note(fmt::format("{}: quiet {} ms after healing", kind,
                         std::chrono::ceil<milliseconds>(Steady::now() - healed).count()));
}

}  // namespace

void tell_silence(Story& story) {
  SiteOptions options = story.site_options();
  // With so long a heartbeat silence cannot be noticed in time.
  options.heartbeat = story.control ? 20 * heartbeat : heartbeat;
  Site site(options);
  constexpr std::array silences{
      Silence{"the engine hears nothing", false, true, true},
      Silence{"the engine is not heard", true, false, true},
      Silence{"silence on the engine's side", true, true, true},
      Silence{"silence on the participants' side", true, true, false},
  };
  if (story.control) {
    hold_silent(story, site, silences.front());
    (void)site.engine_side().cut();
  }
  for (std::uint64_t round = 0; !story.control && round < story.length; ++round) {
    for (const Silence& silence : silences) hold_silent(story, site, silence);
    slow_down(story, site, "a byte a second", milliseconds{1'500},
              [](FrameProxy& proxy) { proxy.trickle(1); });
    slow_down(story, site, "two seconds late", milliseconds{1'500},
              [](FrameProxy& proxy) { proxy.delay(seconds{2}); });
  }
  story.finish(site, quiet_limit);
}

}  // namespace skald::faults

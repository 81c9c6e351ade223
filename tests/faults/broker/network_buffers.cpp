// F11: a broker that reads nothing any more, until all buffers on the way are full and a publish
// blocks. The watchdog must cut it off within two heartbeats.
#include <fmt/format.h>

#include "sanitized.hpp"
#include "skald/definition_builder.hpp"
#include "stories.hpp"

namespace skald::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Steady = std::chrono::steady_clock;

// The buffers are to be full before the broker misses a sign of life, also under a sanitizer.
constexpr seconds heartbeat{test::slowdown > 1 ? 4 : 1};
constexpr milliseconds two_heartbeats = 2 * heartbeat;
// From the silence to the full buffers, on a machine that has other things to do.
constexpr milliseconds slack = test::slowdown * milliseconds{1'000};
constexpr Duration quiet_limit = test::slowdown * Duration{30'000};
// Together more than the sockets' buffers and the proxy's hold.
constexpr std::uint64_t large_sagas = 30;
constexpr std::size_t large_bytes = 900'000;

Definition parcel(const Pace& pace) {
  return DefinitionBuilder("parcel", 1)
      .default_timeout(pace.timeout)
      .step("ship")
      .participant("shipping")
      .action("act")
      .compensation("undo")
      .build();
}

}  // namespace

void tell_buffers(Story& story) {
  SiteOptions options = story.site_options();
  options.confirm_timeout = 2 * slack + two_heartbeats;  // The buffers are to be full before.
  options.heartbeat = story.control ? 20 * heartbeat : heartbeat;
  options.pace = {Duration{10'000}, Duration{100}};
  options.definitions = {parcel(options.pace)};
  options.note = std::string(large_bytes, 'x');
  Site site(options);
  for (std::uint64_t round = 0; round < story.length; ++round) {
    const auto began = Steady::now();
    site.engine_side().silence(Way::to_broker, true);
    Pulse pulse(site, milliseconds{1}, large_sagas);
    const milliseconds limit = two_heartbeats + slack;
    const auto lost = site.log().await("while publishing", began, 2 * limit);
    const auto took = lost ? std::chrono::ceil<milliseconds>(*lost - began) : 2 * limit;
    story.findings.expect(Invariant::I15, took <= limit,
                          "a publish was blocked until {} ms after the broker stopped reading",
                          took.count());
    story.note(fmt::format("publishing given up {} ms after the broker stopped reading (limit {})",
                           took.count(), limit.count()));
    story.fire("publishes blocked by full buffers", lost || story.control ? 1 : 0);
    pulse.await_end();
    story.check_pulse(pulse.stop(), two_heartbeats);
    (void)site.engine_side().cut();
    site.engine_side().heal();
    const bool quiet = site.await_quiet(quiet_limit);
    story.findings.expect(Invariant::I15, quiet, "not quiet after healing");
  }
  story.finish(site, quiet_limit);
}

}  // namespace skald::faults

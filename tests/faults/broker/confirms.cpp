// F14: confirms that never come, confirms that say no, and commands that no queue takes.
#include <fmt/format.h>

#include <atomic>
#include <memory>
#include <random>

#include "broker.hpp"
#include "hand.hpp"
#include "sanitized.hpp"
#include "stories.hpp"

namespace skald::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Steady = std::chrono::steady_clock;

constexpr std::uint64_t sagas_per_length = 250;
constexpr milliseconds answer_limit{2'000};
constexpr milliseconds confirm_timeout{600};
constexpr seconds tampering_limit{15};
// Then the queue takes everything again.
constexpr std::uint64_t enough_nacks = 20;
constexpr Duration quiet_limit = test::slowdown * Duration{60'000};

// What the judges did and saw; they work on the proxies' threads.
struct Tampering {
  std::atomic<bool> swallowing{false};  // every confirm; otherwise some
  std::atomic<std::uint64_t> swallowed{0};
  std::atomic<std::uint64_t> turned{0};
  std::atomic<std::uint64_t> nacked{0};
  std::atomic<std::uint64_t> returned{0};
};

Judge tamper(Tampering& tampering, std::uint64_t seed) {
  return [&tampering, random = std::mt19937_64(seed)](
             Way way, const Frame& frame) mutable -> std::optional<std::string> {
    if (way == Way::to_broker) return std::nullopt;
    const Method method = frame.method();
    if (method == Method::basic_nack) ++tampering.nacked;
    if (method == Method::basic_return) ++tampering.returned;
    if (method != Method::basic_ack) return std::nullopt;
    if (tampering.swallowing) {
      ++tampering.swallowed;
      return std::string{};
    }
    switch (random() % 25) {
      case 0: ++tampering.swallowed; return std::string{};
      case 1: ++tampering.turned; return as_nack(frame);
      default: return std::nullopt;
    }
  };
}

// For a while nobody is there to declare the queue again.
void take_queue_away(Site& site, const char* participant) {
  site.participant_side().refuse(true);
  (void)site.participant_side().cut();
  BrokerHand hand(site.options().broker);
  try {
    (void)hand.remove(site.options().broker.prefix + ".cmd." + participant);
  } catch (const ChannelError&) {
    // Its participant has not declared it yet: then it is away as well.
  }
  std::this_thread::sleep_for(milliseconds{200});
  site.participant_side().refuse(false);
}

}  // namespace

void tell_confirms(Story& story) {
  SiteOptions options = story.site_options();
  options.confirm_timeout = confirm_timeout;
  if (story.control) options.decorate = forgetful();
  Tampering tampering;  // Outlives the site, whose proxies use it.
  Site site(options);
  const test::Broker broker = test::Broker::shared();
  const std::string& prefix = options.broker.prefix;
  // A queue that is full refuses what is published to it.
  broker.run("ctl", fmt::format("set_policy {0} '^{0}[.]cmd[.]inventory$' "
                                "'{{\"max-length\":6,\"overflow\":\"reject-publish\"}}' "
                                "--apply-to queues",
                                prefix));
  site.engine_side().judge(tamper(tampering, story.seed));
  site.participant_side().judge(tamper(tampering, story.seed + 1));
  const std::uint64_t sagas = sagas_per_length * story.length;
  // It ends with `sagas`, unless something has not happened to any of them yet.
  Pulse pulse(site, milliseconds{12}, 4 * sagas);
  const auto all_fired = [&tampering, &site] {
    return tampering.swallowed > 0 && tampering.turned > 0 && tampering.nacked > 0 &&
           tampering.returned > 0 && site.log().count("has confirmed nothing") > 0;
  };
  const auto until = Steady::now() + tampering_limit * story.length;
  bool full = true;
  while ((pulse.counts().started < sagas || !all_fired()) && Steady::now() < until) {
    if (full && tampering.nacked > enough_nacks) {
      broker.run("ctl", "clear_policy " + prefix);
      full = false;
    }
    tampering.swallowing = !full;
    std::this_thread::sleep_for(full ? milliseconds{500} : 2 * confirm_timeout);
    tampering.swallowing = false;
    take_queue_away(site, "payment");
  }
  story.check_pulse(pulse.stop(), answer_limit);
  if (full) broker.run("ctl", "clear_policy " + prefix);
  site.engine_side().heal();
  site.participant_side().heal();
  story.fire("confirms swallowed", tampering.swallowed);
  story.fire("confirms turned into nacks", tampering.turned);
  story.fire("nacks of a full queue", tampering.nacked);
  story.fire("commands returned as unroutable", tampering.returned);
  story.fire("connections given up for want of a confirm",
             site.log().count("has confirmed nothing"));
  story.demands_duplicates = true;
  story.finish(site, quiet_limit);
}

}  // namespace skald::faults

// F14: confirms that never come, confirms that say no, and commands that no queue takes.
#include <fmt/format.h>

#include <atomic>

#include "broker.hpp"
#include "hand.hpp"
#include "sanitized.hpp"
#include "stories.hpp"

namespace skald::faults {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t sagas_per_length = 250;
constexpr std::uint64_t rounds_per_length = 6;
constexpr milliseconds answer_limit{2'000};
constexpr milliseconds confirm_timeout{600};
// Then the queue takes everything again.
constexpr std::uint64_t enough_nacks = 20;
// Of so many confirms one is swallowed and another turned into a nack.
constexpr std::uint64_t confirms_per_fault = 25;
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
  return [&tampering, count = seed](Way way,
                                    const Frame& frame) mutable -> std::optional<std::string> {
    if (way == Way::to_broker) return std::nullopt;
    const Method method = frame.method();
    if (method == Method::basic_nack) ++tampering.nacked;
    // Not the probe with which a publisher begins.
    const bool command = frame.bytes.find("skald.probe/") == std::string::npos;
    if (method == Method::basic_return && command) ++tampering.returned;
    if (method != Method::basic_ack) return std::nullopt;
    if (tampering.swallowing) {
      ++tampering.swallowed;
      return std::string{};
    }
    switch (++count % confirms_per_fault) {
      case 0: ++tampering.swallowed; return std::string{};
      case confirms_per_fault / 2: ++tampering.turned; return as_nack(frame);
      default: return std::nullopt;
    }
  };
}

// Nobody takes what is in the queues, or declares them again.
void send_participants_away(Site& site) {
  site.participant_side().refuse(true);
  (void)site.participant_side().cut();
}

// A queue that is full refuses what is published to it. While nobody takes anything, it gets full.
void fill_a_queue(Site& site, const Tampering& tampering) {
  const test::Broker broker = test::Broker::shared();
  const std::string& prefix = site.options().broker.prefix;
  broker.run("ctl", fmt::format("set_policy {0} '^{0}[.]cmd[.]inventory$' "
                                "'{{\"max-length\":6,\"overflow\":\"reject-publish\"}}' "
                                "--apply-to queues",
                                prefix));
  send_participants_away(site);
  (void)site.start_until([&tampering] { return tampering.nacked > enough_nacks; });
  site.participant_side().refuse(false);
  broker.run("ctl", "clear_policy " + prefix);
}

// No confirm comes until a connection is given up over it.
void swallow_all(Site& site, Tampering& commands, Tampering& replies) {
  const auto given_up = site.log().count("has confirmed nothing");
  commands.swallowing = replies.swallowing = true;
  (void)site.start_until(
      [&site, given_up] { return site.log().count("has confirmed nothing") > given_up; });
  commands.swallowing = replies.swallowing = false;
}

// Nobody is there to declare the queue again until a command has come back. Some sagas begin with
// this participant.
void take_queue_away(Site& site, const Tampering& tampering) {
  send_participants_away(site);
  BrokerHand hand(site.options().broker);
  try {
    (void)hand.remove(site.options().broker.prefix + ".cmd.shipping");
  } catch (const ChannelError&) {
    // Its participant has not declared it yet: then it is away as well.
  }
  const std::uint64_t returned = tampering.returned;
  (void)site.start_until([&tampering, returned] { return tampering.returned > returned; });
  site.participant_side().refuse(false);
}

}  // namespace

void tell_confirms(Story& story) {
  SiteOptions options = story.site_options();
  options.confirm_timeout = confirm_timeout;
  if (story.control) options.decorate = forgetful();
  // They outlive the site, whose proxies use them: of commands, and of replies.
  Tampering commands;
  Tampering replies;
  Site site(options);
  site.engine_side().judge(tamper(commands, story.seed));
  site.participant_side().judge(tamper(replies, story.seed + 1));
  const std::uint64_t sagas = sagas_per_length * story.length;
  Pulse pulse(site, milliseconds{12}, sagas);
  fill_a_queue(site, commands);
  for (std::uint64_t round = 0; round < rounds_per_length * story.length; ++round) {
    swallow_all(site, commands, replies);
    take_queue_away(site, commands);
  }
  // The rest takes no more than confirms.
  (void)site.start_until(
      [&] { return commands.turned > 0 && replies.turned > 0 && site.repeats() > 0; });
  pulse.await_end();
  story.check_pulse(pulse.stop(), answer_limit);
  site.engine_side().heal();
  site.participant_side().heal();
  story.fire("confirms swallowed", commands.swallowed + replies.swallowed);
  story.fire("confirms turned into nacks", commands.turned + replies.turned);
  story.fire("nacks of a full queue", commands.nacked);
  story.fire("commands returned as unroutable", commands.returned);
  story.fire("connections given up for want of a confirm",
             site.log().count("has confirmed nothing"));
  story.demands_duplicates = true;
  story.finish(site, quiet_limit);
}

}  // namespace skald::faults

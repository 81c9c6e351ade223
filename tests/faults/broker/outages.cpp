// F13: a broker that is stopped, killed, or takes the user's rights away; queues that are emptied
// and deleted.
#include <fmt/format.h>

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

constexpr milliseconds answer_limit{2'000};
constexpr Duration quiet_limit = test::slowdown * Duration{60'000};
constexpr Duration quiet_limit_control{8'000};
constexpr std::uint64_t sagas_per_length = 400;
// Attempts that nobody would miss in time: what was purged stays lost.
constexpr Pace never_missed{Duration{3'600'000}, Duration{100}};

void note_back(Story& story, Site& site, const char* what, Steady::time_point since) {
  const bool back = site.log().await("for replies to", since, seconds{30}).has_value() &&
                    site.log().await("for commands of", since, seconds{30}).has_value();
  story.findings.expect(Invariant::I15, back, "{}: the engine did not connect again", what);
  story.note(fmt::format("{}: connected again after {} ms", what,
                         std::chrono::ceil<milliseconds>(Steady::now() - since).count()));
}

// Commands gather in a queue while nobody takes them, and are lost with it.
std::uint64_t lose_commands(Site& site) {
  const std::string queue = site.options().broker.prefix + ".cmd.inventory";
  std::uint64_t lost = 0;
  const auto purge = [&site, &queue, &lost] {
    try {
      lost += BrokerHand(site.options().broker).purge(queue);
      return true;
    } catch (const ChannelError&) {
      return false;  // It was deleted, and its participant has not declared it again.
    }
  };
  (void)site.start_until(purge);
  site.participant_side().refuse(true);
  (void)site.participant_side().cut();
  (void)site.start_until([&purge, &lost] { return purge() && lost > 0; });
  site.participant_side().refuse(false);
  return lost;
}

}  // namespace

void tell_outages(Story& story) {
  const test::OwnBroker broker;
  SiteOptions options;
  options.broker = broker->options(test::unique_prefix());
  options.seed = story.seed;
  if (story.control) options.decorate = forgetful();
  Site site(options);
  constexpr std::uint64_t enough = 1'000'000;
  Pulse pulse(site, milliseconds{40}, enough);
  for (std::uint64_t round = 0; round < story.length; ++round) {
    // The broker remembers on each channel what it has allowed, so rights end with connections.
    auto since = Steady::now();
    broker->run("ctl", "set_permissions guest '^$' '^$' '^$'");
    for (FrameProxy* proxy : {&site.engine_side(), &site.participant_side()}) (void)proxy->cut();
    const bool refused =
        site.log().await("give the user the rights it needs", since, seconds{20}).has_value();
    story.fire("rights revoked", refused ? 1 : 0);
    since = Steady::now();
    broker->run("ctl", "set_permissions guest '.*' '.*' '.*'");
    note_back(story, site, "rights granted", since);

    broker->run("stop");
    story.fire("stops");
    since = Steady::now();
    broker->run("start");
    note_back(story, site, "stopped and started", since);

    broker->run("kill");
    story.fire("kills");
    since = Steady::now();
    broker->run("start");
    note_back(story, site, "killed and started", since);
  }
  story.check_pulse(pulse.stop(), answer_limit);
  story.finish(site, quiet_limit);
}

void tell_queues(Story& story) {
  SiteOptions options = story.site_options();
  if (story.control) options.pace = never_missed;
  Site site(options);
  const std::string& prefix = site.options().broker.prefix;
  std::vector<std::string> queues{prefix + ".dead", prefix + ".reply." + site.engine_id()};
  for (const char* name : participant_names) queues.push_back(prefix + ".cmd." + name);
  const std::uint64_t sagas = sagas_per_length * story.length;
  std::mt19937_64 random(story.seed);
  Pulse pulse(site, milliseconds{5}, sagas);
  std::uint64_t lost = 0;
  std::uint64_t still_away = 0;
  while (pulse.counts().started < sagas) {
    const std::string& queue = queues[random() % queues.size()];
    const bool remove = random() % 2 == 0;
    // A hand of its own each time: the broker closes the channel when a queue is not there yet.
    BrokerHand hand(site.options().broker);
    try {
      lost += remove ? hand.remove(queue) : hand.purge(queue);
      story.fire(remove ? "queues deleted" : "queues purged");
    } catch (const ChannelError&) {
      ++still_away;
    }
    std::this_thread::sleep_for(milliseconds{random() % 150});
  }
  // With the control sagas come to a halt before there is much to lose.
  if (!story.control) lost += lose_commands(site);
  if (!story.control) story.fire("messages lost with their queues", lost);
  story.note(fmt::format("{} times a queue was not declared again yet", still_away));
  story.check_pulse(pulse.stop(), answer_limit);
  story.finish(site, story.control ? quiet_limit_control : quiet_limit);
}

}  // namespace skald::faults

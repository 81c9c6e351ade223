// F12: the broker's memory or disk alarm, under which it reads nothing from publishers.
#include <fmt/format.h>
#include <unistd.h>

#include "../vitals.hpp"
#include "broker.hpp"
#include "hand.hpp"
#include "sanitized.hpp"
#include "stories.hpp"

namespace skald::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Steady = std::chrono::steady_clock;

constexpr std::size_t outgoing_limit = 64;
constexpr std::size_t waiting_limit = 100;
// Sagas that were under way when the alarm came may end meanwhile, and make room for others.
constexpr std::uint64_t under_way = 16;
constexpr std::uint64_t sagas_per_alarm = 300;
constexpr milliseconds answer_limit{2'000};
constexpr milliseconds drain_limit{20'000};
constexpr Duration quiet_limit = test::slowdown * Duration{30'000};

struct Alarm {
  const char* kind;
  const char* raise;
  const char* lift;
};

// What must be as it was when all is over.
struct Resources {
  Vitals vitals;
  std::uint64_t wal_mib = 0;
};

Resources measure(const Site& site) {
  return {vitals_of(::getpid()), log_bytes(site.files().store()) >> 20U};
}

void check_resources(Story& story, const Resources& before, const Resources& after) {
  constexpr std::uint64_t memory_growth_kib = 64 * 1024;
  constexpr std::uint64_t wal_max_mib = 20;  // It is checkpointed at 16.
  const Vitals& old = before.vitals;
  const Vitals& now = after.vitals;
  story.findings.expect(Invariant::I16, now.descriptors <= old.descriptors,
                        "{} descriptors are open, {} were", now.descriptors, old.descriptors);
  const bool flat = now.memory_kib <= old.memory_kib + memory_growth_kib;
  story.findings.expect(Invariant::I16, flat || !test::memory_can_be_judged,
                        "memory grew from {} to {} KiB", old.memory_kib, now.memory_kib);
  story.findings.expect(Invariant::I16, after.wal_mib <= wal_max_mib, "the WAL has {} MiB",
                        after.wal_mib);
  story.note(fmt::format("descriptors {} -> {}, memory {} -> {} KiB, WAL {} MiB", old.descriptors,
                         now.descriptors, old.memory_kib, now.memory_kib, after.wal_mib));
}

// The broker's counts lag behind, so they are asked for until they have caught up.
void check_queues_are_empty(Story& story, Site& site) {
  const AmqpOptions& amqp = site.options().broker;
  BrokerHand hand(amqp);
  std::vector<std::string> queues{amqp.prefix + ".dead",
                                  amqp.prefix + ".reply." + site.engine_id()};
  for (const char* name : participant_names) queues.push_back(amqp.prefix + ".cmd." + name);
  for (const std::string& queue : queues) {
    const auto until = Steady::now() + drain_limit;
    std::uint64_t depth = hand.depth(queue);
    while (depth > 0 && Steady::now() < until) {
      std::this_thread::sleep_for(milliseconds{100});
      depth = hand.depth(queue);
    }
    story.findings.expect(Invariant::I16, depth == 0, "{} messages are left in {}", depth, queue);
  }
}

void sound(Story& story, Site& site, const test::OwnBroker& broker, const Alarm& alarm) {
  broker->run("ctl", alarm.raise);
  const auto raised = Steady::now();
  // A connection is told that it is blocked once it publishes.
  (void)site.start();
  const bool told = site.log().await("takes no commands for now", raised, seconds{10}).has_value();
  story.fire(alarm.kind, told ? 1 : 0);
  Pulse pulse(site, milliseconds{2}, sagas_per_alarm);
  pulse.await_end();
  const Pulse::Counts counts = pulse.stop();
  story.check_pulse(counts, answer_limit);
  const std::uint64_t cap = outgoing_limit + waiting_limit + under_way;
  story.findings.expect(Invariant::I15, counts.started <= cap,
                        "{}: {} starts were accepted, and the cap is {}", alarm.kind,
                        counts.started, cap);
  story.findings.expect(Invariant::I15, counts.started >= waiting_limit,
                        "{}: only {} starts were accepted", alarm.kind, counts.started);
  const bool clear = counts.refusal.find("waiting_sagas_limit") != std::string::npos;
  story.findings.expect(Invariant::I15, clear, "{}: the refusal does not say why: {}", alarm.kind,
                        counts.refusal);
  story.note(fmt::format("{}: {} of {} starts accepted (cap {}), then: {}", alarm.kind,
                         counts.started, sagas_per_alarm, cap, counts.refusal));
  broker->run("ctl", alarm.lift);
  const auto lifted = Steady::now();
  const bool quiet = site.await_quiet(quiet_limit);
  story.findings.expect(Invariant::I15, quiet, "{}: not quiet after it was lifted", alarm.kind);
  story.note(fmt::format("{}: quiet {} ms after it was lifted", alarm.kind,
                         std::chrono::ceil<milliseconds>(Steady::now() - lifted).count()));
}

}  // namespace

void tell_alarm(Story& story) {
  const test::OwnBroker broker;
  SiteOptions options;
  options.broker = broker->options(test::unique_prefix());
  options.seed = story.seed;
  options.heartbeat = seconds{2};
  options.outgoing_limit = outgoing_limit;
  if (!story.control) options.waiting_sagas_limit = waiting_limit;
  Site site(options);
  for (int i = 0; i < 20; ++i) (void)site.start();
  (void)site.await_quiet(quiet_limit);
  const Resources before = measure(site);
  constexpr std::array alarms{
      Alarm{"memory alarm", "set_vm_memory_high_watermark 0", "set_vm_memory_high_watermark 0.4"},
      Alarm{"disk alarm", "set_disk_free_limit 999999GB", "set_disk_free_limit 64MB"},
  };
  for (std::uint64_t round = 0; round < story.length; ++round) {
    for (const Alarm& alarm : alarms) {
      sound(story, site, broker, alarm);
      if (story.control) break;
    }
  }
  check_queues_are_empty(story, site);
  check_resources(story, before, measure(site));
  story.finish(site, quiet_limit);
}

}  // namespace skald::faults

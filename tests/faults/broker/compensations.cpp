// F20: compensations that fail for ever, and a breaker that flaps because its participant does.
#include <fmt/format.h>

#include <atomic>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "decorators/decorators.hpp"
#include "sanitized.hpp"
#include "skald/definition_builder.hpp"
#include "skald/sqlite_reader.hpp"
#include "stories.hpp"

namespace skald::faults {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr std::uint64_t sagas_per_length = 60;
constexpr milliseconds answer_limit{2'000};
constexpr milliseconds delivery_limit = test::slowdown * milliseconds{10'000};
constexpr Duration quiet_limit = test::slowdown * Duration{60'000};
constexpr std::uint32_t undo_attempts = 4;
// More than the refusals while the participant is away would use up, if they were attempts.
constexpr std::uint32_t flapping_attempts = 12;
// By turns up and down, longer down than three attempts in a row take.
constexpr milliseconds half_turn{300};

RetryPolicy retry(std::uint32_t attempts, Duration delay) {
  RetryPolicy policy;
  policy.max_attempts = attempts;
  policy.initial_delay = delay;
  policy.max_delay = 4 * delay;
  return policy;
}

Definition doomed(const Pace& pace) {
  return DefinitionBuilder("doomed", 1)
      .default_timeout(pace.timeout)
      .default_retry(retry(2, Duration{5}))
      .default_compensation_retry(retry(undo_attempts, Duration{5}))
      .step("reserve")
      .participant("inventory")
      .action("act")
      .compensation("undo")
      .step("ship")
      .participant("shipping")
      .action("act")
      .pivot()
      .build();
}

Definition flapping(const Pace& pace) {
  ParticipantPolicies policies;
  policies.breaker = BreakerPolicy{};
  policies.breaker->failures = 3;
  policies.breaker->delay = Duration{50};
  policies.breaker->max_delay = Duration{200};
  return DefinitionBuilder("flapping", 1)
      .default_timeout(pace.timeout)
      .default_retry(retry(flapping_attempts, Duration{10}))
      .policies("payment", policies)
      .step("reserve")
      .participant("inventory")
      .action("act")
      .compensation("undo")
      .step("charge")
      .participant("payment")
      .action("act")
      .compensation("undo")
      .step("ship")
      .participant("shipping")
      .action("act")
      .pivot()
      .build();
}

// Each saga's command ids, as its journal issued them.
std::map<std::string, std::uint64_t> issued(StoreReader& reader, const SagaSummary& summary) {
  std::map<std::string, std::uint64_t> ids;
  const DefinitionPtr definition = reader.definition(summary.definition);
  for (const JournalRow& row : reader.journal(summary.id)) {
    for (const Event& event : row.events) {
      const auto* command = std::get_if<CommandIssued>(&event);
      if (!command) continue;
      const AttemptRef& attempt = command->attempt;
      const std::string& step = definition->steps[attempt.step].name;
      ++ids[CommandId{summary.id, step, attempt.direction, attempt.attempt}.to_string()];
    }
  }
  return ids;
}

// Answers every tenth command itself, as failed: attempts that never reach anybody.
class BurningChannel final : public testing::ChannelDecorator {
 public:
  using ChannelDecorator::ChannelDecorator;
  void open(const std::string& engine_id, ChannelListener& listener) override {
    listener_ = &listener;
    ChannelDecorator::open(engine_id, listener);
  }
  void send(std::vector<Command> commands) override {
    std::vector<Command> passed;
    for (Command& command : commands) {
      if (++count_ % 10 != 0) {
        passed.push_back(std::move(command));
        continue;
      }
      listener_->sent(command.id.saga, command.attempt);
      listener_->replied({command.id.saga, command.attempt, {}, Outcome::failed("BURNT"), 0});
      listener_->confirmed(command.position, command.id.saga, command.attempt);
    }
    if (!passed.empty()) ChannelDecorator::send(std::move(passed));
  }

 private:
  std::uint64_t count_ = 0;
  ChannelListener* listener_ = nullptr;
};

std::unique_ptr<Channel> burn(Channel& channel) {
  return std::make_unique<BurningChannel>(channel);
}

std::set<std::string> undelivered(std::set<std::string> attempts, const Files& files) {
  for (const char* participant : participant_names) {
    for (const CommandId& id : DeliveryLog::read(files.deliveries(participant))) {
      attempts.erase(id.to_string());
    }
  }
  return attempts;
}

// Nothing but a delivery may use an attempt up: neither a closed door nor a full line. One that
// timed out in its queue is delivered later, if its participant has not come to it yet.
void check_attempts_were_delivered(Story& story, const Files& files) {
  SqliteReader reader(files.store());
  std::set<std::string> left;
  for (const SagaSummary& summary : reader.list({}, {}, SIZE_MAX)) {
    for (const auto& [id, times] : issued(reader, summary)) left.insert(id);
  }
  const std::size_t attempts = left.size();
  const auto until = Steady::now() + (story.control ? milliseconds{0} : delivery_limit);
  for (left = undelivered(left, files); !left.empty() && Steady::now() < until;) {
    std::this_thread::sleep_for(milliseconds{20});  // A file cannot be waited for.
    left = undelivered(std::move(left), files);
  }
  for (const std::string& id : left) {
    story.findings.expect(Invariant::I12, false, "{} used an attempt up and was never delivered",
                          id);
  }
  story.note(fmt::format("{} attempts, {} of them delivered", attempts, attempts - left.size()));
}

void check_all_stuck(Story& story, Site& site) {
  SqliteReader reader(site.files().store());
  for (const SagaSummary& summary : reader.list({}, {}, SIZE_MAX)) {
    std::uint64_t undoing = 0;
    for (const auto& [id, times] : issued(reader, summary)) {
      if (id.find("/compensate/") != std::string::npos) ++undoing;
    }
    story.findings.expect(Invariant::I2, summary.status == Status::stuck, "{} is {}",
                          summary.id.to_string(), to_string(summary.status));
    story.findings.expect(Invariant::I12, undoing == undo_attempts,
                          "{} was undone in {} attempts, not {}", summary.id.to_string(), undoing,
                          undo_attempts);
    story.fire("compensations that failed for ever", summary.status == Status::stuck ? 1 : 0);
  }
}

}  // namespace

void tell_stuck(Story& story) {
  SiteOptions options = story.site_options();
  options.definitions = {doomed(options.pace)};
  // With the control a compensation is given up by what never was an attempt of its participant.
  if (story.control) options.decorate_channel = burn;
  options.decorate = [](const TransactionHandler& handler) -> TransactionHandler {
    return [handler](const HandlerCall& call, sqlite3* transaction) {
      if (call.direction() == Direction::compensate) return Outcome::failed("DOWN", "for ever");
      if (call.step() == "ship") return Outcome::rejected("NO_CARRIER", "as planned");
      write_effect(transaction, call);
      return Outcome::success();
    };
  };
  Site site(options);
  Pulse pulse(site, milliseconds{2}, sagas_per_length * story.length);
  pulse.await_end();
  story.check_pulse(pulse.stop(), answer_limit);
  const bool quiet = site.await_quiet(quiet_limit);
  story.findings.expect(Invariant::I15, quiet, "not all sagas got stuck");
  check_all_stuck(story, site);
  const Files files = site.files();
  check_attempts_were_delivered(story, files);
  story.finish(site, quiet_limit);
}

void tell_breaker(Story& story) {
  std::atomic<std::uint64_t> openings{0};
  std::atomic<std::uint64_t> closings{0};
  std::atomic<std::uint64_t> failures{0};
  SiteOptions options = story.site_options();
  options.definitions = {flapping(options.pace)};
  if (story.control) options.decorate_channel = burn;
  options.policy_observer = [&](const BreakerChanged& change) {
    if (change.to == BreakerPhase::open) ++openings;
    if (change.to == BreakerPhase::closed) ++closings;
  };
  const auto began = Steady::now();
  options.decorate = [&failures, began](const TransactionHandler&) -> TransactionHandler {
    return [&failures, began](const HandlerCall& call, sqlite3* transaction) {
      const bool down = (Steady::now() - began) / half_turn % 2 == 1;
      if (call.step() == "charge" && call.direction() == Direction::action && down) {
        ++failures;
        return Outcome::failed("DOWN", "by turns");
      }
      write_effect(transaction, call);
      return Outcome::success();
    };
  };
  Site site(options);
  Pulse pulse(site, milliseconds{30}, 2 * sagas_per_length * story.length);
  pulse.await_end();
  story.check_pulse(pulse.stop(), answer_limit);
  (void)site.start_until([&] { return openings > 0 && closings > 0; });
  const bool quiet = site.await_quiet(quiet_limit);
  story.findings.expect(Invariant::I15, quiet, "not quiet although the participant came back");
  story.fire("answers of a participant that was down", failures);
  story.fire("breaker opened", openings);
  story.fire("breaker closed", closings);
  const Files files = site.files();
  check_attempts_were_delivered(story, files);
  story.finish(site, quiet_limit);
  const auto completed = story.tally.by_status.find("completed");
  const std::uint64_t done = completed == story.tally.by_status.end() ? 0 : completed->second;
  story.findings.expect(Invariant::I12, done == story.tally.sagas,
                        "only {} of {} sagas completed: refusals used up their attempts", done,
                        story.tally.sagas);
}

}  // namespace skald::faults

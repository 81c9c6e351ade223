// The engine's lives, and the loop of time.
#include "world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "world_life.hpp"

namespace skald::testing {
namespace {

constexpr std::uint64_t steps_max = 20'000;
constexpr std::uint64_t downtime_max_ms = 2'000;
constexpr std::uint64_t busy_max_ms = 40;
constexpr std::uint64_t life_max_ms = 4'000;
constexpr std::uint64_t commit_max_ms = 30;
constexpr std::uint64_t turn_limit_max = 24;

}  // namespace

World::World(const Plan& plan, Accidents& accidents, Participants& participants, Findings& findings,
             Sabotage* sabotage)
    : plan_(plan),
      accidents_(accidents),
      sabotage_(sabotage),
      trace_(agenda_),
      checker_(findings),
      moments_(accidents, trace_),
      channel_(agenda_, accidents, participants, checker_, moments_, trace_,
               plan.carries_out_here ? [this] { die(true); } : std::function<void()>()),
      clients_(plan.starts.size()),
      calm_at_(agenda_.now() + plan.calm_at) {}

World::~World() = default;

void World::sent(const SagaId& saga, const AttemptRef& attempt) {
  inbox_.emplace_back(SentArrival{saga, attempt});
}
void World::confirmed(Position position, const SagaId& saga, const AttemptRef& attempt) {
  inbox_.emplace_back(ConfirmedArrival{position, saga, attempt});
}
void World::replied(Reply reply) { inbox_.emplace_back(ReplyArrival{std::move(reply)}); }
void World::unusable(QuarantinedMessage message, std::uint64_t receipt) {
  inbox_.emplace_back(UnusableArrival{std::move(message), receipt});
}
void World::room() { inbox_.emplace_back(RoomArrival{}); }

std::unique_ptr<World::Life> World::make_life(Mode mode) {
  const std::uint64_t number = ++counts_.lives;
  checker_.opened(number, mode == Mode::momentary, agenda_.engine_now());
  auto life = std::make_unique<Life>();
  const bool shares = sabotage_ && sabotage_->ignores_epoch() && memory_;
  if (!shares) memory_ = std::make_shared<MemoryStore>(disk_);
  life->memory = memory_;
  life->watched = std::make_unique<WatchedStore>(*life->memory, accidents_, moments_, checker_,
                                                 agenda_, number);
  if (sabotage_) {
    life->broken_store = sabotage_->wrap(*life->watched);
    life->broken_channel = sabotage_->wrap(channel_);
  }
  Coordinator::Settings settings;
  settings.mode = sabotage_ && sabotage_->stays_owner() ? Mode::engine : mode;
  settings.participants =
      sabotage_ ? sabotage_->configured(plan_.participants) : plan_.participants;
  settings.id_seed = mix(number, 17);
  settings.cached_sagas_limit = plan_.cached_sagas_limit;
  settings.observer = [this](const Definition&, const Saga& saga, const std::vector<Event>&) {
    checker_.observed(saga);
  };
  Store& store = life->broken_store ? *life->broken_store : *life->watched;
  Channel& channel = mode == Mode::momentary ? no_channel_
                     : life->broken_channel  ? *life->broken_channel
                                             : channel_;
  if (mode == Mode::engine) {
    const auto is_worth = [this, number](const Batch& batch) {
      const Label occasion = batch.appends.empty() ? 0 : hash_of(batch.appends[0].saga.to_string());
      return accidents_.happens(Accident::commit_aside, mix(number, counts_.batches, occasion));
    };
    life->aside = std::make_unique<Aside>(
        store, is_worth, [this, number, &life = *life] { commit_aside_later(life, number); });
    settings.committer = life->aside.get();
    settings.turn_limit = 1 + accidents_.pick(mix(number, 26), turn_limit_max);
  }
  life->coordinator = std::make_unique<Coordinator>(store, channel, std::move(settings));
  return life;
}

void World::commit_aside_later(Life& life, std::uint64_t number) {
  checker_.happenings().note(Happening::committed_aside);
  const Duration time{accidents_.pick(mix(number, counts_.batches, 27), commit_max_ms)};
  agenda_.after(time, [this, number, &life] {
    if (life_.get() != &life || counts_.lives != number) return;  // It died before it was written.
    life.aside->work();
    if (life.aside->refused()) checker_.happenings().note(Happening::rolled_back_aside);
    nudged_ = true;
  });
}

void World::open() {
  life_ = make_life(Mode::engine);
  Channel& channel = life_->broken_channel ? *life_->broken_channel : channel_;
  channel.open("simulation", *this);
  try {
    life_->coordinator->recover(agenda_.engine_now());
  } catch (const CrashHere&) {
    die(true);
    return;
  } catch (const std::exception& error) {
    checker_.findings().expect(Invariant::I15, false, "the engine cannot be opened: {}",
                               error.what());
    life_.reset();
    return;
  }
  life_->watched->recovered();
  plan_end_of_life();
}

// Some engines are stopped, or taken over, before anything kills them.
void World::plan_end_of_life() {
  const std::uint64_t number = counts_.lives;
  const Duration at{accidents_.pick(mix(number, 21), life_max_ms)};
  const bool stops = accidents_.happens(Accident::clean_stop, number);
  const bool is_taken_over = !stops && accidents_.happens(Accident::takeover, number);
  if (!stops && !is_taken_over) return;
  agenda_.after(at, [this, number, stops] {
    if (!life_ || counts_.lives != number || agenda_.now() >= calm_at_) return;
    if (stops) {
      stop();
    } else {
      take_over();
    }
  });
}

void World::stop() {
  checker_.stops();
  bool crashed = false;
  try {
    life_->coordinator->checkpoint();
  } catch (const CrashHere&) {
    crashed = true;
  } catch (const StoreError&) {
    // Full: the watermark stays behind, which costs repeated sends and nothing else.
  }
  die(crashed);
}

void World::die(bool crashed) {
  if (crashed) ++counts_.crashes;
  trace_.note([&] { return crashed ? "ENGINE dies" : "ENGINE stops"; });
  channel_.close(crashed);
  inbox_.clear();
  life_.reset();
  const std::uint64_t number = counts_.lives;
  if (accidents_.happens(Accident::clock_forward, number)) {
    constexpr std::uint64_t hours_max = 24 * 365 * 3;
    const std::uint64_t range = number % 2 == 0 ? hours_max : 5;
    agenda_.adjust(std::chrono::hours{1 + accidents_.pick(mix(number, 22), range)});
  } else if (accidents_.happens(Accident::clock_back, number)) {
    agenda_.adjust(-std::chrono::seconds{1 + accidents_.pick(mix(number, 23), 7200)});
  }
  agenda_.after(Duration{accidents_.pick(mix(number, 24), downtime_max_ms)}, [this] { open(); });
  schedule_visits();
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    if (!std::exchange(clients_[i].waiting, false)) continue;
    // A start that nobody answered may be stored: only a key makes it safe to ask again.
    if (plan_.starts[i].key) retry_start(i);
  }
}

// Another owner comes although this one lives: what this one still writes must be refused.
void World::take_over() {
  trace_.note([] { return "ENGINE is taken over"; });
  std::unique_ptr<Life> old = std::move(life_);
  const bool has_written = old->aside->done();  // And has still to act on it, which needs no store.
  channel_.close(true);
  inbox_.clear();
  open();
  if (has_written) return;
  StartArrival probe;
  probe.type = plan_.definitions.front()->type;
  probe.input = JsonText::parse(fmt::format(R"({{"probe":{}}})", counts_.lives));
  bool stored = false;
  probe.answer = [&stored](const std::variant<Started, Refusal>& answer) {
    stored = std::holds_alternative<Started>(answer);
  };
  try {
    std::vector<Arrival> batch;
    batch.emplace_back(std::move(probe));
    old->coordinator->process(std::move(batch), agenda_.engine_now());
    old->coordinator->checkpoint();  // Ends what is under way.
  } catch (const StoreError&) {
    // Fenced, as it should be.
  } catch (const CrashHere&) {
    // It died before it could write.
  }
  checker_.findings().expect(Invariant::I11, !stored,
                             "an owner that had been taken over could still write");
}

std::optional<Time> World::engine_due() const {
  if (!life_) return std::nullopt;
  std::optional<Time> due;
  if (!inbox_.empty() || nudged_) due = agenda_.now();
  if (const auto timer = life_->coordinator->next_due()) {
    const Time at = agenda_.to_real(*timer);
    due = due ? std::min(*due, at) : at;
  }
  if (due) due = std::max(*due, busy_until_);
  return due;
}

// Moves on to what happens next; false when nothing ever will.
bool World::step() {
  const auto task = agenda_.next();
  const auto due = engine_due();
  if (!task && !due) return false;
  if (due && (!task || *due < *task)) {
    agenda_.run_until(std::max(*due, agenda_.now()));
    process();
  } else {
    agenda_.run_until(std::max(*task, agenda_.now()));
  }
  return true;
}

void World::process() {
  if (!life_) return;
  ++counts_.batches;
  nudged_ = false;
  process_batch(std::exchange(inbox_, {}));
  const Label occasion = mix(counts_.batches, 25);
  if (accidents_.happens(Accident::engine_busy, occasion)) {
    busy_until_ = agenda_.now() + Duration{accidents_.pick(occasion, busy_max_ms)};
  }
}

void World::process_batch(std::vector<Arrival> batch) {
  for (const Arrival& arrival : batch) {
    const auto* reply = std::get_if<ReplyArrival>(&arrival);
    if (reply) checker_.arrived(reply->reply, agenda_.now());
  }
  if (life_->coordinator->is_committing() && !batch.empty()) {
    checker_.happenings().note(Happening::decided_meanwhile);
  }
  Time now = agenda_.engine_now();
  if (sabotage_) now = sabotage_->told(now, life_->coordinator->next_due());
  try {
    if (sabotage_ && sabotage_->receipts_early()) receipt_early(batch);
    life_->coordinator->process(std::move(batch), now);
    note_holds();
  } catch (const CrashHere&) {
    die(true);
  } catch (const std::exception& error) {
    checker_.findings().expect(Invariant::I15, false, "the engine stopped by itself: {}",
                               error.what());
    die(true);
  }
}

void World::note_holds() {
  if (life_->coordinator->parked() > 0) checker_.happenings().note(Happening::saga_parked);
  life_->coordinator->each_hold([this](const std::string&, const Hold& hold) {
    const std::string_view policy = hold.policy;
    checker_.happenings().note(policy == "breaker"      ? Happening::held_by_breaker
                               : policy == "bulkhead"   ? Happening::held_by_bulkhead
                               : policy == "rate_limit" ? Happening::held_by_rate_limit
                                                        : Happening::held_by_retry_budget);
  });
}

void World::receipt_early(const std::vector<Arrival>& batch) {
  for (const Arrival& arrival : batch) {
    const auto* reply = std::get_if<ReplyArrival>(&arrival);
    if (reply) channel_.receipt({reply->reply.receipt});
  }
}

void World::run_until_quiet() {
  for (std::uint64_t steps = 0; step(); ++steps) {
    if (steps < steps_max) continue;
    checker_.findings().expect(Invariant::I15, false, "not quiet after {} steps", steps_max);
    return;
  }
}

void World::run(bool counts_effects) {
  checker_.configure(plan_.participants);
  open();
  for (const DefinitionPtr& definition : plan_.definitions) {
    checker_.define(definition);
    DefinitionPtr told = sabotage_ ? sabotage_->told(definition) : definition;
    inbox_.emplace_back(DefineArrival{std::move(told), [](const std::variant<bool, Refusal>&) {}});
  }
  process();
  schedule_plan();
  run_until_quiet();
  while (plan_.operators_help && tend()) run_until_quiet();
  checker_.findings().expect(Invariant::I15, life_ != nullptr, "no engine came back");
  if (life_) checker_.finish(*life_->memory, counts_effects);
}

}  // namespace skald::testing

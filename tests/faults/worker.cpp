#include "worker.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>
#include <thread>

#include "inside.hpp"
#include "quiet.hpp"
#include "skald/amqp_channel.hpp"
#include "skald/control_client.hpp"
#include "skald/participant_amqp.hpp"
#include "skald/sqlite_store.hpp"

namespace skald::faults {
namespace {

constexpr std::size_t starter_threads = 4;
constexpr std::uint16_t participant_prefetch = 8;

AmqpOptions amqp_options(const Assignment& assignment) {
  AmqpOptions options = AmqpOptions::parse(assignment.rabbitmq);
  options.prefix = assignment.prefix;
  options.reconnect_delay = Duration{20};
  options.reconnect_delay_max = Duration{500};
  return options;
}

Json input_for(const Assignment& assignment, std::uint64_t number) {
  constexpr std::size_t fat_bytes = 1'000'000;
  Json input = input_of(number);
  if (std::find(assignment.fat.begin(), assignment.fat.end(), number) != assignment.fat.end()) {
    input["note"] = std::string(fat_bytes, 'x');
  }
  return input;
}

SagaId start(Orchestrator& engine, const Assignment& assignment, std::uint64_t number) {
  return engine.start(type_of(number), input_for(assignment, number),
                      {.key = key_of(number), .by = "harness"});
}

SagaId start_over_control(const Assignment& assignment, std::uint64_t number) {
  constexpr Duration patience{20'000};
  auto client = ControlClient::connect(assignment.files.store(), patience);
  if (!client) throw Error("nobody listens at the control socket");
  const Json request{{"verb", "start"},
                     {"type", type_of(number)},
                     {"key", key_of(number)},
                     {"input", input_for(assignment, number)},
                     {"by", "harness"}};
  const Json answer = parse_json(client->request(request.dump(), patience));
  if (!answer.at("ok").get<bool>()) throw Error("refused over the socket: " + answer.dump());
  return SagaId::parse(answer.at("id").get<std::string>()).value();
}

void start_sagas(Orchestrator& engine, const Assignment& assignment) {
  std::atomic<std::uint64_t> next{assignment.first};
  std::vector<std::jthread> starters;
  for (std::size_t i = 0; i < starter_threads; ++i) {
    starters.emplace_back([&] {
      for (std::uint64_t n = next++; n < assignment.end; n = next++) {
        const SagaId id = assignment.over_control && n % 3 == 0 ? start_over_control(assignment, n)
                                                                : start(engine, assignment, n);
        report(fmt::format("started {} {}", n, id.to_string()));
      }
    });
  }
}

// Half of the stuck sagas get a second round, in which nothing is refused.
std::size_t resume_half(Orchestrator& engine, const std::set<SagaId>& stuck) {
  std::size_t resumed = 0;
  bool this_one = true;
  for (const SagaId& id : stuck) {
    if (std::exchange(this_one, !this_one)) {
      const Json answer = engine.handle(
          {{"verb", "resume"}, {"id", id.to_string()}, {"by", "harness"}, {"reason", "planned"}});
      if (!answer.at("ok").get<bool>()) throw Error("cannot resume a stuck saga: " + answer.dump());
      ++resumed;
    }
  }
  return resumed;
}

int work_until_quiet(Orchestrator& engine, QuietWatch& watch, const Assignment& assignment) {
  if (!watch.await_quiet(assignment.quiet_limit)) return 1;
  report(fmt::format("resumed {}", resume_half(engine, watch.stuck())));
  if (!watch.await_quiet(assignment.quiet_limit)) return 1;
  report("quiet");
  engine.stop();
  return 0;
}

}  // namespace

Pace Assignment::pace() const {
  if (rabbitmq.empty()) return {};
  return {Duration{1'500}, Duration{2'000}};
}

void report(const std::string& fact) {
  const std::string line = fact + "\n";
  if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    throw std::system_error(errno, std::generic_category(), "report to the harness");
  }
}

void await_harness() {
  char nothing = 0;
  while (::read(STDIN_FILENO, &nothing, 1) > 0) {
  }
}

void serve_for_harness(Participant& participant, const AmqpOptions& amqp, std::uint16_t prefetch) {
  std::stop_source stop;
  const std::jthread parent_watch([&stop] {
    await_harness();
    stop.request_stop();
  });
  report("ready");
  ServeOptions options;
  options.prefetch = prefetch;
  serve_over_amqp(participant, amqp, stop.get_token(), options);
}

int run_engine(const Assignment& assignment) {
  SqliteStore store(assignment.files.store());
  const std::unique_ptr<Store> other_store = mutate(assignment.mutant, store);
  QuietWatch watch(store);

  std::unique_ptr<InsideParticipants> inside;
  std::unique_ptr<AmqpChannel> amqp;
  if (assignment.rabbitmq.empty()) {
    inside = std::make_unique<InsideParticipants>(assignment.files, assignment.seed,
                                                  assignment.pace(), assignment.mutant);
    if (assignment.undo_outside) inside->undo_outside();
  } else {
    amqp = std::make_unique<AmqpChannel>(amqp_options(assignment));
  }
  Channel& channel = amqp ? static_cast<Channel&>(*amqp) : inside->channel();
  const std::unique_ptr<Channel> other_channel = mutate(assignment.mutant, channel);

  OrchestratorOptions options;
  options.observer = watch.observer();
  options.control_socket = assignment.over_control;
  Orchestrator engine(other_store ? *other_store : store, other_channel ? *other_channel : channel,
                      options);
  for (const Definition& definition : definitions(assignment.pace())) engine.define(definition);
  report("ready");
  start_sagas(engine, assignment);
  if (!assignment.backup.empty()) store.backup(assignment.backup);
  report("worked");
  if (assignment.until_quiet) return work_until_quiet(engine, watch, assignment);
  await_harness();
  return 0;
}

int run_participant(const Assignment& assignment, const std::string& name) {
  PlannedParticipant planned(assignment.files, name, assignment.seed, assignment.pace(),
                             effect_decorator(assignment.mutant));
  if (assignment.undo_outside) planned.undo_outside();
  serve_for_harness(planned.participant(), amqp_options(assignment), participant_prefetch);
  return 0;
}

}  // namespace skald::faults

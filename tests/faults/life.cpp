#include "life.hpp"

#include <algorithm>

#include "fate.hpp"

namespace skald::faults {
namespace {

bool waits_for_timeout(Fate fate) {
  return fate == Fate::answer_lost || fate == Fate::unknown_first || fate == Fate::unknown_always ||
         fate == Fate::slow;
}

OrchestratorOptions engine_options(LifeOptions& options, QuietWatch& watch) {
  OrchestratorOptions engine;
  engine.clock = options.clock;
  engine.log = options.log ? std::move(options.log) : [](LogLevel, std::string_view) {};
  engine.observer = watch.observer();
  engine.control_socket = false;
  return engine;
}

}  // namespace

Life::Life(const Files& files, std::uint64_t seed, LifeOptions options)
    : store_(files.store(), options.store),
      other_store_(mutate(options.mutant, store_)),
      watch_(store_),
      participants_(files, seed, options.pace, options.mutant),
      other_channel_(mutate(options.mutant, participants_.channel())),
      engine_(
          std::make_unique<Orchestrator>(other_store_ ? *other_store_ : store_,
                                         other_channel_ ? *other_channel_ : participants_.channel(),
                                         engine_options(options, watch_))) {
  try {
    const auto known = options.definitions ? *options.definitions : definitions(options.pace);
    for (const Definition& definition : known) engine_->define(definition);
  } catch (const Refused& refused) {
    engine_->stop();  // Afterwards the failure has been said.
    throw Error(engine_->failure().value_or(refused.what()));
  }
}

SagaId Life::start(std::uint64_t number) {
  return engine_->start(type_of(number), input_of(number),
                        {.key = key_of(number), .by = "harness"});
}

bool Life::await_quiet(Duration limit) {
  constexpr Duration slice{20};
  for (Duration waited{0}; waited < limit; waited += slice) {
    if (watch_.await_quiet(slice)) return true;
    if (engine_->failure()) return false;
  }
  return false;
}

bool is_swift(std::uint64_t seed, std::uint64_t number) {
  const auto all = definitions({});
  const auto found = std::find_if(all.begin(), all.end(), [&](const Definition& definition) {
    return definition.type == type_of(number);
  });
  return std::none_of(found->steps.begin(), found->steps.end(), [&](const Step& step) {
    return waits_for_timeout(fate_of(seed, number, step.name, Direction::action)) ||
           waits_for_timeout(fate_of(seed, number, step.name, Direction::compensate));
  });
}

std::vector<std::uint64_t> swift_sagas(std::uint64_t seed, std::uint64_t from, std::size_t count) {
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t number = from; numbers.size() < count; ++number) {
    if (is_swift(seed, number)) numbers.push_back(number);
  }
  return numbers;
}

}  // namespace skald::faults

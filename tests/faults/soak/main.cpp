// skald_soak: a million messages, and what the processes hold of the machine meanwhile.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "../vitals.hpp"
#include "broker.hpp"
#include "fault_ledger.hpp"
#include "soak.hpp"

namespace skald::faults {
namespace {

using testing::Findings;
using testing::Invariant;

struct Words {
  SoakOptions soak;
  SoakPart part;
  bool engine = false;
  bool participant = false;
  bool test_broker = false;
};

void add_options(CLI::App& app, Words& words) {
  app.add_option("--messages", words.soak.messages, "Commands and replies")
      ->check(CLI::Range(std::uint64_t{5'000}, std::uint64_t{100'000'000}));
  app.add_option("--rabbitmq", words.soak.rabbitmq, "URL of a broker; else in-process");
  app.add_flag("--test-broker", words.test_broker, "Use the broker of $SKALD_TEST_BROKER");
  app.add_option("--control", words.soak.leak, "Leak `memory` or `descriptors`: must be caught")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Leak>{
          {"memory", Leak::memory}, {"descriptors", Leak::descriptors}}));
  // Of the processes that it starts.
  app.add_flag("--engine", words.engine)->group("");
  app.add_flag("--participant", words.participant)->group("");
  app.add_option("--directory", words.part.directory)->group("");
  app.add_option("--prefix", words.part.prefix)->group("");
}

void print_process(const char* who, const std::vector<Sample>& samples) {
  if (samples.empty()) return;
  const Growth growth = growth_of(samples);
  fmt::print(
      "{}: memory {:+.0f} KiB between the third and the last fifth, peak {} KiB; "
      "descriptors {:+}, threads {:+}\n",
      who, growth.memory_kib, growth.peak_kib, growth.descriptors, growth.threads);
  fmt::print("  KiB:");
  for (std::size_t i = 4; i < samples.size(); i += 5) {
    fmt::print(" {}", samples[i].vitals.memory_kib);
  }
  fmt::print("\n");
}

int judge(const SoakOptions& options, const SoakResult& result, const Findings& findings) {
  fmt::print("F21: {} messages {}; sagas: {}, of them turned back: {}; largest WAL: {} KiB\n",
             result.messages, options.rabbitmq.empty() ? "in-process" : "over RabbitMQ",
             result.sagas, result.turned_back, result.largest_log >> 10U);
  print_process("engine", result.engine);
  print_process("participant", result.participant);
  findings.print(std::cout);
  const bool control = options.leak != Leak::none;
  const std::uint64_t found = control ? findings.violations(Invariant::I16) : findings.violations();
  const bool good = (found > 0) == control;
  test::enter({options.rabbitmq.empty() ? "F21-soak" : "F21-soak-rabbitmq", "-", result.messages,
               result.sagas, 0, findings.violations(), control, good});
  fmt::print("{}\n", good ? (control ? "caught, as it must be" : "good") : "NOT good");
  return good ? 0 : 1;
}

int run(Words& words) {
  if (words.test_broker) words.soak.rabbitmq = test::Broker::shared().url();
  words.part.rabbitmq = words.soak.rabbitmq;
  words.part.messages = words.soak.messages;
  words.part.leak = words.soak.leak;
  if (words.engine) return run_soak_engine(words.part);
  if (words.participant) return run_soak_participant(words.part);
  Findings findings;
  const SoakResult result = soak(words.soak, findings);
  return judge(words.soak, result, findings);
}

}  // namespace
}  // namespace skald::faults

int main(int argc, char** argv) {
  CLI::App app{"A million messages through one engine: nothing may pile up"};
  skald::faults::Words words;
  skald::faults::add_options(app, words);
  CLI11_PARSE(app, argc, argv);
  try {
    return skald::faults::run(words);
  } catch (const std::exception& error) {
    std::cerr << "skald_soak: " << error.what() << "\n";
    return 2;
  }
}

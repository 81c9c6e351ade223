// One participant as a program: it takes its commands from RabbitMQ until SIGTERM or SIGINT.
//
// PARTICIPANT names it; the six programs are built from this one file.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include "all_participants.hpp"
#include "skald/participant_amqp.hpp"

namespace {

struct Options {
  std::string database;
  std::vector<std::string> faults;
  skald::ServeOptions serve;
};

sigset_t end_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

void run(Options options) {
  auto faults = order_service::Faults::from_environment();
  for (const std::string& fault : options.faults) {
    faults.add(order_service::Faults::parse(fault));
  }
  const auto participant = order_service::make_participant(PARTICIPANT, options.database, faults);
  const auto amqp = skald::AmqpOptions::from_environment();

  // Blocked before any thread starts, so that only the waiting thread below receives them.
  const sigset_t signals = end_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::stop_source stop;
  const std::jthread waiting([&](const std::stop_token& done) {
    constexpr timespec glance{.tv_sec = 0, .tv_nsec = 100'000'000};
    while (!done.stop_requested()) {
      if (sigtimedwait(&signals, nullptr, &glance) > 0) stop.request_stop();
    }
  });
  fmt::print("{} serves {}\n", PARTICIPANT, amqp.describe());
  std::fflush(stdout);
  skald::serve_over_amqp(*participant, amqp, stop.get_token(), options.serve);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"The participant " PARTICIPANT
               " of the order service. The broker is named by $SKALD_AMQP_URL or, in a file, by "
               "$SKALD_AMQP_URL_FILE; $SKALD_EXAMPLE_FAULTS holds faults as --fault does."};
  Options options;
  app.add_option("--database", options.database, "Its SQLite file; made if missing")->required();
  app.add_option("--fault", options.faults,
                 "What goes wrong, e.g. " PARTICIPANT "=fail:3 or payment.refund=reject:1");
  app.add_option("--prefetch", options.serve.prefetch, "Commands taken at a time")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    run(std::move(options));
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "skald-example-" PARTICIPANT ": {}\n", error.what());
    return 1;
  }
}

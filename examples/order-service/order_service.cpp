// The order service: a program that embeds Skald.
//
// Orders come from its command line or a file. Each becomes a saga with the order's id as its key,
// so that an order that is handed in twice is carried out once. What was under way when the program
// last ended, in whatever way, goes on when it starts again. While it runs, `skald --store FILE …`
// operates it through the store's control socket.
#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "order_service_options.hpp"
#include "order_service_orders.hpp"
#include "order_service_participants.hpp"
#include "order_service_report.hpp"
#include "skald/orchestrator.hpp"
#include "skald/sqlite_store.hpp"

namespace {

using order_service::Options;
using order_service::Order;
using order_service::print_line;

/// The `skald` command's exit codes.
enum Exit : int { done = 0, failed = 1, wrong_state = 4, stuck = 11, timed_out = 124 };

struct Accepted {
  std::string order;
  skald::SagaId saga;
};

std::string describe(skald::Orchestrator& sagas, const Order& order,
                     const skald::Started& started) {
  const auto id = started.id.to_string();
  if (started.created) {
    return fmt::format("{}: accepted as saga {}", order.id, id);
  }
  const auto* status = skald::to_string(sagas.saga(started.id).status);
  return fmt::format("{}: is known as saga {}, which is {}", order.id, id, status);
}

std::vector<Accepted> accept(skald::Orchestrator& sagas, const std::vector<Order>& orders,
                             int& exit_code) {
  std::vector<Accepted> accepted;
  for (const auto& order : orders) {
    try {
      const auto started = sagas.start("place-order", order.input, {.key = order.id});
      print_line(describe(sagas, order, started));
      accepted.push_back({order.id, started.id});
    } catch (const skald::Refused& refusal) {
      fmt::print(stderr, "{}: refused: {}\n", order.id, refusal.what());
      exit_code = wrong_state;
    }
  }
  return accepted;
}

// What becomes of the orders is said by the observer; here only who is not done in time.
void await_results(skald::Orchestrator& sagas, const std::vector<Accepted>& accepted,
                   skald::Duration limit, int& exit_code) {
  for (const auto& [order, saga] : accepted) {
    const auto result = sagas.wait(saga, limit);
    if (!result) {
      print_line(fmt::format("{}: not done after {}; it goes on at the next start", order,
                             skald::describe_duration(limit)));
      exit_code = timed_out;
      continue;
    }
    if (result->status == skald::Status::stuck && exit_code == done) {
      exit_code = stuck;
    }
  }
}

/// The signals that end the service. Blocked before any thread starts, so that all inherit it and
/// only await_end() receives them.
sigset_t block_end_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

/// Returns when a signal says so, or when the engine has stopped by itself.
void await_end(const sigset_t& signals, const skald::Orchestrator& sagas) {
  constexpr timespec glance{.tv_sec = 1, .tv_nsec = 0};
  while (sigtimedwait(&signals, nullptr, &glance) < 0 && !sagas.failure()) {
  }
}

int run(const Options& options) {
  const auto orders = order_service::read_orders(options);
  std::optional<sigset_t> signals;
  if (options.serve) {
    signals = block_end_signals();
  }
  skald::SqliteStore store{options.store};
  const auto participants = order_service::make_participants(options);
  skald::Orchestrator sagas{store, participants->channel(), {.observer = order_service::report}};
  sagas.define(skald::load_definition(options.definition));

  int exit_code = done;
  const auto accepted = accept(sagas, orders, exit_code);
  if (signals) {
    print_line("serving");
    await_end(*signals, sagas);
  } else {
    await_results(sagas, accepted, options.wait, exit_code);
  }
  if (const auto failure = sagas.failure()) {
    fmt::print(stderr, "skald-order-service: the engine stopped: {}\n", *failure);
    return failed;
  }
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    int exit_code = failed;
    const auto options = order_service::parse_options(argc, argv, exit_code);
    return options ? run(*options) : exit_code;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "skald-order-service: %s\n", error.what());
    return failed;
  }
}

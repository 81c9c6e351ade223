#include "verbs/run.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <mutex>
#include <ostream>

#include "broker_config.hpp"
#include "context.hpp"
#include "engine_config.hpp"
#include "exit_code.hpp"
#include "output/text.hpp"
#include "skald/amqp_channel.hpp"
#include "skald/chaos.hpp"
#include "skald/orchestrator.hpp"
#include "skald/sqlite_store.hpp"
#include "stop_signals.hpp"
#include "verbs/verb.hpp"

namespace skald::cli {
namespace {

constexpr Duration look_interval{250};

// Called from several threads.
class Log {
 public:
  explicit Log(const Context& context) : context_(context) {}
  void write(LogLevel level, std::string_view text) {
    if (level == LogLevel::debug || (level == LogLevel::info && context_.global.quiet)) return;
    static constexpr const char* names[] = {"debug", "info", "warning", "error"};
    const std::string line = fmt::format("{} {} {}\n", format_time(context_.clock.now()),
                                         names[static_cast<std::size_t>(level)], printable(text));
    const std::lock_guard lock(mutex_);
    context_.err.clear();  // A log that could not be written to once may be written to again.
    context_.err << line << std::flush;
  }

 private:
  const Context& context_;
  std::mutex mutex_;
};

}  // namespace

void add_to(CLI::App& app, RunOptions& options) {
  CLI::App& verb = add_verb(app, "run", "The engine in the foreground, until SIGINT or SIGTERM",
                            "run place-order.json --store orders.db --config broker.json");
  verb.add_option("definition", options.definitions, "Definitions to add to the store")
      ->type_name("FILE");
  verb.add_option(
          "--config", options.config,
          "JSON file with the broker's address ($SKALD_AMQP_URL) and participants' policies")
      ->type_name("FILE");
  verb.add_option("--chaos", options.chaos,
                  "Spoil commands and replies on purpose, e.g. fail=0.1,lose=0.05,unknown=0.02,"
                  "duplicate=0.1,slow=0.2:3s,seed=7: for tests, never for production")
      ->type_name("RATES");
  verb.add_flag("--core-dumps", options.core_dumps,
                "Let the system keep the memory of an engine that crashes, payloads and secrets "
                "included, and let debuggers attach");
  verb.add_flag("--take-over-channel", options.take_over_channel,
                "Run a store that belongs to an engine with another channel, such as a service "
                "with handlers of its own; for good, and what was not answered is sent again");
}

int run(const RunOptions& options, Context& context) {
  const std::string path = context.store_path();
  // Whoever read the log or the notices may go; the engine goes on.
  std::signal(SIGPIPE, SIG_IGN);
  context.out_has_notices_only = true;
  // A core dump holds payloads, with what definitions declare secret, and the broker's password.
  if (!options.core_dumps) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  std::optional<ChaosOptions> chaos;
  if (!options.chaos.empty()) chaos = ChaosOptions::parse(options.chaos);
  const EngineConfig config = read_config(options.config);
  const AmqpOptions broker = broker_options(config, context);
  std::vector<Definition> definitions;
  for (const auto& file : options.definitions) definitions.push_back(load_definition(file));

  // Before any thread starts, so that all of them hold the signals back.
  const StopSignals signals;
  Log log(context);
  SqliteOptions owner;
  owner.take_over_channel = options.take_over_channel;
  SqliteStore store(path, owner);
  for (const auto& caution : store.cautions()) log.write(LogLevel::warning, caution);
  const Logger logger = [&log](LogLevel level, std::string_view text) { log.write(level, text); };
  AmqpChannel amqp(broker, logger);
  std::optional<ChaosChannel> spoilt;
  if (chaos) {
    spoilt.emplace(amqp, *chaos);
    log.write(LogLevel::warning, "chaos on purpose: " + chaos->describe());
  }
  Channel& channel = spoilt ? static_cast<Channel&>(*spoilt) : amqp;
  OrchestratorOptions engine;
  engine.clock = &context.clock;
  engine.log = logger;
  engine.participants = config.participants;
  Orchestrator orchestrator(store, channel, engine);
  for (const auto& definition : definitions) orchestrator.define(definition);
  context.out << fmt::format("ready: pid {}, store {}, channel amqp {}\n", getpid(),
                             printable(store.path()), broker.describe())
              << std::flush;
  while (!context.pause(look_interval)) {
    if (const auto failure = orchestrator.failure()) {
      context.err << "skald: the engine stopped: " << printable(*failure) << '\n';
      return exit_failed;
    }
  }
  orchestrator.stop();
  if (spoilt) log.write(LogLevel::warning, "chaos: " + spoilt->counts().text());
  context.out << fmt::format("stopped: pid {}, store {}\n", getpid(), printable(store.path()))
              << std::flush;
  return exit_done;
}

}  // namespace skald::cli

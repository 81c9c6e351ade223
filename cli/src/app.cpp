#include "app.hpp"

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "command_words.hpp"
#include "exit_code.hpp"
#include "output/text.hpp"
#include "skald/error.hpp"
#include "verbs/abandon.hpp"
#include "verbs/audit.hpp"
#include "verbs/cancel.hpp"
#include "verbs/completion.hpp"
#include "verbs/count.hpp"
#include "verbs/definition.hpp"
#include "verbs/history.hpp"
#include "verbs/list.hpp"
#include "verbs/participants.hpp"
#include "verbs/pause.hpp"
#include "verbs/quarantine.hpp"
#include "verbs/replay.hpp"
#include "verbs/resume.hpp"
#include "verbs/retry.hpp"
#include "verbs/run.hpp"
#include "verbs/show.hpp"
#include "verbs/signal.hpp"
#include "verbs/skip.hpp"
#include "verbs/start.hpp"
#include "verbs/store.hpp"
#include "verbs/timeline.hpp"
#include "verbs/wait.hpp"
#include "verbs/watch.hpp"
#include "verbs/why.hpp"

namespace skald::cli {
namespace {

// A verb with its options, until the command line has been read.
class Verb {
 public:
  virtual ~Verb() = default;
  [[nodiscard]] virtual int run_with(Context& context) const = 0;
};

template <typename Options>
class VerbOf final : public Verb {
 public:
  Options options;
  [[nodiscard]] int run_with(Context& context) const override { return run(options, context); }
};

class CommandLine {
 public:
  explicit CommandLine(Context& context) : context_(context) {
    app_.name("skald");
    app_.require_subcommand(0, 1);
    app_.fallthrough();
    app_.set_version_flag("--version", "skald " SKALD_VERSION " (json 1)");
    app_.failure_message([](const CLI::App*, const CLI::Error& error) {
      return "skald: " + printable(error.what()) + "; see skald --help\n";
    });
    add_global_options();
    add_verbs();
    refuse_empty_values(app_);
  }

  [[nodiscard]] int run_arguments(std::vector<std::string> arguments) {
    check_words(arguments, app_);
    std::reverse(arguments.begin(), arguments.end());
    try {
      app_.parse(std::move(arguments));
    } catch (const CLI::ParseError& error) {
      return app_.exit(error, context_.out, context_.err) == 0 ? exit_done : exit_usage;
    }
    for (const auto& [verb, parsed] : verbs_) {
      if (parsed->parsed()) return verb->run_with(context_);
    }
    context_.err << "skald: which verb? see skald --help\n";
    return exit_usage;
  }

 private:
  template <typename Options>
  void add() {
    auto verb = std::make_unique<VerbOf<Options>>();
    const std::size_t before = app_.get_subcommands(nullptr).size();
    add_to(app_, verb->options);
    CLI::App* parsed = app_.get_subcommands(nullptr).at(before);
    parsed->fallthrough();
    for (CLI::App* nested : parsed->get_subcommands(nullptr)) nested->fallthrough();
    verbs_.emplace_back(std::move(verb), parsed);
  }

  void add_verbs() {
    add<RunOptions>();
    add<StartOptions>();
    add<ListOptions>();
    add<CountOptions>();
    add<ShowOptions>();
    add<WhyOptions>();
    add<HistoryOptions>();
    add<TimelineOptions>();
    add<WatchOptions>();
    add<WaitOptions>();
    add<ResumeOptions>();
    add<RetryOptions>();
    add<SkipOptions>();
    add<CancelOptions>();
    add<PauseOptions>();
    add<SignalOptions>();
    add<AbandonOptions>();
    add<ReplayOptions>();
    add<AuditOptions>();
    add<ParticipantsOptions>();
    add<QuarantineOptions>();
    add<DefinitionOptions>();
    add<StoreOptions>();
    add<CompletionOptions>();
  }

  // `--status "$UNSET"` must not mean the same as no --status at all. Only a reason may be empty.
  static void refuse_empty_values(CLI::App& app) {
    const auto not_empty = [](const std::string& value) {
      return value.empty() ? std::string("is empty; give a value, or leave it out") : std::string();
    };
    for (CLI::Option* option : app.get_options()) {
      const bool takes_value = option->get_items_expected_max() > 0;
      if (takes_value && !option->check_lname("reason")) {
        option->check(CLI::Validator(not_empty, ""));
      }
    }
    for (CLI::App* nested : app.get_subcommands(nullptr)) refuse_empty_values(*nested);
  }

  void add_global_options() {
    GlobalOptions& global = context_.global;
    app_.add_option("-s,--store", global.store, "The store's file ($SKALD_STORE)")
        ->type_name("FILE");
    app_.add_option("--color", global.color, "auto, always or never (NO_COLOR counts)")
        ->check(CLI::IsMember({"auto", "always", "never"}))
        ->type_name("WHEN");
    app_.add_option_function<std::string>(
            "--time",
            [&global](const std::string& style) {
              global.time = style == "rfc3339" ? TimeStyle::rfc3339 : TimeStyle::relative;
            },
            "relative or rfc3339")
        ->check(CLI::IsMember({"relative", "rfc3339"}))
        ->type_name("STYLE");
    app_.add_flag("-q,--quiet", global.quiet, "No notes on stderr, only errors");
  }

  Context& context_;
  CLI::App app_{
      "Runs sagas, shows why one stands still, and moves it.\n"
      "The options below go with every verb; skald VERB --help shows a verb's own."};
  std::vector<std::pair<std::unique_ptr<Verb>, CLI::App*>> verbs_;
};

int report(Context& context, const std::exception& error, int code) {
  context.err << "skald: " << printable(error.what()) << '\n';
  return code;
}

}  // namespace

int run_command_line(const std::vector<std::string>& arguments, Context& context) {
  try {
    return CommandLine(context).run_arguments(arguments);
  } catch (const Refused& error) {
    return report(context, error, exit_code(error.code()));
  } catch (const StoreError& error) {
    return report(context, error, exit_code(error.kind()));
  } catch (const ChannelError& error) {
    return report(context, error, exit_unavailable);
  } catch (const DefinitionError& error) {
    return report(context, error, exit_usage);
  } catch (const JsonError& error) {
    return report(context, error, exit_usage);
  } catch (const Error& error) {
    return report(context, error, exit_failed);
  } catch (const Json::exception& error) {
    // Every JSON from outside was checked where it came in, so it is the store's that is broken.
    return report(context,
                  Error(std::string("the store holds JSON that cannot be read: ") + error.what() +
                        "; look at it with skald store check"),
                  exit_failed);
  } catch (const std::system_error& error) {
    return report(context, error, exit_failed);  // Threads or other things of the system's ran out.
  } catch (const std::bad_alloc&) {
    return report(context, Error("memory has run out"), exit_failed);
  }
}

}  // namespace skald::cli

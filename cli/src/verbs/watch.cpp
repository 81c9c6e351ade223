#include "verbs/watch.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <sstream>

#include "chart.hpp"
#include "context.hpp"
#include "exit_code.hpp"
#include "output/table.hpp"
#include "output/text.hpp"
#include "skald/error.hpp"
#include "skald/view.hpp"
#include "span_options.hpp"
#include "store_access.hpp"
#include "verbs/verb.hpp"
#include "waiting.hpp"

namespace skald::cli {
namespace {

constexpr std::size_t rows_max = 40;
constexpr const char* clear_screen = "\x1b[H\x1b[2J";

// On a terminal the picture is drawn anew; elsewhere every change is a block of its own.
void draw(const std::string& picture, std::string& last, Context& context) {
  if (picture == last) return;
  last = picture;
  if (context.out_is_terminal) context.out << clear_screen;
  context.out << picture << std::flush;
}

std::string why_of(const FoldedSaga& folded, Time now) {
  return why(SecretMask(*folded.definition, folded.saga), folded.saga, folded.rows, now);
}

int watch_one(const SagaId& id, Duration interval, StoreAccess& access, Context& context) {
  std::string last;
  std::uint64_t seen = 0;
  for (;;) {
    const FoldedSaga folded = access.pages().load(id);
    const Time now = context.clock.now();
    if (context.out_is_terminal || folded.saga.version != seen) {
      std::string picture;
      for (const auto& line :
           draw_chart(folded, now, Painter(context.colored()), {context.width, false})) {
        picture += line + '\n';
      }
      picture += printable(why_of(folded, now)) + '\n';
      draw(picture, last, context);
      seen = folded.saga.version;
    }
    if (is_end(folded.saga.status)) return exit_code_of_wait(folded.saga.status);
    if (context.pause(interval)) return exit_done;
  }
}

std::string picture_of(const SagaFilter& filter, StoreAccess& access, Context& context,
                       std::size_t& count) {
  Table table({{"ID", false, true}, {"TYPE"}, {"STATUS", false, true}, {"KEY"}, {"WHY"}});
  count = 0;
  access.pages().each(filter, {}, [&](const SagaSummary& summary) {
    if (++count > rows_max) return true;
    const auto loaded = access.pages().try_load(summary.id);
    const auto* folded = std::get_if<FoldedSaga>(&loaded);
    const std::string status = to_string(folded ? folded->saga.status : summary.status);
    table.add({{summary.id.to_string()},
               {summary.type},
               {status, style_of_status(status)},
               {summary.key.value_or("")},
               {folded ? why_of(*folded, context.clock.now())
                       : std::get<UnreadableSaga>(loaded).problem}});
    return true;
  });
  std::ostringstream out;
  out << fmt::format("{} under way\n", count);
  if (!table.empty()) {
    table.print(out, Painter(context.colored()), static_cast<std::size_t>(context.width));
  }
  return out.str();
}

int watch_all(SagaFilter filter, Duration interval, StoreAccess& access, Context& context) {
  if (filter.statuses.empty()) {
    filter.statuses = {Status::pending, Status::running, Status::compensating, Status::stuck};
  }
  std::string last;
  for (;;) {
    std::size_t count = 0;
    draw(picture_of(filter, access, context, count), last, context);
    if (count == 0 || context.pause(interval)) return exit_done;
  }
}

}  // namespace

void add_to(CLI::App& app, WatchOptions& options) {
  CLI::App& verb = add_verb(
      app, "watch", "A live view of one saga, or of all under way, until the end", "watch 0192f3");
  verb.add_option("id", options.id, "Saga id, or its beginning (all under way)")->type_name("ID");
  add_to(verb, options.filter);
  verb.add_option("--interval", options.interval, "Look this often")->type_name("DURATION");
}

int run(const WatchOptions& options, Context& context) {
  const auto interval = parse_span(options.interval);
  if (!interval || *interval < Duration(10)) {
    throw Refused(Refused::Code::invalid, "--interval: give a duration of at least 10ms");
  }
  const SagaFilter filter = options.filter.filter(context.clock.now());
  StoreAccess access(context);
  if (options.id.empty()) return watch_all(filter, *interval, access, context);
  if (!filter.empty()) {
    throw Refused(Refused::Code::invalid, "give an id or a filter, not both");
  }
  return watch_one(access.pages().resolve(options.id), *interval, access, context);
}

}  // namespace skald::cli

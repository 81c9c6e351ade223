#include "verbs/timeline.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <ostream>

#include "attempts.hpp"
#include "chart.hpp"
#include "context.hpp"
#include "exit_code.hpp"
#include "skald/secret_mask.hpp"
#include "store_access.hpp"
#include "text_options.hpp"
#include "verbs/verb.hpp"

namespace skald::cli {
namespace {

const char* name_of(Span::Kind kind) {
  switch (kind) {
    case Span::Kind::attempt: return "attempt";
    case Span::Kind::backoff: return "backoff";
    case Span::Kind::stuck: return "stuck";
    case Span::Kind::paused: return "paused";
    case Span::Kind::sleep: return "sleep";
    case Span::Kind::signal: return "signal";
    case Span::Kind::child: return "child";
    case Span::Kind::lock: return "lock";
    case Span::Kind::held: return "held";
    case Span::Kind::carried: return "carried";
    case Span::Kind::decided: return "decided";
  }
  return "";
}

const char* name_of(Span::End end) {
  switch (end) {
    case Span::End::open: return "open";
    case Span::End::succeeded: return "succeeded";
    case Span::End::rejected: return "rejected";
    case Span::End::failed: return "failed";
    case Span::End::unanswered: return "unanswered";
    case Span::End::waited: return "waited";
    case Span::End::withdrawn: return "withdrawn";
  }
  return "";
}

Json span_json(const SecretMask& mask, const Span& span) {
  const Definition& definition = mask.definition();
  const bool has_step = span.attempt.step < definition.steps.size();
  const bool child = span.kind == Span::Kind::child;
  const bool lock = span.kind == Span::Kind::lock;
  return {{"kind", name_of(span.kind)},
          {"step", has_step ? Json(definition.steps[span.attempt.step].name) : Json()},
          {"direction", to_string(span.attempt.direction)},
          {"attempt", span.attempt.attempt},
          {"begin", format_time(span.begin)},
          {"end", span.end ? Json(format_time(*span.end)) : Json()},
          {"outcome", name_of(span.ended)},
          {"child", child ? Json(span.error.message) : Json()},
          {"lock", lock ? Json(mask.lock(span.error.message)) : Json()},
          {"error_code", span.error.code.empty() ? Json() : Json(mask.text(span.error.code))}};
}

}  // namespace

void add_to(CLI::App& app, TimelineOptions& options) {
  CLI::App& verb =
      add_verb(app, "timeline", "A saga's attempts and waits as a chart", "timeline 0192f3");
  add_saga_argument(verb, options.id);
  verb.add_option("--width", options.width, "Columns (the terminal's, or 100)")
      ->type_name("N")
      ->check(valid_count(40, 500));
  verb.add_flag("--ascii", options.ascii, "Draw with ASCII characters only");
  add_to(verb, options.format, {"table", "json"});
}

int run(const TimelineOptions& options, Context& context) {
  StoreAccess access(context);
  const FoldedSaga folded = access.pages().load(access.pages().resolve(options.id));
  const Format format = options.format.format();
  if (format == Format::json) {
    const SecretMask mask(*folded.definition, folded.saga);
    Json spans = Json::array();
    for (const Span& span : spans_of(*folded.definition, folded.rows)) {
      spans.push_back(span_json(mask, span));
    }
    print_json(context.out, format,
               {{"id", folded.saga.id.to_string()},
                {"type", folded.saga.type},
                {"status", to_string(folded.saga.status)},
                {"spans", spans}});
    return exit_done;
  }
  const ChartOptions chart{options.width > 0 ? options.width : context.width, options.ascii};
  for (const auto& line :
       draw_chart(folded, context.clock.now(), Painter(context.colored()), chart)) {
    context.out << line << '\n';
  }
  return exit_done;
}

}  // namespace skald::cli

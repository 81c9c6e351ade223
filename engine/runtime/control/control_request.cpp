#include "control/control_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "skald/text.hpp"

namespace skald {
namespace {

using Code = Refused::Code;

// Whatever it holds, on one line of a message.
std::string shown(const std::string& text) {
  return escape_controls(clean_text(text, name_bytes_max));
}

// A request's fields; every one that is read is noted, so that the rest can be refused.
class Fields {
 public:
  explicit Fields(const Json& request) : request_(request) {
    if (!request.is_object()) throw Refused(Code::invalid, "a request must be a JSON object");
  }

  std::optional<std::string> text(const char* name) {
    const Json* value = find(name);
    if (!value) return std::nullopt;
    if (!value->is_string()) fail(name, "must be a string");
    return value->get<std::string>();
  }

  std::string required_text(const char* name) {
    auto value = text(name);
    if (!value || value->empty()) fail(name, "is required");
    return *std::move(value);
  }

  // A key, a signal, a step: anything but what name_problem() refuses.
  std::optional<std::string> name(const char* field) {
    auto value = text(field);
    if (value) check_name(field, *value);
    return value;
  }

  std::string required_name(const char* field) {
    std::string value = required_text(field);
    check_name(field, value);
    return value;
  }

  // Empty when it is absent or empty.
  std::string name_or_empty(const char* field) {
    auto value = text(field);
    if (value && !value->empty()) check_name(field, *value);
    return std::move(value).value_or("");
  }

  std::optional<std::uint32_t> number(const char* name) {
    const Json* value = find(name);
    if (!value) return std::nullopt;
    // A number that C++ code put in may be signed; one that was parsed is not.
    const bool fits = value->is_number_integer() && *value >= 0 && *value <= UINT32_MAX;
    if (!fits) fail(name, "must be a whole number, 0 or more");
    return value->get<std::uint32_t>();
  }

  std::uint32_t required_number(const char* name) {
    const auto value = number(name);
    if (!value) fail(name, "is required");
    return *value;
  }

  bool flag(const char* name) {
    const Json* value = find(name);
    if (!value) return false;
    if (!value->is_boolean()) fail(name, "must be true or false");
    return value->get<bool>();
  }

  std::optional<JsonText> json(const char* name) {
    const Json* value = find(name);
    if (!value) return std::nullopt;
    try {
      return JsonText::of(*value);
    } catch (const JsonError& error) {
      throw Refused(Code::invalid, fmt::format("{}: {}", name, error.what()));
    }
  }

  const Json* find(const char* name) {
    known_.emplace_back(name);
    const auto found = request_.find(name);
    return found == request_.end() || found->is_null() ? nullptr : &*found;
  }

  SagaId saga() {
    const std::string text = required_text("id");
    const auto id = SagaId::parse(text);
    if (!id) fail("id", "must be a saga's full id of 36 characters");
    return *id;
  }

  // A reason is free text: what is no UTF-8 in it is replaced, and it is cut where it is too long.
  Requester requester() { return {name_or_empty("by"), clean_text(text("reason").value_or(""))}; }

  void refuse_unknown() const {
    for (const auto& [name, value] : request_.items()) {
      if (std::find(known_.begin(), known_.end(), name) == known_.end()) {
        throw Refused(Code::invalid, fmt::format("{}: unknown field", shown(name)));
      }
    }
  }

  static void check_name(const char* field, const std::string& value) {
    if (const auto problem = name_problem(value)) {
      fail(field, (*problem + "; give 1 to 255 bytes of UTF-8 without NUL").c_str());
    }
  }

  [[noreturn]] static void fail(const char* name, const char* mend) {
    throw Refused(Code::invalid, fmt::format("{}: {}", name, mend));
  }

 private:
  const Json& request_;
  std::vector<std::string> known_;
};

SkipRequested::As parse_as(const std::optional<std::string>& text) {
  using As = SkipRequested::As;
  if (!text) return As::skipped;
  if (*text == "succeeded") return As::succeeded;
  if (*text == "rejected") return As::rejected;
  if (*text == "compensated") return As::compensated;
  Fields::fail("as", "must be succeeded, rejected or compensated");
}

DefinitionPtr parse_given_definition(const Json& document) {
  return std::make_shared<const Definition>(make_definition(document));
}

ParsedRequest parse_start(Fields& fields) {
  ParsedRequest parsed;
  StartArrival start;
  if (const Json* document = fields.find("definition")) {
    parsed.define_first = parse_given_definition(*document);
    start.type = parsed.define_first->type;
    start.version = parsed.define_first->version;
    (void)fields.text("type");
    (void)fields.number("version");
  } else {
    start.type = fields.required_name("type");
    start.version = fields.number("version");
  }
  start.key = fields.name("key");
  start.input = fields.json("input").value_or(JsonText{});
  if (const auto delay = fields.text("delay")) {
    start.delay = parse_duration(*delay);
    if (!start.delay) Fields::fail("delay", "must be a duration such as \"10m\"");
  }
  if (const auto at = fields.text("not_before")) {
    start.not_before = parse_time(*at);
    if (!start.not_before) Fields::fail("not_before", "must be a time of RFC 3339");
  }
  if (const auto priority = fields.number("priority")) {
    if (*priority > priority_max) Fields::fail("priority", "must be 0 to 9");
    start.priority = static_cast<std::uint8_t>(*priority);
  }
  start.requester = fields.requester();
  parsed.request = std::move(start);
  return parsed;
}

ReplayArrival parse_replay(Fields& fields) {
  ReplayArrival replay;
  replay.saga = fields.saga();
  replay.from_step = fields.name("from_step").value_or("");
  replay.input_patch = fields.json("input_patch");
  replay.version = fields.number("definition");
  replay.force = fields.flag("force");
  replay.requester = fields.requester();
  return replay;
}

PurgeArrival parse_purge(Fields& fields) {
  constexpr std::uint32_t sagas_max = 1'000;  // One transaction must not hold the engine up.
  PurgeArrival purge;
  const auto ended_before = parse_time(fields.required_text("ended_before"));
  if (!ended_before) Fields::fail("ended_before", "must be a time of RFC 3339");
  purge.slice.ended_before = *ended_before;
  if (const auto after = fields.text("after")) {
    const auto id = SagaId::parse(*after);
    if (!id) Fields::fail("after", "must be a saga's full id of 36 characters");
    purge.slice.after = *id;
  }
  if (const auto limit = fields.number("limit")) {
    if (*limit < 1 || *limit > sagas_max) Fields::fail("limit", "must be 1 to 1000");
    purge.slice.sagas_max = *limit;
  }
  return purge;
}

ReleaseSpaceArrival parse_release_space(Fields& fields) {
  constexpr std::uint32_t bytes_max = 64 * 1024 * 1024;
  const std::uint32_t bytes = fields.number("bytes").value_or(1024 * 1024);
  if (bytes < 1 || bytes > bytes_max) Fields::fail("bytes", "must be 1 to 67108864");
  return {bytes, {}};
}

BackupRequest parse_backup(Fields& fields) {
  BackupRequest backup;
  backup.job = fields.number("job");
  backup.timeout = Duration{fields.number("timeout_ms").value_or(0)};
  backup.stop = fields.flag("stop");
  backup.file = fields.text("file").value_or("");
  if (!is_utf8(backup.file) || backup.file.find('\0') != std::string::npos) {
    Fields::fail("file", "must be a path in UTF-8 without NUL");
  }
  if (backup.job) {
    if (!backup.file.empty()) Fields::fail("file", "must be absent with a job");
    return backup;
  }
  if (backup.stop) Fields::fail("stop", "needs a job");
  if (!std::filesystem::path(backup.file).is_absolute()) {
    Fields::fail("file", "must be an absolute path");
  }
  return backup;
}

RequestArrival parse_saga_request(const std::string& verb, Fields& fields) {
  RequestArrival arrival;
  arrival.saga = fields.saga();
  const Requester requester = fields.requester();
  if (verb == "resume") {
    arrival.step = fields.name("step").value_or("");
    arrival.input = ResumeRequested{requester, no_step, fields.json("input_patch")};
  } else if (verb == "retry") {
    arrival.step = fields.name("step").value_or("");
    arrival.input = RetryRequested{requester, no_step};
  } else if (verb == "skip") {
    arrival.step = fields.required_name("step");
    arrival.input =
        SkipRequested{requester, no_step, parse_as(fields.text("as")), fields.json("output")};
  } else if (verb == "cancel") {
    arrival.input = CancelRequested{requester};
  } else if (verb == "pause") {
    arrival.input = PauseRequested{requester};
  } else if (verb == "signal") {
    SignalReceived signal{fields.required_name("name"), {}, requester};
    signal.data = fields.json("data").value_or(JsonText{});
    signal.id = fields.name("signal_id");
    arrival.input = std::move(signal);
  } else {
    arrival.input = AbandonRequested{requester};
  }
  return arrival;
}

SetBreakerArrival parse_set_breaker(Fields& fields) {
  SetBreakerArrival arrival;
  arrival.participant = fields.required_name("participant");
  const std::string phase = fields.required_text("breaker");
  if (phase != "closed" && phase != "open") {
    Fields::fail("breaker", "must be \"closed\" or \"open\"");
  }
  arrival.order.phase = phase == "open" ? BreakerPhase::open : BreakerPhase::closed;
  if (const auto ms = fields.number("for_ms")) {
    if (*ms == 0) Fields::fail("for_ms", "must be 1 or more");
    arrival.lasting = Duration{*ms};
  }
  Requester requester = fields.requester();
  arrival.order.by = std::move(requester.by);
  arrival.order.reason = std::move(requester.reason);
  return arrival;
}

}  // namespace

ParsedRequest parse_control_request(const Json& request) {
  Fields fields{request};
  const std::string verb = fields.required_text("verb");
  ParsedRequest parsed;
  constexpr std::string_view saga_verbs[] = {"resume", "retry",   "skip",  "cancel",
                                             "pause",  "abandon", "signal"};
  if (verb == "start") {
    parsed = parse_start(fields);
  } else if (std::find(std::begin(saga_verbs), std::end(saga_verbs), verb) !=
             std::end(saga_verbs)) {
    parsed.request = parse_saga_request(verb, fields);
  } else if (verb == "replay") {
    parsed.request = parse_replay(fields);
  } else if (verb == "definition") {
    const Json* document = fields.find("definition");
    if (!document) Fields::fail("definition", "is required");
    parsed.request = DefineArrival{parse_given_definition(*document), {}};
  } else if (verb == "drop_definition") {
    const std::string type = fields.required_name("type");
    parsed.request = DropDefinitionArrival{type, fields.required_number("version"), {}};
  } else if (verb == "quarantine_drop") {
    parsed.request = DropQuarantinedArrival{fields.required_number("number"), {}};
  } else if (verb == "quarantine_requeue") {
    const std::uint32_t number = fields.required_number("number");
    parsed.request = RequeueQuarantinedArrival{number, fields.requester(), {}};
  } else if (verb == "purge") {
    parsed.request = parse_purge(fields);
  } else if (verb == "release_space") {
    parsed.request = parse_release_space(fields);
  } else if (verb == "wait") {
    WaitRequest wait;
    wait.saga = fields.saga();
    wait.timeout = Duration{fields.number("timeout_ms").value_or(0)};
    parsed.request = wait;
  } else if (verb == "backup") {
    parsed.request = parse_backup(fields);
  } else if (verb == "participants") {
    parsed.request = ParticipantsArrival{};
  } else if (verb == "set_breaker") {
    parsed.request = parse_set_breaker(fields);
  } else if (verb == "info") {
    parsed.request = InfoRequest{};
  } else {
    throw Refused(Code::invalid, fmt::format("verb: unknown request {}", shown(verb)));
  }
  (void)fields.requester();
  fields.refuse_unknown();
  return parsed;
}

Json refusal_json(const Refusal& refusal) {
  return {{"ok", false},
          {"error", {{"code", to_string(refusal.code)}, {"message", refusal.message}}}};
}

}  // namespace skald

#include "store_access.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "output/text.hpp"
#include "skald/channel.hpp"
#include "skald/control_client.hpp"
#include "skald/orchestrator.hpp"
#include "skald/sqlite_reader.hpp"
#include "skald/sqlite_store.hpp"
#include "skald/text.hpp"
#include "skald/wire.hpp"

namespace skald::cli {
namespace {

constexpr Duration connect_timeout{5'000};
constexpr Duration answer_timeout{30'000};
// An engine that starts waits 10 s for a momentary owner, so none may stay longer than this.
constexpr Duration moment_max{2'000};
// How long an owner may take from its lock to its socket before it counts as out of reach.
constexpr int retries_max = 20;
constexpr Duration retry_pause{100};

constexpr std::pair<const char*, Refused::Code> codes[] = {
    {"INVALID", Refused::Code::invalid},         {"NOT_FOUND", Refused::Code::not_found},
    {"WRONG_STATE", Refused::Code::wrong_state}, {"KEY_CONFLICT", Refused::Code::key_conflict},
    {"UNAVAILABLE", Refused::Code::unavailable},
};

Duration answer_timeout_of(const Json& request) {
  return answer_timeout + Duration(request.value("timeout_ms", 0LL));
}

std::optional<ControlClient> connect(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::nullopt;
  return ControlClient::connect(path, connect_timeout);
}

// On its way to an engine a text that is no UTF-8, such as a file's name may be, would be another.
std::optional<std::string> field_that_is_no_utf8(const Json& request) {
  for (const auto& [name, value] : request.items()) {
    if (value.is_string() && !is_utf8(value.get_ref<const std::string&>())) return name;
  }
  return std::nullopt;
}

Json ask(ControlClient& engine, const Json& request) {
  if (const auto field = field_that_is_no_utf8(request)) {
    return refused_answer(
        Refused::Code::invalid,
        fmt::format("{}: it is not valid UTF-8; an engine takes no other text", *field));
  }
  try {
    // An answer may list what many definitions state; a frame holds no more than this.
    constexpr JsonLimits answer_limits{JsonLimits{}.depth, 4UL * 1024 * 1024};
    return parse_json(engine.request(dump_json(request), answer_timeout_of(request)),
                      answer_limits);
  } catch (const StoreError& error) {
    // Not asked again: it may have been carried out before the connection broke.
    Json answer = refused_answer(
        Refused::Code::unavailable,
        fmt::format("{}; it may have been done: look with skald show", error.what()));
    answer["error"]["uncertain"] = true;
    return answer;
  }
}

bool worth_asking_again(const Json& answer) {
  return !answer.value("ok", false) && refusal_code(answer) == Refused::Code::unavailable &&
         !answer.at("error").contains("uncertain");
}

SqliteOptions momentary_owner() {
  SqliteOptions options;
  options.momentary = true;
  options.wait_for_momentary_owner = 2 * moment_max;
  return options;
}

}  // namespace

// Sends nothing, and can read what the AMQP channel of this store's engine put into quarantine.
class RepairChannel final : public NullChannel {
 public:
  explicit RepairChannel(std::string engine_id) : engine_id_(std::move(engine_id)) {}
  [[nodiscard]] Reconsidered reconsider(const QuarantinedMessage& message) const override {
    return reconsider_message(message, engine_id_);
  }

 private:
  std::string engine_id_;
};

// The time during which this process owns the store.
class StoreAccess::Moment {
 public:
  Moment(const std::string& path, const Context& context)
      : begin_(context.clock.now()),
        store_(path, momentary_owner()),
        channel_(store_.engine_id()),
        orchestrator_(store_, channel_, options(context)) {
    for (const auto& caution : store_.cautions()) context.note("skald: " + caution);
  }

  [[nodiscard]] Json handle(const Json& request) { return orchestrator_.handle(request); }
  [[nodiscard]] Time begin() const { return begin_; }

 private:
  static OrchestratorOptions options(const Context& context) {
    OrchestratorOptions options;
    options.mode = Mode::momentary;
    options.clock = &context.clock;
    options.control_socket = false;
    options.log = [&context](LogLevel level, std::string_view text) {
      if (level >= LogLevel::warning) context.err << "skald: " << printable(text) << '\n';
    };
    return options;
  }

  Time begin_;
  SqliteStore store_;
  RepairChannel channel_;
  Orchestrator orchestrator_;
};

StoreAccess::StoreAccess(const Context& context) : context_(context), path_(context.store_path()) {}

StoreAccess::~StoreAccess() = default;

// What this user may not look at may be there: who opens it says which right is missing.
bool StoreAccess::exists() const {
  std::error_code unknown;
  return std::filesystem::status(path_, unknown).type() != std::filesystem::file_type::not_found;
}

void StoreAccess::require_exists() const {
  if (exists()) return;
  throw Refused(Refused::Code::not_found, fmt::format("there is no store at {}", path_));
}

StoreReader& StoreAccess::reader() {
  if (!reader_) {
    require_exists();
    reader_ = std::make_unique<SqliteReader>(path_);
  }
  return *reader_;
}

SagaPages& StoreAccess::pages() {
  if (!pages_) pages_ = std::make_unique<SagaPages>(reader());
  return *pages_;
}

bool StoreAccess::engine_running() const { return connect(path_).has_value(); }

void StoreAccess::release() { moment_.reset(); }

Json StoreAccess::request(const Json& request) {
  return retried([&] { return attempt(request); });
}

Json StoreAccess::retried(const std::function<Json()>& once) const {
  for (int tries = 0;; ++tries) {
    Json answer;
    try {
      answer = once();
    } catch (const StoreError& error) {
      if (error.kind() != StoreError::Kind::locked) throw;
      answer = refused_answer(Refused::Code::unavailable, error.what());
    }
    // An engine may be between its lock and its socket, or on its way out: ask again.
    if (!worth_asking_again(answer) || tries == retries_max || context_.pause(retry_pause)) {
      return answer;
    }
  }
}

Json StoreAccess::attempt(const Json& request) {
  if (moment_ && context_.clock.now() - moment_->begin() > moment_max) moment_.reset();
  if (moment_) return moment_->handle(request);
  if (auto engine = connect(path_)) return ask(*engine, request);
  moment_ = std::make_unique<Moment>(path_, context_);
  return moment_->handle(request);
}

Json StoreAccess::request_of_engine(const Json& request) {
  if (auto engine = connect(path_)) return ask(*engine, request);
  return refused_answer(
      Refused::Code::unavailable,
      fmt::format("no engine runs on {}; start the program that runs it: the service "
                  "that embeds it, or skald run",
                  path_));
}

Json refused_answer(Refused::Code code, const std::string& message) {
  return {{"ok", false}, {"error", {{"code", to_string(code)}, {"message", message}}}};
}

Refused::Code refusal_code(const Json& answer) {
  const std::string name = answer.at("error").value("code", "");
  for (const auto& [text, code] : codes) {
    if (name == text) return code;
  }
  return Refused::Code::unavailable;
}

void throw_if_refused(const Json& answer) {
  if (answer.value("ok", false)) return;
  throw Refused(refusal_code(answer), answer.at("error").value("message", "the request failed"));
}

}  // namespace skald::cli

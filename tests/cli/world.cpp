#include "world.hpp"

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <unistd.h>
#include <csignal>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "app.hpp"
#include "skald/sqlite_reader.hpp"
#include "skald/view.hpp"

namespace skald::cli_test {

const char* const order_definition = R"({
  "saga": "order", "version": 1, "description": "An order", "secrets": ["/input/card"],
  "defaults": {"timeout": "5s", "retry": {"max_attempts": 3, "initial_delay": "1h",
    "max_delay": "1h", "multiplier": 1, "jitter": "none"}},
  "steps": [
    {"name": "reserve", "participant": "inventory", "action": "reserve", "compensation": "release"},
    {"name": "charge", "participant": "payment", "action": "charge", "compensation": "refund"},
    {"name": "ship", "participant": "shipping", "action": "ship", "kind": "pivot"},
    {"name": "notify", "participant": "mail", "action": "send", "kind": "retriable",
     "on_failure": "skip"}]})";

namespace {

Outcome answer(const HandlerCall& call) {
  const Json outcomes = call.input().value("outcomes", Json::object());
  const std::string kind = outcomes.value(call.action(), "success");
  const std::string code = "NO_" + call.action();
  if (kind == "rejected") return Outcome::rejected(code, call.action() + " was refused");
  if (kind == "failed") return Outcome::failed(code, "try later");
  return Outcome::success({{"done", call.action()}});
}

bool rests(const Saga& saga) {
  if (is_end(saga.status) || saga.status == Status::stuck) return true;
  for (const StepState& step : saga.steps) {
    if (step.of(Direction::action).retry_at || step.of(Direction::compensate).retry_at) return true;
  }
  return false;
}

}  // namespace

Json Result::json() const {
  Json value = Json::parse(out, nullptr, false);
  REQUIRE_MESSAGE(!value.is_discarded(), "no JSON: ", out, err);
  return value;
}

std::vector<std::string> Result::lines() const {
  std::vector<std::string> lines;
  std::istringstream text(out);
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

bool Result::says(const std::string& text) const { return out.find(text) != std::string::npos; }
bool Result::warns(const std::string& text) const { return err.find(text) != std::string::npos; }

Engine::Engine(const std::string& path) : store_(path) {
  for (const auto& [participant, actions] :
       std::map<std::string, std::vector<std::string>>{{"inventory", {"reserve", "release"}},
                                                       {"payment", {"charge", "refund"}},
                                                       {"shipping", {"ship"}},
                                                       {"mail", {"send"}}}) {
    for (const auto& action : actions) channel_.handle(participant, action, answer);
  }
  OrchestratorOptions options;
  options.log = [](LogLevel, std::string_view) {};
  orchestrator_ = std::make_unique<Orchestrator>(store_, channel_, options);
  orchestrator_->define(parse_definition(order_definition));
}

std::string Engine::start(const Json& input, const std::string& key) {
  skald::StartOptions options;
  if (!key.empty()) options.key = key;
  const SagaId id = orchestrator_->start("order", input, options).id;
  while (!rests(orchestrator_->saga(id))) {
    (void)orchestrator_->wait(id, Duration(5));
  }
  return id.to_string();
}

World::World() {
  std::string pattern = (std::filesystem::temp_directory_path() / "skald-cli-XXXXXX").string();
  REQUIRE(mkdtemp(pattern.data()) != nullptr);
  folder_ = pattern;
}

World::~World() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Result World::bare(const std::vector<std::string>& arguments, const std::string& input) {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  const SystemClock clock;
  int pauses = 0;
  cli::Context context{.in = in,
                       .out = out,
                       .err = err,
                       .clock = clock,
                       .environment = environment,
                       .in_is_terminal = terminal,
                       .out_is_terminal = terminal,
                       .width = 100,
                       .login_name = "login",
                       .pause =
                           [&](Duration) {
                             sigset_t held;
                             pthread_sigmask(SIG_BLOCK, nullptr, &held);
                             held_signals = sigismember(&held, SIGINT) == 1;
                             return ++pauses > pauses_until_stop;
                           },
                       .global = {}};
  Result result;
  result.code = cli::run_command_line(arguments, context);
  result.out = out.str();
  result.err = err.str();
  return result;
}

Result World::skald(std::vector<std::string> arguments, const std::string& input) {
  arguments.insert(arguments.begin(), {"--store", store()});
  return bare(arguments, input);
}

std::string World::order(const Json& outcomes, const std::string& key) {
  Engine engine(store());
  return engine.start({{"outcomes", outcomes.is_null() ? Json::object() : outcomes}}, key);
}

void World::quarantine(std::vector<QuarantinedMessage> messages) {
  SqliteStore store(this->store());
  Batch batch;
  batch.quarantined = std::move(messages);
  for (QuarantinedMessage& message : batch.quarantined) {
    message.at = Time{Duration(1'800'000'000'000)};
    message.channel = "amqp";
  }
  (void)store.commit(batch);
}

std::string World::write(const std::string& name, const std::string& text) {
  std::ofstream(folder_ / name, std::ios::binary) << text;
  return folder_ / name;
}

Json World::show(const std::string& id) {
  const Result result = skald({"show", id, "-o", "json"});
  REQUIRE_MESSAGE(result.code == 0, result.err);
  return result.json();
}

void execute(const World& world, const std::string& sql) {
  sqlite3* file = nullptr;
  REQUIRE(sqlite3_open(world.store().c_str(), &file) == SQLITE_OK);
  char* error = nullptr;
  const int code = sqlite3_exec(file, sql.c_str(), nullptr, nullptr, &error);
  CHECK_MESSAGE(code == SQLITE_OK, (error != nullptr ? error : ""));
  sqlite3_free(error);
  sqlite3_close(file);
}

}  // namespace skald::cli_test

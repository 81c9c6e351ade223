// A definition from a JSON file, a business key, a retry, and a result.
//
//   transfer DEFINITION STORE
//
// Run it twice on the same store: the second start finds the key taken by a saga with the same
// input and answers with that one, so the money moves once.
#include <fmt/format.h>

#include <chrono>
#include <exception>
#include <nlohmann/json.hpp>
#include <string>

#include "skald/definition.hpp"
#include "skald/in_process_channel.hpp"
#include "skald/orchestrator.hpp"
#include "skald/sqlite_store.hpp"

using skald::HandlerCall;
using skald::Json;
using skald::Outcome;
using namespace std::chrono_literals;

namespace {

Outcome withdraw(const HandlerCall& call) {
  fmt::print("withdraw {} from {}\n", call.input().at("amount").dump(),
             call.input().at("account").dump());
  return Outcome::success();
}

// Fails once, as networks do. The definition says that it is tried again, so nobody here has to.
Outcome deposit(const HandlerCall& call) {
  if (call.attempt() == 1) {
    fmt::print("the other bank is busy\n");
    return Outcome::failed("BUSY", "the other bank does not answer");
  }
  fmt::print("deposit {} to {}\n", call.input().at("amount").dump(),
             call.input().at("account").dump());
  return Outcome::success(Json{{"receipt", "R-" + call.key().value_or("none")}});
}

int run(const std::string& definition, const std::string& store_file) {
  skald::SqliteStore store{store_file};
  skald::InProcessChannel channel;
  channel.handle("bank", "withdraw", withdraw);
  channel.handle("bank", "put-back", [](const HandlerCall&) { return Outcome::success(); });
  channel.handle("bank", "deposit", deposit);
  skald::Orchestrator transfers{store, channel};
  transfers.define(skald::load_definition(definition));

  const Json input = {{"from", "alice"}, {"to", "bob"}, {"amount", 25}};
  const auto started = transfers.start("transfer", input, {.key = "transfer-7"});
  fmt::print("{} saga {}\n", started.created ? "started" : "found", started.id.to_string());
  const auto result = transfers.wait(started, 30s);
  if (!result) {
    fmt::print("not done yet; it goes on at the next run\n");
    return 1;
  }
  fmt::print("{}: {}\n", skald::to_string(result->status), result->output.text());
  return result->status == skald::Status::completed ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc > 1 ? argv[1] : "transfer.json", argc > 2 ? argv[2] : "transfers.db");
  } catch (const skald::Error& error) {
    fmt::print(stderr, "transfer: {}\n", error.what());
    return 1;
  }
}

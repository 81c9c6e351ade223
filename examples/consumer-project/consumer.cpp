// The least that shows that headers, libraries and their dependencies are found: one saga of one
// step.
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "skald/definition_builder.hpp"
#include "skald/in_process_channel.hpp"
#include "skald/orchestrator.hpp"
#include "skald/sqlite_store.hpp"

int main(int argc, char** argv) {
  skald::SqliteStore store{argc > 1 ? argv[1] : "consumer.db"};
  skald::InProcessChannel channel;
  channel.handle("greeter", "greet", [](const skald::HandlerCall& call) {
    return skald::Outcome::success("hello, " + call.input().value("name", "nobody"));
  });
  skald::Orchestrator sagas{store, channel};
  sagas.define(skald::DefinitionBuilder("greeting", 1)
                   .output({{"$from", "/steps/greet/output"}})
                   .step("greet")
                   .participant("greeter")
                   .action("greet")
                   .no_compensation()
                   .build());
  const auto id = sagas.start("greeting", skald::Json{{"name", "skald"}});
  const auto result = sagas.wait(id, std::chrono::seconds{10});
  if (!result || result->status != skald::Status::completed) {
    std::puts("the saga did not complete");
    return 1;
  }
  std::puts(result->output.text().c_str());
}

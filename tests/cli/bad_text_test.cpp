#include <doctest/doctest.h>

#include <algorithm>

#include "skald/text.hpp"
#include "world.hpp"

using namespace skald;
using namespace skald::cli_test;

namespace {

const std::string not_utf8 = "caf\xe9";

// One line on stderr that names the option and can be shown anywhere, and nothing on stdout.
void refused_for(const Result& result, const std::string& option) {
  CHECK_MESSAGE(result.code == 2, result.err);
  CHECK(result.out.empty());
  CHECK_MESSAGE(result.warns(option), result.err);
  CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
  CHECK(is_utf8(result.err));
  CHECK(result.err.find('\x1b') == std::string::npos);
}

std::string answer_code(const Json& answer) {
  return answer.value("ok", false) ? "" : answer.at("error").at("code").get<std::string>();
}

}  // namespace

TEST_CASE("a key that is no name is a usage error, and nothing is stored") {
  World world;
  (void)world.completed();
  for (const std::string& key : {not_utf8, std::string(), std::string(256, 'k')}) {
    refused_for(world.skald({"start", "order", "--input", "{}", "--key", key}), "--key");
  }
  CHECK(world.skald({"count"}).out == "1\n");
  CHECK(world.skald({"start", "order", "--input", "{}", "--key", std::string(255, 'k')}).code == 0);
}

TEST_CASE("every option that takes text refuses what is no UTF-8, and says which it is") {
  World world;
  const auto id = world.stuck();
  refused_for(world.skald({"start", not_utf8, "--input", "{}"}), "TYPE");
  refused_for(world.skald({"start", "order", "--input", "{\"a\":\"" + not_utf8 + "\"}"}),
              "--input");
  refused_for(world.skald({"signal", id, not_utf8}), "name");
  refused_for(world.skald({"signal", id, "go", "--data", "\"" + not_utf8 + "\""}), "--data");
  refused_for(world.skald({"skip", id, "--step", not_utf8}), "--step");
  refused_for(world.skald({"resume", id, "--step", not_utf8}), "--step");
  refused_for(world.skald({"retry", id, "--step", not_utf8}), "--step");
  refused_for(world.skald({"replay", id, "--from-step", not_utf8}), "--from-step");
  refused_for(world.skald({"definition", "show", not_utf8}), "type");
  refused_for(world.skald({"definition", "drop", not_utf8, "--version", "1"}), "type");
  refused_for(world.skald({"quarantine", "list", "--saga", not_utf8}), "--saga");
  refused_for(world.skald({"quarantine", "list", "--reason", not_utf8}), "--reason");
  for (const char* option : {"--status", "--type", "--key", "--step", "--error-code", "--where"}) {
    refused_for(world.skald({"list", option, not_utf8}), option);
    refused_for(world.skald({"abandon", option, "", "--yes"}), option);
  }
  CHECK(world.show(id)["status"] == "stuck");
}

TEST_CASE("an operator's name that is no name is a usage error before anything is done") {
  World world;
  const auto id = world.stuck();
  for (const std::string& name : {not_utf8, std::string(256, 'n')}) {
    world.environment["SKALD_OPERATOR"] = name;
    refused_for(world.skald({"abandon", id}), "$SKALD_OPERATOR");
  }
  CHECK(world.show(id)["status"] == "stuck");
}

TEST_CASE("a reason is free text: it is cleaned, not refused") {
  World world;
  const auto id = world.stuck();
  CHECK(world.skald({"abandon", id, "--reason", not_utf8 + " " + std::string(9'000, 'r')}).code ==
        0);
  const Json rows = world.skald({"history", id, "-o", "json"}).json();
  const auto reason = rows.back().at("events").back().at("reason").get<std::string>();
  CHECK(reason.starts_with("caf\xEF\xBF\xBD r"));
  CHECK(reason.size() <= free_text_bytes_max);
}

TEST_CASE("usage errors repeat no control characters of the command line") {
  World world;
  (void)world.completed();
  refused_for(world.bare({"fly\x1b[2J"}), "fly\\x1b[2J");
  refused_for(world.bare({"fly" + not_utf8}), "fly");
  refused_for(world.skald({"list", "-o", "\x1b[2Jxml"}), "\\x1b[2Jxml");
  refused_for(world.skald({"list", "--limit", "\x1b]0;x\a"}), "limit");
  refused_for(world.skald({"show", "\x1b[2J" + not_utf8}), "\\x1b[2J");
  refused_for(world.skald({"resume", "0", "--rate", "5\x1b/s"}), "--rate");
  refused_for(world.skald({"list", "--older-than", "\x1b[2J" + not_utf8}), "--older-than");
}

TEST_CASE("control requests are refused as invalid for a text that can be no name") {
  World world;
  Engine engine(world.store());
  const std::string id =
      engine.start({{"outcomes", {{"ship", "rejected"}, {"refund", "rejected"}}}});
  const std::string nul("a\0b", 3);
  for (const std::string& text : {not_utf8, nul, std::string(256, 't')}) {
    for (const auto& [field, request] : std::vector<std::pair<std::string, Json>>{
             {"key", {{"verb", "start"}, {"type", "order"}, {"input", 1}, {"key", text}}},
             {"type", {{"verb", "start"}, {"type", text}, {"input", 1}}},
             {"by", {{"verb", "pause"}, {"id", id}, {"by", text}}},
             {"name", {{"verb", "signal"}, {"id", id}, {"name", text}}},
             {"step", {{"verb", "resume"}, {"id", id}, {"step", text}}},
             {"step", {{"verb", "skip"}, {"id", id}, {"step", text}}},
             {"from_step", {{"verb", "replay"}, {"id", id}, {"from_step", text}}},
             {"type", {{"verb", "drop_definition"}, {"type", text}, {"version", 1}}}}) {
      const Json answer = engine.orchestrator().handle(request);
      CHECK_MESSAGE(answer_code(answer) == "INVALID", field);
      const auto message = answer.at("error").at("message").get<std::string>();
      CHECK_MESSAGE(message.starts_with(field + ": "), message);
    }
  }
  const Json broken{{"verb", "start"}, {"type", "order"}, {"input", {{"a", not_utf8}}}};
  CHECK(answer_code(engine.orchestrator().handle(broken)) == "INVALID");
  const Json unknown{{"verb", "info"}, {"x\x1b\xff", 1}};
  const Json answer = engine.orchestrator().handle(unknown);
  CHECK(is_utf8(answer.at("error").at("message").get<std::string>()));
  const Json cleaned{{"verb", "abandon"}, {"id", id}, {"reason", not_utf8}};
  CHECK(engine.orchestrator().handle(cleaned).value("ok", false));
}

#include <doctest/doctest.h>

#include <algorithm>

#include "world.hpp"

using namespace skald;
using namespace skald::cli_test;

namespace {

// Every planted text holds this word, so that one search finds whichever shows.
constexpr const char* planted = "geheim";
constexpr const char* card = "4711-geheim-card";

constexpr const char* steps = R"("locks": ["card/{/input/card}", "pin/{/input/pin}"],
  "output": {"used": {"$from": "/input/card"}, "pin": {"$from": "/input/pin"}},
  "defaults": {"retry": {"max_attempts": 1}, "compensation_retry": {"max_attempts": 1}},
  "steps": [
    {"name": "each", "for_each": {"in": "/input/cards", "step": {
      "participant": "payment", "action": "check", "compensation": "none"}}},
    {"name": "charge", "participant": "payment", "action": "charge",
      "compensation": {"action": "refund", "input": {
        "card": {"$from": "/input/card"}, "pin": {"$from": "/input/pin"}}}},
    {"name": "approve", "wait_for": {"signal": "approved"},
      "when": {"$from": "/input/approve", "equals": true}},
    {"name": "ship", "participant": "shipping", "action": "ship", "kind": "pivot",
      "input": {"all": {"$from": "/input"}}}]})";

std::string definition(bool with_secrets) {
  const std::string secrets = R"(["/input/card", "/input/cards/0/number", "/input/pin",
    "/input/deep", "/steps/charge/output/token", "/steps/each/output",
    "/steps/approve/output"])";
  return R"({"saga": "pay", "version": 1, "secrets": )" + (with_secrets ? secrets : "[]") + ", " +
         steps;
}

Json input(bool approve) {
  return {{"card", card},
          {"pin", 42},
          {"approve", approve},
          {"deep", {{"list", {"deep-geheim-element"}}}},
          {"cards", {{{"number", "5500-geheim-first"}}, {{"number", "public"}}}}};
}

// Participants that put the card into everything they say.
Outcome indiscreet(const HandlerCall& call) {
  const ErrorInfo error{std::string("NO_") + card, std::string("card ") + card + " was refused",
                        JsonText::of({{"card", card}, {card, 1}})};
  if (call.action() == "check") return Outcome::success({{"seen", "each-geheim-output"}});
  if (call.action() == "charge") {
    return Outcome::success({{"token", "token-geheim-77"}, {"echo", card}});
  }
  Outcome refused = Outcome::rejected(error.code, error.message);
  refused.error.data = error.data;
  return refused;
}

struct Planted {
  std::string refused;  // Stuck: neither ship nor refund went through.
  std::string locked;   // Waits for the first one's locks.
};

Planted plant(World& world, bool with_secrets) {
  SqliteStore store(world.store());
  InProcessChannel channel;
  channel.handle_others("payment", indiscreet);
  channel.handle_others("shipping", indiscreet);
  OrchestratorOptions options;
  options.log = [](LogLevel, std::string_view) {};
  Orchestrator orchestrator(store, channel, options);
  orchestrator.define(parse_definition(definition(with_secrets)));
  Planted ids;
  const SagaId first = orchestrator.start("pay", input(false), {}).id;
  REQUIRE(orchestrator.wait(first, Duration(10'000)));
  ids.refused = first.to_string();
  ids.locked = orchestrator.start("pay", input(true), {}).id.to_string();
  return ids;
}

void quarantine(World& world, const std::string& saga) {
  std::vector<QuarantinedMessage> messages;
  QuarantinedMessage message;
  message.reason = "CONTRADICTION";
  message.saga = saga;
  message.detail = std::string("it says ") + card;
  message.headers = R"({"step": "charge", "note": ")" + std::string(card) + R"("})";
  message.body = R"({"outcome": "success", "output": {"token": "geheim-late", "sum": 5}})";
  messages.push_back(message);
  message.body = R"({"broken: "geheim")";
  messages.push_back(message);
  message.saga = "nobody";
  message.detail.clear();
  message.headers = "{}";
  messages.push_back(message);
  world.quarantine(std::move(messages));
}

using Lines = std::vector<std::vector<std::string>>;

Lines reading_verbs(const std::string& id) {
  Lines all;
  for (const char* format : {"table", "wide", "json"}) {
    all.push_back({"show", id, "-o", format});
    all.push_back({"list", "-o", format});
  }
  for (const char* verb : {"why", "history", "timeline", "wait", "quarantine list",
                           "definition list", "audit", "participants", "count"}) {
    const std::string name = verb;
    const std::size_t space = name.find(' ');
    for (const char* format : {"table", "json", "jsonl"}) {
      std::vector<std::string> line{name.substr(0, space)};
      if (space != std::string::npos) line.push_back(name.substr(space + 1));
      if (name == "why" || name == "history" || name == "timeline" || name == "wait") {
        line.push_back(id);
      }
      line.insert(line.end(), {"-o", format});
      all.push_back(line);
    }
  }
  for (const char* number : {"1", "2", "3"}) {
    all.push_back({"quarantine", "show", number});
    all.push_back({"quarantine", "show", number, "-o", "json"});
  }
  all.insert(all.end(), {{"list", "-o", "jsonl"},
                         {"definition", "show", "pay"},
                         {"store", "info"},
                         {"store", "check"},
                         {"list", "--where", "input./card = 4711-geheim"},
                         {"list", "--where", "input./card ~ 'geheim'"}});
  return all;
}

// Dry runs before what they rehearse.
Lines changing_verbs(const std::string& id) {
  Lines all;
  const std::string patch = R"({"card": "patched-geheim-9", "pin": 43})";
  for (const char* format : {"table", "json"}) {
    for (const std::vector<std::string>& line :
         Lines{{"resume", id},
               {"resume", id, "--step", "charge", "--input-patch", patch},
               {"retry", id},
               {"skip", id, "--step", "charge", "--as", "compensated"},
               {"cancel", id},
               {"pause", id},
               {"abandon", id},
               {"replay", id, "--force"},
               {"replay", id, "--force", "--from-step", "charge"},
               {"replay", id, "--force", "--input-patch", R"({"card": "replayed-geheim"})"}}) {
      std::vector<std::string> rehearsed = line;
      rehearsed.insert(rehearsed.end(), {"--dry-run", "-o", format});
      all.push_back(rehearsed);
    }
  }
  all.push_back({"resume", id, "--step", "charge", "--input-patch", patch});
  all.push_back({"replay", id, "--force", "--input-patch", R"({"card": "replayed-geheim"})"});
  return all;
}

// In how many of the outputs a planted text shows. The short number is found by its lock alone.
std::size_t showing(World& world, const Lines& lines) {
  std::size_t count = 0;
  for (const auto& line : lines) {
    const Result result = world.skald(line);
    std::string said;
    for (const std::string& word : line) said += word + " ";
    const std::string all = result.out + result.err;
    // An audit without findings has no lines; any other silence would prove nothing.
    CHECK_MESSAGE((!all.empty() || line.front() == "audit"), said);
    const bool shows =
        all.find(planted) != std::string::npos || all.find("pin/42") != std::string::npos ||
        all.find("\"pin\":42") != std::string::npos || all.find("\"pin\": 42") != std::string::npos;
    if (shows) MESSAGE(said, "shows: ", all);
    count += shows ? 1 : 0;
  }
  return count;
}

}  // namespace

TEST_CASE("a declared secret shows in no output of any verb, whatever repeats it") {
  World world;
  const Planted ids = plant(world, true);
  quarantine(world, ids.refused);
  CHECK(showing(world, reading_verbs(ids.refused)) == 0);
  CHECK(showing(world, reading_verbs(ids.locked)) == 0);
  CHECK(showing(world, changing_verbs(ids.refused)) == 0);
  CHECK(showing(world, reading_verbs(ids.refused)) == 0);
  const Json shown = world.show(ids.refused);
  CHECK(shown["input"]["card"] == "***");
  CHECK(shown["input"]["cards"][1]["number"] == "public");
  CHECK(shown["locks"] == Json({"card/***", "pin/***"}));
  CHECK(shown["error"]["message"] == "card *** was refused");
}

TEST_CASE("what is planted is found where nothing is declared secret") {
  World world;
  const Planted ids = plant(world, false);
  quarantine(world, ids.refused);
  for (const auto& line : Lines{{"show", ids.refused, "-o", "json"},
                                {"history", ids.refused},
                                {"why", ids.refused},
                                {"why", ids.locked},
                                {"timeline", ids.refused},
                                {"quarantine", "show", "1"},
                                {"quarantine", "show", "3"},
                                {"list"},
                                {"resume", ids.refused, "--dry-run"}}) {
    CHECK_MESSAGE(world.skald(line).says(planted), line.front());
  }
}

TEST_CASE("a hidden body is not shown, but where it can be read is said") {
  World world;
  const Planted ids = plant(world, true);
  quarantine(world, ids.refused);
  const Result known = world.skald({"quarantine", "show", "1", "-o", "json"});
  CHECK(known.says("sum"));
  CHECK(known.err.empty());
  const Result unknown = world.skald({"quarantine", "show", "3"});
  CHECK(unknown.says("***"));
  CHECK(unknown.warns("definitions in this store declare secrets"));
  CHECK(unknown.warns("SELECT saga, detail, headers, body FROM quarantine WHERE number = 3"));
  const Result unreadable = world.skald({"quarantine", "show", "2"});
  CHECK(unreadable.warns("the body is not shown"));
  CHECK(unreadable.warns("SELECT body FROM quarantine WHERE number = 2"));
}

TEST_CASE("a message whose saga's definition cannot be used is hidden with its headers") {
  World world;
  const Planted ids = plant(world, true);
  quarantine(world, ids.refused);
  // Another definition declares secrets, or none that can be read does.
  SUBCASE("beside another definition with secrets") {
    const auto other = world.write("other.json", R"({"saga": "other", "version": 1,
        "secrets": ["/input"], "steps": [{"name": "a", "participant": "p", "action": "a",
        "compensation": "none"}]})");
    CHECK(world.skald({"start", other, "--input", "{}"}).code == 0);
  }
  SUBCASE("beside no other definition with secrets") {}
  SUBCASE("and whose saga it is, is not known") {
    execute(world, "UPDATE quarantine SET saga = '4711-geheim-card'");
  }
  execute(world, "UPDATE definitions SET normal_form = '{' WHERE type = 'pay'");
  Lines lines{{"quarantine", "list"},
              {"quarantine", "list", "-o", "json"},
              {"quarantine", "list", "-o", "jsonl"}};
  for (const char* number : {"1", "2", "3"}) {
    lines.push_back({"quarantine", "show", number});
    lines.push_back({"quarantine", "show", number, "-o", "json"});
  }
  CHECK(showing(world, lines) == 0);
  for (const auto& line : lines) {
    const Result result = world.skald(line);
    CHECK(result.code == 0);
    CHECK(result.warns("definitions in this store cannot be used, so nobody knows what they"));
  }
  const Json shown = world.skald({"quarantine", "show", "1", "-o", "json"}).json();
  CHECK(shown["reason"] == "CONTRADICTION");
  CHECK(shown["headers"] == "***");
  CHECK(shown["body"] == "***");
}

TEST_CASE("a message that cannot be requeued is refused without its keys and its texts") {
  World world;
  const Planted ids = plant(world, true);
  const std::string command = ids.refused + "/charge/action";
  const Json metadata{{"correlation_id", command},
                      {"headers",
                       {{"skald_protocol", "1"},
                        {"skald_command_id", command + "/1"},
                        {"skald_outcome", "success"}}}};
  std::vector<QuarantinedMessage> messages;
  QuarantinedMessage message;
  message.reason = "BAD_JSON";
  message.headers = metadata.dump();
  message.body = R"({"output": 1, "4711-geheim-card": 2, "4711-geheim-card": 3})";
  for (const std::string& saga : {ids.refused, std::string("nobody")}) {
    message.saga = saga;
    messages.push_back(message);
  }
  Json forged = metadata;
  forged["headers"]["skald_command_id"] = ids.refused + "/4711-geheim-card/action/1";
  message.headers = forged.dump();
  message.reason = "FORGED_KEY";
  for (const std::string& saga : {ids.refused, std::string("nobody")}) {
    message.saga = saga;
    messages.push_back(message);
  }
  world.quarantine(std::move(messages));
  Lines lines;
  for (const char* number : {"1", "2", "3", "4"}) {
    for (const char* format : {"table", "json"}) {
      lines.push_back({"quarantine", "requeue", number, "-o", format});
    }
  }
  CHECK(showing(world, lines) == 0);
  CHECK(world.skald({"quarantine", "requeue", "1"})
            .warns("this key appears twice in one object, first at byte 14"));
  CHECK(world.skald({"quarantine", "requeue", "3"}).warns("does not belong to command"));
  CHECK(world.skald({"quarantine", "requeue", "4"}).warns("the details are not shown"));
}

TEST_CASE("a pointer that leads nowhere hides nothing and stops nothing") {
  World world;
  SqliteStore store(world.store());
  InProcessChannel channel;
  channel.handle_others("p", [](const HandlerCall&) { return Outcome::success(Json::object()); });
  OrchestratorOptions options;
  options.log = [](LogLevel, std::string_view) {};
  Orchestrator orchestrator(store, channel, options);
  orchestrator.define(parse_definition(R"({"saga": "a", "version": 1, "secrets":
      ["/input/items/", "/input/items/20261126000000000001234", "/input/items/-", "/input/x/y"],
      "steps": [{"name": "s", "participant": "p", "action": "a", "compensation": "none"}]})"));
  const SagaId id = orchestrator.start("a", Json{{"items", {1}}, {"x", "why"}}, {}).id;
  REQUIRE(orchestrator.wait(id, Duration(10'000)));
  const Json shown = world.show(id.to_string());
  CHECK(shown["input"]["items"] == Json({1}));
  CHECK(shown["input"]["x"] == "why");
}

TEST_CASE("a reply whose key does not fit its saga is masked as one of any saga") {
  World world;
  (void)plant(world, true);
  const auto plain = world.completed();  // Of a definition without secrets.
  QuarantinedMessage message;
  message.reason = "FORGED_KEY";
  message.saga = plain;
  message.headers =
      R"({"headers": {"skald_step": "charge", "note": ")" + std::string(card) + "\"}}";
  message.body = R"({"output": {"token": "geheim-late"}})";
  world.quarantine({message});
  for (const std::vector<std::string>& verb : Lines{{"quarantine", "list"},
                                                    {"quarantine", "list", "-o", "json"},
                                                    {"quarantine", "show", "1"},
                                                    {"quarantine", "show", "1", "-o", "json"}}) {
    const Result shown = world.skald(verb);
    CHECK(shown.code == 0);
    CHECK(shown.says("FORGED_KEY"));
    CHECK_FALSE(shown.says(planted));
  }
}

TEST_CASE("a version that declares no secrets shows none of a saga whose version does") {
  World world;
  const std::string id = plant(world, true).refused;
  std::string same_steps = definition(false);
  same_steps.replace(same_steps.find("\"version\": 1"), 12, "\"version\": 3");
  const std::string other_steps = R"({"saga": "pay", "version": 2, "steps": [
    {"name": "nap", "sleep": {"$from": "/input/card"}}]})";
  {
    SqliteStore store(world.store());
    InProcessChannel channel;
    channel.handle_others("payment", indiscreet);
    channel.handle_others("shipping", indiscreet);
    Orchestrator orchestrator(store, channel);
    orchestrator.define(parse_definition(other_steps));
    orchestrator.define(parse_definition(same_steps));
  }
  const Result lint = world.skald(
      {"definition", "lint", world.write("pay.json", other_steps), "--against", world.store()});
  CHECK(lint.code == 1);
  CHECK_MESSAGE(lint.says("1 of 2 recorded sagas could not have followed it"), lint.out, lint.err);
  CHECK_FALSE(lint.says(planted));
  for (const char* version : {"2", "3"}) {
    for (const char* format : {"table", "json"}) {
      INFO(version, " -o ", format);
      const Result planned = world.skald(
          {"replay", id, "--force", "--dry-run", "--definition", version, "-o", format});
      CHECK((planned.says("check") || planned.says("nap")));
      CHECK_FALSE(planned.says(planted));
      CHECK_FALSE(planned.says("\"pin\":42"));
      CHECK_FALSE(planned.says("\"pin\": 42"));
    }
  }
}

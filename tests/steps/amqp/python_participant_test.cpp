// A participant in another language, written from docs/wire.md alone, takes part.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "amqp_bench.hpp"

using namespace skald;
using namespace skald::test;

namespace {

// The example, as a process of its own; ready once the constructor has returned.
class PythonParticipant {
 public:
  PythonParticipant(const std::string& prefix, const std::string& database) {
    int out[2];
    REQUIRE(::pipe2(out, O_CLOEXEC) == 0);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      ::dup2(out[1], STDOUT_FILENO);
      ::execl("/usr/bin/python3", "python3", SKALD_PYTHON_PARTICIPANT, "--prefix", prefix.c_str(),
              "--database", database.c_str(), "--stock", "umbrella=2", nullptr);
      ::_exit(127);
    }
    ::close(out[1]);
    FILE* const lines = ::fdopen(out[0], "r");
    char line[256] = {};
    const bool spoke = std::fgets(line, sizeof line, lines) != nullptr;
    std::fclose(lines);
    REQUIRE_MESSAGE(spoke, "the participant ended at once");
    REQUIRE(std::string(line).find("listens") != std::string::npos);
  }
  ~PythonParticipant() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  PythonParticipant(const PythonParticipant&) = delete;
  PythonParticipant& operator=(const PythonParticipant&) = delete;

 private:
  pid_t pid_ = -1;
};

struct TemporaryFolder {
  TemporaryFolder() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  std::string path = (std::filesystem::temp_directory_path() / "skald-python-XXXXXX").string();
};

Command command(std::uint64_t saga, Direction direction, std::uint32_t attempt = 1,
                std::uint32_t round = 1) {
  Command made = command_for(saga, "inventory");
  made.id.direction = made.attempt.direction = direction;
  made.id.attempt = made.attempt.attempt = attempt;
  made.round = round;
  made.action = direction == Direction::compensate ? "release" : "reserve";
  made.body = JsonText::parse(direction == Direction::compensate
                                  ? R"({"input":{"sku":"umbrella"},"output":null,"reason":null})"
                                  : R"({"input":{"sku":"umbrella"}})");
  return made;
}

struct Dialogue {
  // A reply to another question is the repeat of an earlier one, whose participant was killed.
  Outcome ask(const Command& question) {
    std::optional<Outcome> answer;
    channel.send({question});
    notes.await(
        [&](const auto& page) {
          for (const Reply& reply : page.replies) {
            const bool ours = reply.saga == question.id.saga &&
                              reply.attempt.direction == question.id.direction &&
                              reply.attempt.attempt == question.id.attempt;
            if (ours) answer = reply.outcome;
          }
          return answer.has_value();
        },
        "an answer");
    return *answer;
  }
  Notes notes;
  AmqpChannel& channel;
};

}  // namespace

TEST_CASE("a participant in Python takes part by the wire format alone") {
  if (std::system("/usr/bin/python3 -c 'import pika' 2>/dev/null") != 0) {
    std::puts("skipped: python3-pika is not installed");
    return;
  }
  const TemporaryFolder folder;
  const std::string database = folder.path + "/stock.db";
  const AmqpOptions options = Broker::shared().options(unique_prefix());
  ::setenv("SKALD_AMQP_URL", Broker::shared().url().c_str(), 1);
  auto participant = std::make_unique<PythonParticipant>(options.prefix, database);
  AmqpChannel channel(options);
  Dialogue dialogue{{}, channel};
  channel.open("engine-a", dialogue.notes);

  const Outcome reserved = dialogue.ask(command(1, Direction::action));
  CHECK(reserved.kind == OutcomeKind::success);
  CHECK(reserved.output.value()["reservation"] ==
        command(1, Direction::action).id.idempotency_key());
  CHECK(dialogue.ask(command(1, Direction::action, 2)) == reserved);

  // Another process of it remembers what the first one did.
  participant.reset();
  participant = std::make_unique<PythonParticipant>(options.prefix, database);
  CHECK(dialogue.ask(command(1, Direction::action, 3)) == reserved);
  CHECK(dialogue.ask(command(2, Direction::action)).kind == OutcomeKind::success);
  const Outcome refused = dialogue.ask(command(3, Direction::action));
  CHECK(refused.kind == OutcomeKind::rejected);
  CHECK(refused.error.code == "OUT_OF_STOCK");

  CHECK(dialogue.ask(command(1, Direction::compensate)).kind == OutcomeKind::success);
  CHECK(dialogue.ask(command(1, Direction::compensate, 2)).kind == OutcomeKind::success);
  // The refusal binds its own round; in the next one there is stock again, but for one only.
  CHECK(dialogue.ask(command(3, Direction::action, 2)).kind == OutcomeKind::rejected);
  CHECK(dialogue.ask(command(3, Direction::action, 3, 2)).kind == OutcomeKind::success);
  CHECK(dialogue.ask(command(4, Direction::action)).error.code == "OUT_OF_STOCK");

  CHECK(dialogue.ask(command(5, Direction::compensate)).kind == OutcomeKind::success);
  CHECK(dialogue.ask(command(5, Direction::action, 1, 2)).error.code == "COMPENSATED");

  CHECK(dialogue.ask(command(2, Direction::resolve)).kind == OutcomeKind::success);
  CHECK(dialogue.ask(command(6, Direction::resolve)).kind == OutcomeKind::rejected);
  CHECK(dialogue.ask(command(6, Direction::action)).kind == OutcomeKind::rejected);

  Command unknown = command(7, Direction::action);
  unknown.action = "paint";
  CHECK(dialogue.ask(unknown).error.code == "UNKNOWN_ACTION");
  // The engine took it that this attempt did nothing; come again, it still must not.
  CHECK(dialogue.ask(command(7, Direction::action)).error.code == "UNKNOWN_ACTION");
  CHECK(dialogue.ask(command(7, Direction::action, 2)).kind == OutcomeKind::rejected);
  Command unreadable = command(8, Direction::action);
  unreadable.body = JsonText::trusted("not json");
  CHECK(dialogue.ask(unreadable).error.code == "DEAD_LETTERED");
}

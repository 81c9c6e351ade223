// F7 at a participant: every allocation in turn fails, once or from then on, while two commands and
// a compensation are carried out behind the barrier; then the same commands come again.
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <deque>
#include <filesystem>
#include <map>
#include <new>
#include <nlohmann/json.hpp>

#include "ledger.hpp"
#include "shared_page.hpp"
#include "skald/participant.hpp"
#include "sweep.hpp"
#include "world.hpp"

namespace skald::faults {
namespace {

using testing::Invariant;

constexpr std::uint32_t tries_max = 5;
constexpr unsigned time_limit_s = 20;
constexpr int not_answered = 1;
constexpr int cannot_begin = 2;

class ParticipantSweep {
 public:
  ParticipantSweep(const MemoryOptions& options, MemoryResult& result)
      : forgets_(options.mutant == Mutant::no_dedup), result_(result) {}

  void run() {
    for (const Memory memory : {Memory::sqlite, Memory::objects}) {
      for (const bool lasting : {false, true}) {
        std::uint64_t nth = 1;
        while (fail({memory, nth, Phase::working, lasting})) ++nth;
        result_.note += fmt::format("participant, {}'s allocations{}: all {} failed in turn\n",
                                    memory == Memory::sqlite ? "SQLite" : "C++",
                                    lasting ? " and on" : "", nth - 1);
      }
    }
  }

 private:
  static SagaId saga(std::uint64_t number) {
    return SagaId::make(Time{Duration{1'000}}, 1, number);
  }

  static Command command(std::uint64_t number, Direction direction) {
    Command made;
    made.id = {saga(number), "charge", direction, 1};
    made.attempt = {0, direction, 1};
    made.participant = "payment";
    made.action = direction == Direction::action ? "act" : "undo";
    made.body = JsonText::of(Json{{"input", {{"number", number}}}});
    return made;
  }

  static std::vector<Command> commands() {
    return {command(1, Direction::action), command(2, Direction::action),
            command(1, Direction::compensate)};
  }

  static void set_up(Participant& participant) {
    make_ledger(participant.database());
    run_script(participant.database(), "PRAGMA synchronous = OFF");
    for (const char* action : {"act", "undo"}) {
      participant.handle(action, [](const HandlerCall& call, sqlite3* transaction) {
        write_effect(transaction, call);
        return Outcome::success({{"done", call.step()}});
      });
    }
  }

  /// False when there are fewer allocations than that.
  bool fail(const Shortage& shortage) {
    const Files files{make_directory()};
    const std::string name = fmt::format("participant, {}'s allocation {}{}",
                                         shortage.memory == Memory::sqlite ? "SQLite" : "C++",
                                         shortage.nth, shortage.lasting ? " and on" : "");
    SharedPage<ShortageFigures> figures;
    figures->phase = Phase::working;
    const pid_t child = ::fork();
    if (child < 0) throw Error("cannot make a child process");
    if (child == 0) live_as_child(files, shortage, *figures);
    int status = 0;
    if (::waitpid(child, &status, 0) != child) throw Error("cannot wait for a child process");
    const bool fired = figures->fired > 0;
    ++result_.lives;
    if (fired) {
      ++result_.fired;
      judge(files, name, status);
    }
    std::filesystem::remove_all(files.directory);
    return fired;
  }

  // Whoever got no answer asks again, once there is memory; on the same connection, if it lives.
  [[noreturn]] void live_as_child(const Files& files, const Shortage& shortage,
                                  ShortageFigures& figures) const {
    ::alarm(time_limit_s);
    std::vector<Command> all = commands();
    const std::vector<const Command*> actions{all.data(), all.data() + 1};
    const std::vector<const Command*> undo{all.data() + 2};
    Participant participant("payment", files.ledger("payment"));
    set_up(participant);
    if (std::freopen("/dev/null", "w", stderr) == nullptr) ::_exit(cannot_begin);
    begin_shortage(shortage, figures);
    answer_all(participant, actions);
    answer_all(participant, undo);
    end_shortage();
    bool known = true;
    for (Command& again : all) known = answer_until_known(participant, again) && known;
    ::_exit(known ? 0 : not_answered);
  }

  void judge(const Files& files, const std::string& name, int status) {
    // nlohmann's JSON ends the program when it cannot have memory for destroying a value.
    const bool aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
    (aborted ? result_.aborted : result_.well) += 1;
    bool known = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (aborted) {
      Participant next("payment", files.ledger("payment"));
      set_up(next);
      known = true;
      std::vector<Command> all = commands();
      for (Command& again : all) known = answer_until_known(next, again) && known;
    }
    result_.findings.expect(
        Invariant::I15, known,
        "{}: a command is never answered, or the process died: wait status {:#x}", name, status);
    result_.duplicates += 3;
    check(files, name);
  }

  // Nobody is answered when memory runs out for the answer; then the commands come again.
  void answer_all(Participant& participant, const std::vector<const Command*>& commands) const {
    try {
      std::deque<HandlerCall> calls;
      std::vector<const HandlerCall*> pointers;
      for (const Command* each : commands) {
        pointers.push_back(&calls.emplace_back(*each, std::stop_token{}));
      }
      if (!forgets_) {
        (void)participant.answer_all(pointers);
        return;
      }
      for (const HandlerCall* call : pointers) (void)act_again(participant, *call);
    } catch (const std::bad_alloc&) {
    } catch (const ParticipantError&) {
    }
  }

  static Outcome act_again(Participant& participant, const HandlerCall& call) {
    SqlTransaction transaction(participant.database());
    write_effect(participant.database(), call);
    transaction.commit();
    return Outcome::success();
  }

  bool answer_until_known(Participant& participant, Command& again) const {
    for (std::uint32_t attempt = 2; attempt < 2 + tries_max; ++attempt) {
      again.id.attempt = again.attempt.attempt = attempt;
      const HandlerCall call(again, {});
      const Outcome outcome = forgets_ ? act_again(participant, call) : participant.answer(call);
      if (outcome.kind == OutcomeKind::success || outcome.error.code == "COMPENSATED") return true;
    }
    return false;
  }

  void check(const Files& files, const std::string& name) {
    std::map<std::pair<SagaId, Direction>, int> counts;
    for (const Effect& effect : read_effects(files.ledger("payment"), "payment")) {
      ++counts[{effect.saga, effect.direction}];
    }
    const int acted = counts[{saga(1), Direction::action}];
    const int undone = counts[{saga(1), Direction::compensate}];
    // A compensation that came before its action bars it: then neither has happened.
    result_.findings.expect(Invariant::I5, acted == undone, "{}: {} actions and {} compensations",
                            name, acted, undone);
    const int other = counts[{saga(2), Direction::action}];
    result_.findings.expect(Invariant::I6, acted <= 1 && other == 1,
                            "{}: the actions took effect {} and {} times", name, acted, other);
    result_.findings.expect(Invariant::I14, is_sound(files.ledger("payment")), "{}: damaged", name);
  }

  bool forgets_;  ///< A participant without the barrier.
  MemoryResult& result_;
};

}  // namespace

void sweep_participant(const MemoryOptions& options, MemoryResult& result) {
  ParticipantSweep(options, result).run();
}

}  // namespace skald::faults

#include "short_life.hpp"

#include <execinfo.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <exception>
#include <fstream>
#include <iterator>
#include <new>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "life.hpp"
#include "sanitized.hpp"
#include "shared_page.hpp"

namespace skald::faults {
namespace {

constexpr unsigned time_limit_s = 30;  // A child that hangs dies of SIGALRM.
// With memory gone for good nothing comes to an end; the engine must have met it by then.
constexpr Duration sick_limit{100};
constexpr Duration healthy_limit{10'000};

constexpr int ended_well = 0;
constexpr int ended_refused = 1;
constexpr std::size_t sagas_max = 16;

/// Shared with the child, which cannot allocate to tell.
struct Shared {
  ShortageFigures figures;
  std::array<SagaId, sagas_max> ids{};
  std::array<std::atomic<bool>, sagas_max> acknowledged{};
};

void say(const char* what) {
  static_cast<void>(::write(STDERR_FILENO, what, std::char_traits<char>::length(what)) < 0);
  static_cast<void>(::write(STDERR_FILENO, "\n", 1) < 0);
}

/// Where the process gave up, in addresses that addr2line reads; then the runtime's own words.
[[noreturn]] void say_where() {
  std::array<void*, 64> frames{};
  ::backtrace_symbols_fd(frames.data(), ::backtrace(frames.data(), frames.size()), STDERR_FILENO);
  __gnu_cxx::__verbose_terminate_handler();
  ::_exit(98);
}

/// Pauses and resumes a saga and looks around, as operators do. What is refused is no matter.
void make_requests(Orchestrator& engine, const SagaId& id) {
  const std::string text = id.to_string();
  for (const char* verb : {"pause", "resume", "cancel"}) {
    (void)engine.handle({{"verb", verb}, {"id", text}, {"by", "harness"}, {"reason", "memory"}});
  }
  (void)engine.handle({{"verb", "participants"}});
  (void)engine.handle({{"verb", "info"}});
}

/// True when nothing was refused.
bool work(const ShortLife& plan, Shared& shared) {
  ShortageFigures& figures = shared.figures;
  Life life(plan.files, plan.seed, {.mutant = plan.mutant});
  figures.phase = Phase::starting;
  bool good = true;
  for (std::size_t i = 0; i < plan.numbers.size(); ++i) {
    try {
      shared.ids[i] = life.start(plan.numbers[i]);
      shared.acknowledged[i] = true;
    } catch (const std::exception& error) {
      say(error.what());
      good = false;
    }
  }
  if (plan.dies) ::_exit(ended_well);
  figures.phase = Phase::requesting;
  try {
    const std::size_t last = plan.numbers.size() - 1;
    if (shared.acknowledged[last]) make_requests(life.engine(), shared.ids[last]);
  } catch (const std::bad_alloc& error) {
    say(error.what());
    good = false;
  }
  figures.phase = Phase::working;
  const bool sick = plan.shortage.lasting && figures.fired > 0;
  good = life.await_quiet(sick ? sick_limit : healthy_limit) && good;
  figures.phase = Phase::closing;
  life.stop();
  if (const auto failure = life.engine().failure()) {
    say(failure->c_str());
    good = false;
  }
  return good;
}

[[noreturn]] void live_as_child(const ShortLife& plan, Shared& shared, const std::string& said) {
  ::alarm(time_limit_s);
  const int file = ::open(said.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (file < 0 || ::dup2(file, STDERR_FILENO) < 0) ::_exit(99);
  std::array<void*, 1> frame{};
  ::backtrace(frame.data(), frame.size());  // The first call allocates.
  std::set_terminate(say_where);
  bool good = false;
  begin_shortage(plan.shortage, shared.figures);
  try {
    good = work(plan, shared);
  } catch (const std::exception& error) {
    say(error.what());
  }
  end_shortage();
  ::_exit(good ? ended_well : ended_refused);
}

End end_of(int status, const std::string& said) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == ended_well) return End::well;
  if (WIFEXITED(status) && WEXITSTATUS(status) == ended_refused) return End::refused;
  const bool aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
  // The runtime's own words for an exception that nobody caught, or that two threads did not catch.
  // It names none for a thread that was not joined, nor for a destructor that threw: both are
  // faults. Under a sanitizer it names none more often.
  std::vector<std::string_view> words{"std::bad_alloc", "terminate called recursively"};
  if (!test::memory_can_be_judged) words.emplace_back("terminate called without");
  const bool says = std::any_of(words.begin(), words.end(), [&said](std::string_view word) {
    return said.find(word) != std::string::npos;
  });
  return aborted && says ? End::aborted : End::died;
}

}  // namespace

ShortLifeReport live_short(const ShortLife& life) {
  if (life.numbers.size() > sagas_max) throw Error("too many sagas for one short life");
  SharedPage<Shared> shared;
  const std::string said = life.files.directory + "/said";
  const pid_t child = ::fork();
  if (child < 0) throw Error("cannot make a child process");
  if (child == 0) live_as_child(life, *shared, said);
  int status = 0;
  if (::waitpid(child, &status, 0) != child) throw Error("cannot wait for a child process");
  ShortLifeReport report;
  std::ifstream file(said);
  report.said.assign(std::istreambuf_iterator<char>(file), {});
  report.end = end_of(status, report.said);
  if (report.end == End::died) report.said += fmt::format("(wait status {:#x})", status);
  for (std::size_t i = 0; i < phase_count; ++i) report.met[i] = shared->figures.met[i];
  report.fired = shared->figures.fired;
  for (std::size_t i = 0; i < life.numbers.size(); ++i) {
    report.acknowledged.push_back(shared->acknowledged[i] ? shared->ids[i] : SagaId{});
  }
  return report;
}

}  // namespace skald::faults

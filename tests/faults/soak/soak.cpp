#include "soak.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string_view>

#include "../ledger.hpp"
#include "../process.hpp"
#include "../world.hpp"
#include "sanitized.hpp"
#include "skald/sqlite_reader.hpp"
#include "trade.hpp"

namespace skald::faults {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::Findings;
using testing::Invariant;

constexpr seconds ready_limit{60};
// Between two facts; a sanitizer on a busy machine needs it.
constexpr seconds silence_limit{180};
// A checkpoint begins at 16 MiB, and one more batch may come on top.
constexpr std::uint64_t log_limit = 26U << 20U;
constexpr double memory_limit_kib = 8'192;

std::vector<std::string> words(const SoakPart& part, const char* role) {
  std::vector<std::string> words{role, "--directory", part.directory, "--messages",
                                 std::to_string(part.messages)};
  if (!part.rabbitmq.empty()) {
    words.insert(words.end(), {"--rabbitmq", part.rabbitmq, "--prefix", part.prefix});
  }
  if (part.leak == Leak::memory) words.insert(words.end(), {"--control", "memory"});
  if (part.leak == Leak::descriptors) words.insert(words.end(), {"--control", "descriptors"});
  return words;
}

void await_ready(Process& process, const std::string& who) {
  const auto line = process.line(steady_clock::now() + ready_limit);
  if (line != "ready") throw Error(who + " did not get ready: " + line.value_or("no word of it"));
}

std::optional<std::uint64_t> figure(std::string_view line, std::string_view word) {
  if (!line.starts_with(word)) return std::nullopt;
  line.remove_prefix(word.size());
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
  if (error != std::errc{} || end != line.data() + line.size()) return std::nullopt;
  return value;
}

// Looks at the processes whenever the engine says how far it is, until all sagas have ended.
void watch(Process& engine, const Process* participant, const SoakPart& part, SoakResult& result) {
  while (auto line = engine.line(steady_clock::now() + silence_limit)) {
    if (const auto messages = figure(*line, "at ")) {
      result.messages = *messages;
      result.engine.push_back({*messages, vitals_of(engine.pid())});
      if (participant) result.participant.push_back({*messages, vitals_of(participant->pid())});
      result.largest_log = std::max(result.largest_log, log_bytes(part.store()));
    } else if (const auto sagas = figure(*line, "started ")) {
      result.sagas = *sagas;
      return;
    }
  }
  throw Error("the engine fell silent after " + std::to_string(result.messages) + " messages");
}

void check_flatness(const std::vector<Sample>& samples, const char* who, Findings& findings) {
  const Growth growth = growth_of(samples);
  findings.expect(Invariant::I16,
                  !test::memory_can_be_judged || growth.memory_kib <= memory_limit_kib,
                  "{}: memory grew by {:.0f} KiB", who, growth.memory_kib);
  findings.expect(Invariant::I16, growth.descriptors <= 0, "{}: {} more descriptors", who,
                  growth.descriptors);
  findings.expect(Invariant::I16, growth.threads <= 0, "{}: {} more threads", who, growth.threads);
}

std::uint64_t count(SqliteReader& reader, Status status) {
  SagaFilter filter;
  filter.statuses = {status};
  return reader.count(filter);
}

void check_books(const SoakPart& part, SoakResult& result, Findings& findings) {
  SqliteReader reader(part.store());
  for (const std::string& wrong : reader.check()) {
    findings.expect(Invariant::I14, false, "the store: {}", wrong);
  }
  findings.expect(Invariant::I14, is_sound(part.ledger()), "the ledger is not sound");
  const std::uint64_t completed = count(reader, Status::completed);
  result.turned_back = count(reader, Status::compensated);
  findings.expect(Invariant::I2, completed + result.turned_back == result.sagas,
                  "{} sagas, of which {} completed and {} were compensated", result.sagas,
                  completed, result.turned_back);
  const TradeTotals totals = trade_totals(part.ledger());
  findings.expect(Invariant::I6, totals.twice == 0, "{} effects happened again", totals.twice);
  const std::uint64_t undone = result.turned_back * (trade_steps - 1);
  findings.expect(Invariant::I4, totals.actions == completed * trade_steps + undone,
                  "{} actions had their effect", totals.actions);
  findings.expect(Invariant::I5, totals.compensations == undone,
                  "{} compensations had their effect, not {}", totals.compensations, undone);
  findings.expect(Invariant::I10, reader.quarantine(0, 1).empty(), "a message is in quarantine");
}

}  // namespace

Growth growth_of(const std::vector<Sample>& samples) {
  if (samples.size() < 10) throw Error("too few samples to judge by");
  const auto fifth = static_cast<std::ptrdiff_t>(samples.size() / 5);
  const auto mean = [fifth](auto first) {
    double sum = 0;
    std::for_each(first, first + fifth, [&sum](const Sample& sample) {
      sum += static_cast<double>(sample.vitals.memory_kib);
    });
    return sum / static_cast<double>(fifth);
  };
  // The fewest: files that come and go, as a journal does, are no leak.
  const auto fewest = [fifth](auto first, std::uint64_t Vitals::*what) {
    std::uint64_t lowest = (*first).vitals.*what;
    std::for_each(first, first + fifth,
                  [&](const Sample& sample) { lowest = std::min(lowest, sample.vitals.*what); });
    return static_cast<std::int64_t>(lowest);
  };
  // Until then the page cache of the store fills up.
  const auto warm = samples.begin() + 2 * fifth;
  const auto late = samples.end() - fifth;
  Growth growth;
  growth.memory_kib = mean(late) - mean(warm);
  growth.descriptors = fewest(late, &Vitals::descriptors) - fewest(warm, &Vitals::descriptors);
  growth.threads = fewest(late, &Vitals::threads) - fewest(warm, &Vitals::threads);
  for (const Sample& sample : samples) {
    growth.peak_kib = std::max(growth.peak_kib, sample.vitals.memory_kib);
  }
  return growth;
}

SoakResult soak(const SoakOptions& options, Findings& findings) {
  SoakPart part;
  part.directory = make_directory();
  part.rabbitmq = options.rabbitmq;
  part.prefix = fmt::format("soak.{}", ::getpid());
  part.messages = options.messages;
  part.leak = options.leak;
  SoakResult result;
  std::optional<Process> participant;
  if (!part.rabbitmq.empty()) {
    participant.emplace(words(part, "--participant"), part.directory + "/participant.log");
    await_ready(*participant, "the participant");
  }
  Process engine(words(part, "--engine"), part.directory + "/engine.log");
  await_ready(engine, "the engine");
  watch(engine, participant ? &*participant : nullptr, part, result);
  findings.expect(Invariant::I15, engine.finish() == 0, "the engine did not end well: see {}",
                  part.directory);
  if (participant) {
    findings.expect(Invariant::I15, participant->finish() == 0, "the participant did not end well");
    check_flatness(result.participant, "participant", findings);
  }
  check_flatness(result.engine, "engine", findings);
  findings.expect(Invariant::I16, result.largest_log <= log_limit, "the WAL had {} bytes",
                  result.largest_log);
  findings.expect(Invariant::I16, log_bytes(part.store()) == 0,
                  "{} bytes are left in the WAL after a clean end", log_bytes(part.store()));
  check_books(part, result, findings);
  if (findings.violations() == 0 || options.leak != Leak::none) {
    std::filesystem::remove_all(part.directory);
  }
  return result;
}

}  // namespace skald::faults

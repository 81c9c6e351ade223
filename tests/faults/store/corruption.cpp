// F10: bytes of a store's files are flipped, overwritten or cut off. What was stored is then read
// as it was, or refused, or found by the checks that `skald store check` and `skald audit` make; it
// is never told wrongly without anybody being able to notice.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>

#include "audit_checks.hpp"
#include "event_codec.hpp"
#include "life.hpp"
#include "run.hpp"
#include "sanitized.hpp"

namespace skald::faults {
namespace {

constexpr Duration quiet_limit = test::slowdown * Duration{20'000};
constexpr std::uint64_t sagas = 24;

struct Told {
  SagaSummary summary;
  std::vector<JournalRow> journal;
};
using Truth = std::map<SagaId, Told>;

/// The bytes of a store that is sound: file suffix → content.
struct Original {
  const char* name;
  std::map<std::string, std::string> files;
};

enum class Damage { flipped, sector, cut };

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Truth read_all(SqliteStore& store) {
  Truth truth;
  for (const SagaSummary& listed : store.list({}, {}, SIZE_MAX)) {
    truth[listed.id] = {listed, store.journal(listed.id)};
  }
  return truth;
}

std::string bytes_of(const JournalRow& row) {
  std::string bytes;
  encode_events(row.events, bytes);
  return bytes;
}

bool same_rows(const std::vector<JournalRow>& found, const std::vector<JournalRow>& told,
               std::size_t count) {
  return std::equal(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(count), told.begin(),
                    [](const JournalRow& a, const JournalRow& b) {
                      return a.position == b.position && a.version == b.version && a.at == b.at &&
                             bytes_of(a) == bytes_of(b);
                    });
}

class Corruption {
 public:
  explicit Corruption(const RunOptions& options) : options_(options), random_(options.seed) {}

  RunResult run() {
    const std::uint64_t trials = options_.length == 0 ? 400 : options_.length;
    make_originals();
    const std::string folder = make_directory();
    for (std::uint64_t i = 0; i < trials; ++i) try_one(folder, i);
    std::filesystem::remove_all(folder);
    result_.fired = trials;
    result_.sagas = truth_.size();
    result_.note = fmt::format(
        "without consequence: {}; refused when opened or read: {}; found by the checks: {}; "
        "commits lost that the log's checksums cut off: {}\n",
        harmless_, refused_, found_, cut_off_);
    return std::move(result_);
  }

 private:
  // One with everything in its write-ahead log, one that was closed.
  void make_originals() {
    const Files files{make_directory()};
    Original open{"with a full log", {}};
    {
      Life life(files, options_.seed);
      for (const std::uint64_t number : swift_sagas(options_.seed, 0, sagas)) life.start(number);
      if (!life.await_quiet(quiet_limit)) throw Error("the sagas do not end");
      life.stop();
      truth_ = read_all(life.store());
      for (const char* suffix : {"", "-wal"}) {
        open.files[suffix] = read_file(files.store() + suffix);
      }
    }
    Original closed{"that was closed",
                    {{"", read_file(files.store())}, {"-wal", ""}, {"-shm", ""}}};
    originals_ = {std::move(open), std::move(closed)};
    std::filesystem::remove_all(files.directory);
  }

  void try_one(const std::string& folder, std::uint64_t trial) {
    const std::string path = folder + "/engine.db";
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      std::filesystem::remove(entry.path());
    }
    const Original& original = originals_[random_() % originals_.size()];
    const bool has_log = !original.files.at("-wal").empty();
    const std::string victim = has_log && random_() % 3 != 0 ? "-wal" : "";
    std::string what;
    for (const auto& [suffix, bytes] : original.files) {
      std::string content = bytes;
      if (suffix == victim) what = damage(content);
      std::ofstream(path + suffix, std::ios::binary) << content;
    }
    const bool may_lose = victim == "-wal";
    examine(path,
            fmt::format("trial {}, a store {}, {}{}", trial, original.name,
                        victim.empty() ? "file" : "log", what),
            may_lose);
  }

  std::string damage(std::string& content) {
    constexpr std::size_t header = 100;
    const bool at_head = random_() % 8 == 0;
    const std::size_t at =
        random_() % (at_head ? std::min(header, content.size()) : content.size());
    switch (static_cast<Damage>(random_() % 4 == 0 ? 1 + random_() % 2 : 0)) {
      case Damage::flipped: {
        const std::size_t bits = 1 + random_() % 3;
        for (std::size_t i = 0; i < bits; ++i) {
          content[std::min(at + i, content.size() - 1)] ^= static_cast<char>(1U << random_() % 8);
        }
        return fmt::format(": {} bits flipped from byte {}", bits, at);
      }
      case Damage::sector: {
        const std::size_t begin = at / 512 * 512;
        const std::size_t end = std::min(begin + 512, content.size());
        const bool zeros = random_() % 2 == 0;
        for (std::size_t i = begin; i < end; ++i) {
          content[i] = zeros ? '\0' : static_cast<char>(random_());
        }
        return fmt::format(": sector {} {}", begin / 512, zeros ? "zeroed" : "filled with noise");
      }
      case Damage::cut: content.resize(at); return fmt::format(": cut off at byte {}", at);
    }
    return {};
  }

  void examine(const std::string& path, const std::string& what, bool may_lose) {
    try {
      SqliteStore store(path, {.must_exist = true});
      const Position last = store.last_position();
      std::string difference;
      for (const auto& [id, told] : truth_) {
        if (difference.empty()) difference = differs(store, id, told, last, may_lose);
      }
      if (difference.empty()) {
        ++(last < truth_end() ? cut_off_ : harmless_);
      } else if (!options_.control && is_found(store)) {
        ++found_;
      } else {
        result_.findings.expect(Invariant::I14, false, "{}: {}", what, difference);
        return;
      }
    } catch (const Error&) {
      ++refused_;
    }
    result_.findings.expect(Invariant::I14, true, "");
  }

  Position truth_end() const {
    Position end = 0;
    for (const auto& [id, told] : truth_) end = std::max(end, told.journal.back().position);
    return end;
  }

  // What is told of a saga must be what was stored, up to the last commit that is left.
  static std::string differs(SqliteStore& store, const SagaId& id, const Told& told, Position last,
                             bool may_lose) {
    const auto kept = static_cast<std::size_t>(
        std::count_if(told.journal.begin(), told.journal.end(),
                      [last](const JournalRow& row) { return row.position <= last; }));
    if (kept < told.journal.size() && !may_lose) return id.to_string() + " lost its end";
    const auto rows = store.journal(id);
    if (rows.size() != kept || !same_rows(rows, told.journal, kept)) {
      return id.to_string() + " has another journal";
    }
    const auto summary = store.summary(id);
    if (kept == 0) return summary ? id.to_string() + " has no journal and is listed" : "";
    if (!summary) return id.to_string() + " has a journal and is not listed";
    if (kept < told.journal.size()) return {};
    return *summary == told.summary ? "" : id.to_string() + " has another row";
  }

  /// What `skald store check` and `skald audit` would find.
  bool is_found(SqliteStore& store) {
    if (!store.check().empty()) return true;
    for (const SagaSummary& listed : store.list({}, {}, SIZE_MAX)) {
      const auto definition = store.definition(listed.definition);
      if (!definition) return true;
      if (!cli::audit_saga(store.journal(listed.id), listed, definition).empty()) return true;
    }
    return false;
  }

  RunOptions options_;
  std::mt19937_64 random_;
  RunResult result_;
  Truth truth_;
  std::vector<Original> originals_;
  std::uint64_t harmless_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t found_ = 0;
  std::uint64_t cut_off_ = 0;
};

}  // namespace

RunResult corrupt_files(const RunOptions& options) { return Corruption(options).run(); }

}  // namespace skald::faults

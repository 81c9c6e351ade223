// F19: the program that opens a store is another than the one that left it: definitions were
// changed in place, removed or given a new version, and the schema is older or newer.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "invariants.hpp"
#include "life.hpp"
#include "old_store.hpp"
#include "run.hpp"
#include "sanitized.hpp"

namespace skald::faults {
namespace {

constexpr std::uint64_t rounds_default = 2;
constexpr std::size_t sagas_per_life = 4;
constexpr Duration quiet_limit = test::slowdown * Duration{20'000};

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<Definition> next_versions() {
  std::vector<Definition> all = definitions({});
  for (Definition& definition : all) {
    Json document = parse_json(definition.normal_form());
    document["version"] = definition.version + 1;
    document["description"] = "the next version";
    definition = make_definition(document);
  }
  return all;
}

class OtherVersions {
 public:
  explicit OtherVersions(const RunOptions& options) : options_(options) {}

  RunResult run() {
    const std::uint64_t rounds = options_.length == 0 ? rounds_default : options_.length;
    for (std::uint64_t i = 0; i < rounds; ++i) round();
    result_.note = fmt::format(
        "definitions changed in place: {} refused; lives without definitions: {}; with newer "
        "ones: {}; newer schemas: {} refused; older ones: {} migrated; sagas under way meanwhile: "
        "{}\n",
        refused_, removed_, renewed_, newer_, older_, under_way_);
    return std::move(result_);
  }

 private:
  void round() {
    files_ = Files{make_directory()};
    acknowledged_.clear();
    leave_sagas({});
    change_definitions();
    // The control has stopped here: with another definition under their name nothing is as it was.
    if (!options_.control) {
      open_newer_schema();
      remove_definitions();
      leave_sagas({});
      migrate();
      renew_definitions();
      const Tally tally = check_invariants(files_, acknowledged_, result_.findings);
      result_.sagas += tally.sagas;
      result_.duplicates += tally.repeats;
    }
    std::filesystem::remove_all(files_.directory);
  }

  void start_sagas(Life& life) {
    const auto numbers = swift_sagas(options_.seed, next_, sagas_per_life);
    next_ = numbers.back() + 1;
    for (const std::uint64_t number : numbers) {
      acknowledged_.emplace(key_of(number), life.start(number));
    }
  }

  // A life that ends before its sagas do.
  void leave_sagas(LifeOptions options) {
    Life life(files_, options_.seed, std::move(options));
    start_sagas(life);
    life.stop();
    life.store().each_unfinished([this](const SagaSummary&) { ++under_way_; });
  }

  void change_definitions() {
    if (options_.control) edit_store(files_.store(), "UPDATE definitions SET used = 0");
    LifeOptions changed;
    changed.pace = Pace{Duration{260}, Duration{400}};  // Another timeout: another definition.
    try {
      const Life life(files_, options_.seed, std::move(changed));
      result_.findings.expect(Invariant::I3, false,
                              "a definition that sagas use was replaced by another");
    } catch (const Error& error) {
      const std::string why = error.what();
      result_.findings.expect(Invariant::I3, why.find("version") != std::string::npos,
                              "the refusal of a changed definition does not say what to do: {}",
                              why);
      ++refused_;
    }
    ++result_.fired;
  }

  void open_newer_schema() {
    make_store_newer(files_.store(), false);
    const std::string before = bytes_of(files_.store());
    bool refused = false;
    try {
      const SqliteStore store(files_.store());
    } catch (const StoreError& error) {
      refused = error.kind() == StoreError::Kind::newer;
    }
    newer_ += refused ? 1 : 0;
    result_.findings.expect(Invariant::I3, refused, "a store of a newer schema was opened");
    result_.findings.expect(Invariant::I14, bytes_of(files_.store()) == before,
                            "a store of a newer schema was written to");
    ++result_.fired;
    make_store_newer(files_.store(), true);
  }

  // What sagas run by lies in the store; that the program does not know it any more is no matter.
  void remove_definitions() {
    LifeOptions without;
    without.definitions.emplace();
    Life life(files_, options_.seed, std::move(without));
    result_.findings.expect(Invariant::I15, life.await_quiet(quiet_limit),
                            "sagas whose definition was removed do not end");
    life.stop();
    ++removed_;
    ++result_.fired;
  }

  void migrate() {
    make_store_old(files_.store());
    LifeOptions without;
    without.definitions.emplace();
    leave_sagas(std::move(without));
    ++older_;
    ++result_.fired;
  }

  // Those under way end by the version that they began with.
  void renew_definitions() {
    LifeOptions renewed;
    renewed.definitions = next_versions();
    const std::size_t before = acknowledged_.size();
    Life life(files_, options_.seed, std::move(renewed));
    start_sagas(life);
    result_.findings.expect(Invariant::I15, life.await_quiet(quiet_limit), "not quiet");
    life.stop();
    std::size_t new_ones = 0;
    for (const SagaSummary& summary : life.store().list({}, {}, 1'000)) {
      new_ones += summary.definition_version == 2 ? 1 : 0;
    }
    const std::size_t expected = acknowledged_.size() - before;
    result_.findings.expect(Invariant::I3, new_ones == expected,
                            "{} sagas run by the new version, and {} began with it", new_ones,
                            expected);
    ++renewed_;
    ++result_.fired;
  }

  RunOptions options_;
  RunResult result_;
  Files files_;
  Acknowledged acknowledged_;
  std::uint64_t next_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t removed_ = 0;
  std::uint64_t renewed_ = 0;
  std::uint64_t newer_ = 0;
  std::uint64_t older_ = 0;
  std::uint64_t under_way_ = 0;
};

}  // namespace

RunResult open_other_versions(const RunOptions& options) { return OtherVersions(options).run(); }

}  // namespace skald::faults

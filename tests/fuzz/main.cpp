// skald_fuzz: feeds every parser with a corpus and with changed copies of it, from a seed.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "corpus.hpp"
#include "fault_ledger.hpp"
#include "mutator.hpp"
#include "targets.hpp"

namespace skald::fuzz {
namespace {

struct Options {
  std::string target;
  std::string corpus;
  std::string file;
  std::uint64_t seed = 1;
  std::uint64_t runs = 20'000;
};

struct Totals {
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
};

std::string shown(std::string_view input) {
  std::string text;
  for (const char c : input.substr(0, 2'000)) {
    const bool plain = c >= ' ' && c < '\x7f';
    text += plain ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return text;
}

// Tells the violation, and how to see it again. True when there was none.
bool feed(const Target& target, const std::string& input, Totals& totals,
          const std::string& again) {
  std::string what;
  try {
    ++(target.read(input) == Fate::accepted ? totals.accepted : totals.refused);
    return true;
  } catch (const Violation& violation) {
    what = violation.what;
  } catch (const std::exception& error) {
    what = fmt::format("it throws what is not documented: {}", error.what());
  }
  const std::string path = fmt::format("fuzz-{}-violation", target.name);
  std::ofstream(path, std::ios::binary) << input;
  fmt::print("VIOLATION in {}: {}\n  input (in the file {}): {}\n  again: {}\n", target.name, what,
             path, shown(input), again);
  return false;
}

bool run_target(const Target& target, const Options& options) {
  std::vector<std::string> inputs = corpus_of(target, options.corpus);
  const std::size_t given = inputs.size();
  Totals totals;
  const std::string again = fmt::format("skald_fuzz --target {} --seed {} --runs {}", target.name,
                                        options.seed, options.runs);
  bool good = given > 0;
  if (!good) fmt::print("VIOLATION in {}: there is nothing to begin with\n", target.name);
  for (const std::string& input : inputs) good = feed(target, input, totals, again) && good;
  Mutator mutator(options.seed);
  const bool among_all = options.target.empty();
  const std::uint64_t runs = target.slow && among_all ? options.runs / 10 : options.runs;
  for (std::uint64_t i = 0; i < runs && good; ++i) {
    const std::string& base = inputs[mutator.below(inputs.size())];
    std::string changed = mutator.mutate(base, inputs[mutator.below(inputs.size())]);
    const std::uint64_t accepted = totals.accepted;
    good = feed(target, changed, totals, again);
    // What was accepted leads on to other things that are.
    constexpr std::size_t inputs_max = 2'000;
    if (totals.accepted > accepted && inputs.size() < inputs_max) {
      inputs.push_back(std::move(changed));
    }
  }
  // A target that accepts all or nothing is not being tested.
  if (good && (totals.accepted == 0 || totals.refused == 0)) {
    fmt::print("VIOLATION in {}: {} inputs accepted, {} refused\n", target.name, totals.accepted,
               totals.refused);
    good = false;
  }
  test::enter({fmt::format("F16-{}", target.name), std::to_string(options.seed), totals.refused,
               totals.accepted + totals.refused, 0, good ? 0U : 1U, false, good});
  fmt::print("F16 {:<11} seed {}: {} inputs to begin with; {} accepted, {} refused\n", target.name,
             options.seed, given, totals.accepted, totals.refused);
  return good;
}

int run(const Options& options) {
  bool good = true;
  bool found = false;
  for (const Target& target : targets()) {
    if (!options.target.empty() && options.target != target.name) continue;
    found = true;
    if (options.file.empty()) {
      good = run_target(target, options) && good;
      continue;
    }
    std::ifstream file(options.file, std::ios::binary);
    Totals totals;
    const std::string input{std::istreambuf_iterator<char>(file), {}};
    good = feed(target, input, totals, options.file) && good;
  }
  if (!found) fmt::print(stderr, "skald_fuzz: there is no target {}\n", options.target);
  return good && found ? 0 : 1;
}

}  // namespace
}  // namespace skald::fuzz

int main(int argc, char** argv) {
  CLI::App app{"Feeds every parser with what nobody should send"};
  skald::fuzz::Options options;
  app.add_option("--target", options.target, "Only this parser");
  app.add_option("--corpus", options.corpus, "Folder with a folder of inputs per parser");
  app.add_option("--seed", options.seed, "Of the changes")->envname("SKALD_SEED");
  app.add_option("--runs", options.runs, "Changed inputs per parser");
  app.add_option("file", options.file, "Feed --target with this file only")
      ->needs(app.get_option("--target"));
  CLI11_PARSE(app, argc, argv);
  return skald::fuzz::run(options);
}

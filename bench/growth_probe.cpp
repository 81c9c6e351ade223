#include "growth_probe.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <vector>

#include "growth_engine.hpp"
#include "skald/error.hpp"
#include "skald/sqlite_reader.hpp"

namespace skald::bench {
namespace {

constexpr int repetitions = 5;
constexpr std::size_t page = 50;

double median_ms(const std::function<void()>& call) {
  std::vector<double> times;
  for (int i = 0; i < repetitions; ++i) {
    const auto began = std::chrono::steady_clock::now();
    call();
    times.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began)
            .count());
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

// With a reader that has nothing in its cache, as a command has that was just called.
double list_ms(const std::string& path, const SagaFilter& filter, const Cursor& cursor = {}) {
  return median_ms([&] {
    SqliteReader reader(path);
    const auto sagas = reader.list(filter, cursor, page);
    if (sagas.empty()) throw Error("a page that was to be timed is empty");
  });
}

/// Of the time in which the store has been filled.
Time at_share(SqliteReader& reader, double share) {
  const auto newest = reader.list({}, {}, 1);
  PurgeSlice oldest{Time::max(), {}, 1};
  const SagaId first = reader.rehearse_purge(oldest).last;
  const Time from = first.empty() ? newest.at(0).started_at : first.created_at();
  const auto span = newest.at(0).started_at - from;
  return from + Duration(static_cast<Duration::rep>(static_cast<double>(span.count()) * share));
}

}  // namespace

ReadTimes time_reads(const std::string& path) {
  SqliteReader reader(path);
  const SagaId middle = SagaId::make(at_share(reader, 0.5), 0, 0);
  ReadTimes times;
  times.open = median_ms([&] { SqliteReader opened(path); });
  SagaFilter completed;
  completed.statuses = {Status::completed};
  SagaFilter compensated;
  compensated.statuses = {Status::compensated};
  SagaFilter rare;
  rare.types = {rare_type};
  SagaFilter old;
  old.started_before = at_share(reader, 0.1);
  times.first_page = list_ms(path, {});
  times.completed = list_ms(path, completed);
  times.compensated = list_ms(path, compensated);
  times.rare = list_ms(path, rare);
  times.deep = list_ms(path, completed, {middle});
  times.old = list_ms(path, old);
  times.count = median_ms([&] { static_cast<void>(SqliteReader(path).count({})); });
  times.by_status = median_ms([&] {
    SqliteReader counting(path);
    for (std::size_t s = 0; s < status_count; ++s) {
      SagaFilter one;
      one.statuses = {static_cast<Status>(s)};
      static_cast<void>(counting.count(one));
    }
  });
  const auto one = reader.list({}, {middle}, 1);
  times.journal = median_ms([&] {
    SqliteReader opened(path);
    if (opened.journal(one.at(0).id).empty()) throw Error("a saga has no journal");
  });
  return times;
}

Json ReadTimes::json() const {
  return {{"open", open},
          {"first_page", first_page},
          {"completed", completed},
          {"compensated", compensated},
          {"rare_type", rare},
          {"deep", deep},
          {"old", old},
          {"count", count},
          {"count_by_status", by_status},
          {"history", journal}};
}

double file_mib(const std::string& path) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  return error ? 0 : static_cast<double>(bytes) / (1024.0 * 1024.0);
}

double resident_mib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kib = 0;
    if (word == "VmRSS:" && status >> kib) return kib / 1024.0;
  }
  throw Error("cannot read /proc/self/status");
}

}  // namespace skald::bench

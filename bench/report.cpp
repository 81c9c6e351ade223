#include "report.hpp"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/utsname.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <thread>
#include <utility>

#include "librabbitmq.hpp"

namespace skald::bench {
namespace {

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) != 0) continue;
    const std::size_t colon = line.find(':');
    return colon == std::string::npos ? line : line.substr(colon + 2);
  }
  return "unknown";
}

double load_average() {
  std::ifstream file("/proc/loadavg");
  double load = 0;
  file >> load;
  return load;
}

const Row* find(const std::vector<Row>& rows, const std::string& name) {
  const auto found =
      std::find_if(rows.begin(), rows.end(), [&name](const Row& row) { return row.name == name; });
  return found == rows.end() ? nullptr : &*found;
}

// The share of the ceiling, measured in the same run; nothing when that was not measured.
std::optional<double> ratio(const std::vector<Row>& rows, const Row& row) {
  const Row* ceiling = row.held_against.empty() ? nullptr : find(rows, row.held_against);
  if (!ceiling) return std::nullopt;
  return row.per_second * row.work_each / (ceiling->per_second * ceiling->work_each);
}

std::string latency_text(const std::optional<Latency>& latency) {
  if (!latency) return "";
  return fmt::format("{:.2f} / {:.2f} / {:.2f} / {:.2f}", latency->p50, latency->p90, latency->p99,
                     latency->p999);
}

}  // namespace

Row make_row(std::string name, std::string unit, double work_each, std::vector<Sample> samples,
             std::string held_against) {
  std::sort(samples.begin(), samples.end(),
            [](const Sample& a, const Sample& b) { return a.per_second < b.per_second; });
  const Sample& median = samples[samples.size() / 2];
  Row row;
  row.name = std::move(name);
  row.unit = std::move(unit);
  row.per_second = median.per_second;
  row.work_each = work_each;
  row.latency = median.latency;
  row.note = median.note;
  row.held_against = std::move(held_against);
  row.lowest = samples.front().per_second;
  row.highest = samples.back().per_second;
  return row;
}

Latency latency_of(std::vector<double>& milliseconds) {
  std::sort(milliseconds.begin(), milliseconds.end());
  const auto at = [&milliseconds](double share) {
    const auto last = static_cast<double>(milliseconds.size() - 1);
    return milliseconds[static_cast<std::size_t>(share * last)];
  };
  return {at(0.50), at(0.90), at(0.99), at(0.999)};
}

Json describe_setting(double seconds, int repetitions, const std::string& directory,
                      const std::string& rabbitmq) {
  utsname system{};
  ::uname(&system);
  return {{"processor", processor()},
          {"cores", std::thread::hardware_concurrency()},
          {"system", fmt::format("{} {}", system.sysname, system.release)},
          {"load_at_start", load_average()},
          {"compiler", fmt::format("g++ {}", __VERSION__)},
          {"sqlite", sqlite3_libversion()},
          {"librabbitmq", amqp_version()},
          {"store", "WAL, synchronous=FULL"},
          {"payload_bytes", 300},
          {"seconds", seconds},
          {"repetitions", repetitions},
          {"directory", directory},
          {"broker", rabbitmq.empty() ? "none" : "given"}};
}

void print_table(std::ostream& out, const Json& setting, const std::vector<Row>& rows) {
  for (const auto& [name, value] : setting.items()) {
    out << fmt::format("{}: {}\n", name,
                       value.is_string() ? value.get<std::string>() : value.dump());
  }
  out << fmt::format("\n{:<46}{:>12} {:<12}{:>15}{:>38}  {}\n", "", "per second", "",
                     "lowest-highest", "p50 / p90 / p99 / p99.9 ms", "of its ceiling");
  for (const Row& row : rows) {
    const auto share = ratio(rows, row);
    const std::string spread = fmt::format("{:.0f}-{:.0f}", row.lowest, row.highest);
    const std::string held =
        share ? fmt::format("{:.2f} of {}", *share, row.held_against) : std::string{};
    out << fmt::format("{:<46}{:>12.0f} {:<12}{:>15}{:>38}  {}\n", row.name, row.per_second,
                       row.unit, spread, latency_text(row.latency), held);
    if (!row.note.empty()) out << fmt::format("{:<4}{}\n", "", row.note);
  }
}

Json to_json(const Json& setting, const std::vector<Row>& rows) {
  Json list = Json::array();
  for (const Row& row : rows) {
    Json entry{{"name", row.name},           {"unit", row.unit},     {"per_second", row.per_second},
               {"work_each", row.work_each}, {"lowest", row.lowest}, {"highest", row.highest}};
    if (row.latency) {
      entry["latency_ms"] = {{"p50", row.latency->p50},
                             {"p90", row.latency->p90},
                             {"p99", row.latency->p99},
                             {"p99.9", row.latency->p999}};
    }
    if (const auto share = ratio(rows, row)) {
      entry["ceiling"] = row.held_against;
      entry["ratio"] = *share;
    }
    if (!row.note.empty()) entry["note"] = row.note;
    list.push_back(std::move(entry));
  }
  return {{"format", 1}, {"setting", setting}, {"rows", std::move(list)}};
}

}  // namespace skald::bench
